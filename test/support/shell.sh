# shell.sh - for tests in bash: named checks, background programs that are stopped, free ports.
# BIN is the folder of the programs. A test ends with `finish`.

BIN=${BIN:-build/bin}
checks_passed=0 checks_failed=0
background_pids=()

# check TEXT CONDITION: evaluate the condition, count it.
check() {
    if eval "$2"; then
        checks_passed=$((checks_passed + 1))
    else
        checks_failed=$((checks_failed + 1))
        echo "FAILED: $1   [ $2 ]"
    fi
}

# expect STATUS TEXT COMMAND...: its output lands in $output.
expect() {
    local want=$1 text=$2 got
    shift 2
    output=$("$@" 2>&1)
    got=$?
    if [ "$got" -eq "$want" ]; then
        checks_passed=$((checks_passed + 1))
    else
        checks_failed=$((checks_failed + 1))
        echo "FAILED: $text: exit status $got, not $want: $*"
        echo "$output" | tail -n 20
    fi
}

finish() {
    echo "$checks_passed passed, $checks_failed failed"
    [ "$checks_failed" -eq 0 ] && [ "$checks_passed" -gt 0 ]
    exit
}

fail() {
    echo "FAILED: $*"
    checks_failed=$((checks_failed + 1))
    finish
}

# A test that cannot run here says why; test/run.sh counts it apart.
skip() {
    echo "SKIPPED: $*"
    exit 77
}

need_root() {
    [ "$(id -u)" -eq 0 ] || skip "$1"
}

# The rest of the script with a /run/pcscd of its own, so that any other pcscd may go on.
own_pcscd() {
    need_root "pcscd wants to own /run/pcscd"
    mkdir -p /run/pcscd
    if [ -z "${OWN_PCSCD:-}" ] && unshare --mount true 2>/dev/null; then
        OWN_PCSCD=1 exec unshare --mount bash "$0"
    fi
    [ -z "${OWN_PCSCD:-}" ] || mount -t tmpfs pcscd /run/pcscd
    [ ! -e /run/pcscd/pcscd.comm ] || skip "another pcscd is running"
}

background() {
    "$@" >>"${background_log:-/dev/null}" 2>&1 &
    background_pids+=($!)
    last_pid=$!
}

stop_all() {
    [ "${#background_pids[@]}" -eq 0 ] || kill "${background_pids[@]}" 2>/dev/null
    wait 2>/dev/null
    background_pids=()
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local until=$(($(date +%s%N) / 1000000 + $1 * 1000))
    shift
    until "$@" 2>/dev/null; do
        [ $(($(date +%s%N) / 1000000)) -lt "$until" ] || return 1
        sleep 0.05
    done
}

# A port that nobody listens on now, with the next one free, too.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 40000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null && continue
        echo "$port"
        return
    done
}

elapsed_ms() {
    local start
    start=$(date +%s%N)
    "$@" >/dev/null 2>&1
    echo $((($(date +%s%N) - start) / 1000000))
}

# start_reader WORK PORT: pcscd with two virtual readers (vpcd) on PORT and the next.
start_reader() {
    mkdir -p "$1/conf"
    cat >"$1/conf/vpcd" <<CONF
FRIENDLYNAME "Virtual PCD"
DEVICENAME   /dev/null:0x$(printf %X "$2")
LIBPATH      /usr/lib/pcsc/drivers/serial/libifdvpcd.so
CHANNELID    0x$(printf %X "$2")
CONF
    background pcscd --foreground --config "$1/conf/vpcd"
    wait_for 10 test -S /run/pcscd/pcscd.comm || fail "pcscd does not come up"
}
