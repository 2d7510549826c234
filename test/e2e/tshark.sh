#!/bin/bash
# Wireshark's dissector of SIM commands, which we did not write, on every session of test/traces/
# as GSMTAP packets: nothing malformed, and what it reads is what the card said.
set -u
. test/support/shell.sh
. test/support/corpus.sh
output=
command -v tshark >/dev/null || skip "no tshark"

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT

make_corpus_cards

# packets NAME: the session of that name, of a fresh card, as NAME.pcap.
packets() {
    local made
    made=$work/$(made_for "$1")
    cp "$made"/*.card "$work/card"
    background "$BIN/apdu" record --card "$work/card" --listen "$work/socket" --out "$work/$1.pcap"
    wait_for 10 test -S "$work/socket" || fail "the recorder does not come up"
    expect 0 "$1 replays" "$BIN/apdu" replay "test/traces/$1.apdu" --socket "$work/socket" \
        --values "$made/cards.csv"
    kill "$last_pid"
    wait "$last_pid"
    rm -f "$work/socket"
}

# Packets of NAME that a display filter finds.
found() {
    tshark -r "$work/$1.pcap" -Y "$2" 2>/dev/null
}

# The dissector takes as many bytes of an answer as Le says, or a success would have: of a command
# that was refused, or whose answer waits, there are none, and that is no fault of the packet.
malformed() {
    tshark -r "$work/$1.pcap" -Y _ws.malformed -T fields -e udp.payload 2>/dev/null |
        grep -E "9[01]..$"
}

for trace in test/traces/*.apdu; do
    name=$(basename "$trace" .apdu)
    packets "$name"
    check "$name: tshark sees SIM commands" '[ "$(found "$name" gsm_sim | wc -l)" -gt 9 ]'
    check "$name: nothing malformed" '[ -z "$(malformed "$name")" ]'
done
usim=a0:00:00:00:87:10:02
check "it knows the USIM by its name" '[ -n "$(found startup_modem_lte "gsm_sim.aid contains $usim")" ]'
check "it finds good endings" '[ -n "$(found startup_phone_5g "gsm_sim.apdu.sw == 0x9000")" ]'
finish
