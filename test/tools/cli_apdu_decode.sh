#!/bin/bash
# `apdu decode`: words for people, JSON for programs, pipes, bad input; and tshark as the judge of
# the packets that `apdu record` writes (GSMTAP, TS 51.011, TS 102 221).
set -u
. test/support/shell.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
apdu=$(realpath "$BIN")/apdu
traces=test/traces

"$BIN/uicc" make --out "$work/m" --seed 1D --plmn 00101 --slots 3 >/dev/null || fail "uicc make"
card=$(echo "$work"/m/*.card)
row=$(tail -n 1 "$work/m/cards.csv")
kic=$(cut -d, -f8 <<<"$row") kid=$(cut -d, -f9 <<<"$row")

# --- for people ----------------------------------------------------------------------------------
expect 0 "a start-up is explained" "$apdu" decode "$traces/startup_modem_lte.apdu"
check "IMSI in words" 'grep -q "EF.IMSI: 001010000000001" <<<"$output"'
check "services in words" 'grep -q "service: 28 SMS-PP data download" <<<"$output"'
check "no colours in a file" '! grep -q $'"'"'\033'"'"' <<<"$output"'
check "no key in sight" 'grep -q "CK and IK: (32 bytes, not shown)" <<<"$output"'
expect 0 "colours when told" "$apdu" decode --color always "$traces/toolkit.apdu"
check "there are colours" 'grep -q $'"'"'\033'"'"' <<<"$output"'
expect 0 "one line each" "$apdu" decode --brief "$traces/pin_session.apdu"
check "as many lines as events" \
    '[ "$(wc -l <<<"$output")" -eq "$(grep -cE "^(>|#|!)" "$traces/pin_session.apdu")" ]'
check "PINs stay hidden" '! "$apdu" decode "$traces/pin_session.apdu" | grep -qi "32343638ffffffff"'
check "unless told" '"$apdu" decode --secrets "$traces/pin_session.apdu" | grep -qi "32343638ffffffff"'

# --- packets of the air --------------------------------------------------------------------------
expect 0 "packets without keys" "$apdu" decode "$traces/operator_change_3b.apdu"
check "headers only" 'grep -q "TAR: BFFF00 operator change" <<<"$output" && ! grep -q "slot in force" <<<"$output"'
expect 0 "packets with keys" "$apdu" decode --kic-key "$kic" --kid-key "$kid" \
    "$traces/operator_change_3b.apdu"
check "the command" 'grep -q "operator change: CHANGE" <<<"$output"'
check "the proof" 'grep -q "slot in force: 2" <<<"$output" && grep -q "authenticated: yes" <<<"$output"'
echo "$kic" >"$work/key"
expect 0 "a key from a file" "$apdu" decode --kic-key "@$work/key" --kid-key "$kid" "$traces/ota_rfm.apdu"
check "a script's commands" 'grep -q "SELECT: MF/EF.ICCID" <<<"$output"'
check "a packet in two messages" 'grep -q "part 1 of 2" <<<"$output"'
expect 2 "a key that is none" "$apdu" decode --kic-key XY "$traces/toolkit.apdu"

# --- for programs ---------------------------------------------------------------------------------
expect 0 "JSON" "$apdu" decode --json "$traces/startup_phone_5g.apdu"
check "with the bytes of each exchange" \
    'grep -q "\"command\":\"00A40004023F00\",\"response\":\"612F\"" <<<"$output"'
check "one object a line" '! grep -vq "^{\"place\":.*}$" <<<"$output"'
if command -v python3 >/dev/null; then
    check "every line is JSON" \
        'python3 -c "import sys,json; [json.loads(l) for l in sys.stdin]" <<<"$output"'
fi
check "standard input" '[ "$("$apdu" decode <"$traces/toolkit.apdu" | wc -l)" -gt 10 ]'
check "a closed pipe is no fuss" \
    '"$apdu" decode "$traces/startup_modem_lte.apdu" 2>"$work/err" | head -n 1 >/dev/null; [ ! -s "$work/err" ]'
# what comes out of a slow pipe comes out at once
{
    printf '> 80F2000C00\n< 9000\n'
    sleep 3
} | "$apdu" decode - >"$work/live" &
check "lines appear when they happen" 'wait_for 2 grep -q STATUS "$work/live"'
wait

# --- bad input ------------------------------------------------------------------------------------
printf '> 00A4\n< 6700\n> 0Z\n' >"$work/bad"
expect 1 "bad hex" "$apdu" decode "$work/bad"
check "says where" 'grep -q "3: malformed input" <<<"$output"'
expect 1 "no such file" "$apdu" decode "$work/nothing"
head -c 100 /dev/zero | tr '\0' '\324' >"$work/zero"
expect 0 "bytes that are no trace are notes" "$apdu" decode "$work/zero"
check "and reach no terminal raw" '! LC_ALL=C grep -q "$(printf "\324")" <<<"$output"'
expect 2 "an unknown option" "$apdu" decode --nonsense

# --- packets, judged by tshark ----------------------------------------------------------------------
record() { # FILE: the session of a trace, through the recorder
    cp "$card" "$work/card"
    background "$apdu" record --card "$work/card" --listen "$work/socket" --out "$1"
    wait_for 5 test -S "$work/socket" || fail "apdu record does not listen"
    "$apdu" replay "$2" --socket "$work/socket" --values "$work/m/cards.csv" >/dev/null
    kill "$last_pid"
    wait "$last_pid"
}
for format in pcap pcapng; do
    record "$work/t.$format" "$traces/startup_phone_5g.apdu"
    expect 0 "$format decodes" "$apdu" decode --brief "$work/t.$format"
    check "$format has the session" 'grep -q "READ BINARY EF.IMSI" <<<"$output"'
    check "$format has times" 'grep -qE " [0-9]{10}\.[0-9]{6}" <<<"$output"'
    if command -v tshark >/dev/null; then
        packets=$(tshark -r "$work/t.$format" 2>/dev/null | wc -l)
        check "tshark: every packet is gsm_sim" \
            '[ "$packets" -gt 50 ] && [ "$(tshark -r "$work/t.$format" -Y gsm_sim 2>/dev/null | wc -l)" -eq "$packets" ]'
        check "tshark: no packet is malformed" \
            '! tshark -r "$work/t.$format" -V 2>/dev/null | grep -q "Malformed"'
        check "tshark: the IMSI" 'tshark -r "$work/t.$format" -V 2>/dev/null | grep -q "READ BINARY"'
    fi
done
record "$work/t.pcapng" "$traces/operator_change_3b.apdu"
if command -v tshark >/dev/null; then
    check "tshark: toolkit and SMS of an operator change" \
        '! tshark -r "$work/t.pcapng" -V 2>/dev/null | grep -q "Malformed"'
fi
finish
