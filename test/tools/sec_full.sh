#!/bin/bash
# sec_C22: a card whose disk is full, or whose file may not grow: it says so (6581 or 6A84), lives
# on, keeps what it said it had, counts no PIN try that it could not write down, and goes on when there
# is room again. On a small tmpfs of its own, and under RLIMIT_FSIZE.
set -u
. test/support/shell.sh
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare --mount true 2>/dev/null; then
    OWN_MOUNTS=1 exec unshare --mount bash "$0"
fi

work=$(mktemp -d)
trap 'stop_all; [ -z "${OWN_MOUNTS:-}" ] || umount "$work/disk" 2>/dev/null; rm -rf "$work"' EXIT
"$BIN/uicc" make --out "$work/m" --plmn 00101 --slots 2 --pin1 1234 --adm1 3132333435363738 >/dev/null || fail "uicc make"
image=$(echo "$work"/m/*.card)
mkdir "$work/disk"

sw() { # HEX...: the status words
    "$BIN/apdu" send --raw --socket "$work/s" "$@" 2>&1 | grep -oE '[0-9A-F]{4}$' | tr '\n' ' '
}
adm=0020000A083132333435363738
ad=(00A4040C07A0000000871002 00A4000C026FAD) # EF.AD: ADM1 writes its 4 bytes, everybody reads
content() { # what the card holds where the test writes
    "$BIN/apdu" send --socket "$work/s" "${ad[@]}" 00B0000004 | tail -n 1
}
writes_again() { [[ $(sw $adm "${ad[@]}" 00D600000400000102) == *"9000 " ]]; }
power_on() { # COMMAND...: in front of uicc
    background "$@" "$BIN/uicc" run "$work/disk/card" --socket "$work/s"
    wait_for 10 test -S "$work/s" || fail "the card does not come up"
}
power_off() {
    kill "$last_pid"
    wait "$last_pid" 2>/dev/null
}

# Write until it does not work any more, all in one session: a right that was won stays.
fill_up() {
    local n status commands=($adm "${ad[@]}") first=${#ad[@]}
    for n in $(seq "$1"); do commands+=("00D6000004$(printf '%08X' "$n")"); done
    read -ra status <<<"$(sw "${commands[@]}")"
    for n in $(seq "$1"); do
        refusal=${status[first + n]:-none}
        [ "$refusal" = 9000 ] || return 0
        held="$(printf '%08X' "$n") 9000"
    done
    return 1
}

hold() { # WAY
    check "$1: the card says so ($refusal)" '[[ $refusal =~ ^(6581|6A84)$ ]]'
    check "$1: it is alive" 'kill -0 "$last_pid"'
    now=$(content)
    check "$1: it holds what it said ($held)" '[ "$now" = "$held" ]'
    tries=$(sw 00200001083030303030303030 00200001083030303030303030 00200001083030303030303030 \
        00200001083030303030303030)
    check "$1: no PIN can be guessed for nothing ($tries)" '[[ $tries != *"63C2 63C2"* ]]'
}

if [ -n "${OWN_MOUNTS:-}" ] && mount -t tmpfs -o size=80k disk "$work/disk" 2>/dev/null; then
    cp --sparse=always "$image" "$work/disk/card"
    power_on
    head -c 1M /dev/zero >"$work/disk/ballast" 2>/dev/null
    fill_up 600 || fail "the disk does not fill up"
    hold "a full disk"
    power_off
    power_on
    now=$(content)
    check "after a power cut it holds what it said" '[ "$now" = "$held" ]'
    power_off
    rm "$work/disk/ballast"
    power_on
    check "with room it goes on" writes_again
    power_off
    umount "$work/disk"
else
    echo "no tmpfs here: the full disk is left out"
fi

cp --sparse=always "$image" "$work/disk/card"
power_on prlimit --fsize=$(($(stat -c %b "$image") * 512 + 4096))
fill_up 600 || fail "the file does not reach its limit"
hold "a file that may not grow"
power_off
power_on
check "without the limit it goes on" writes_again
finish
