#!/bin/bash
# A new K for cards in the field: made and sealed by the operator's server, sent through a network
# that loses, doubles and delays, kept by both ends until the card has proved it, handed to the HLR.
# No card is lost: whoever proved the new K attaches with it, and the old K opens nobody else.
set -u
. test/support/shell.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
bin=$(realpath "$BIN")
cards=${CARDS:-20}
smpp=$(free_port)
background_log=$work/log
cd "$work" || exit 1
db=(--db a.db --kek @a.kek)

power_on() { # FAULTS...
    background "$bin/uicc" fleet m --smpp "$smpp" --esme reseat:secret --control fleet.sock \
        --network A:00101:hlr.db --search 200 "$@"
    fleet_pid=$last_pid
    wait_for 60 "$bin/uicc" fleet ask fleet.sock status >/dev/null || fail "the fleet does not come up"
}
attached() { # all of them
    "$bin/uicc" fleet ask fleet.sock status | grep -qE "\"A\": ?$cards\\b"
}

expect 0 "cards are made" "$bin/uicc" make --out m --count "$cards" --slots 2 --plmn 00101
expect 0 "the HLR serves them" "$bin/opchange" activate --cards m/cards.csv --hlr hlr.db
expect 0 "the ledger takes them" "$bin/ota" card import m/cards.csv "${db[@]}"
power_on --seed 7 --loss 15 --double 10 --delay 150
check "they attach" 'wait_for 30 attached'
background "$bin/ota-server" "${db[@]}" --smpp "127.0.0.1:$smpp" --password secret
expect 0 "a campaign" "$bin/ota" campaign create k --method renew-k --all --timeout 1 --tries 20 \
    --start "${db[@]}"
expect 1 "an OTA key renewal beside it waits for its end" "$bin/ota" campaign create o \
    --method renew --all "${db[@]}"
expect 0 "it ends well" "$bin/ota" campaign watch k --timeout 120 "${db[@]}"
expect 0 "its report" "$bin/ota" campaign report k --csv "${db[@]}"
check "every card proved its new K" '[ "$(grep -c ",proved," <<<"$output")" -eq "$cards" ]'
check "which no report shows" '! grep -qE "[0-9A-Fa-f]{32}" <<<"$output"'
challenge=$("$bin/uicc" fleet ask fleet.sock challenge m/cards.csv)
check "the old K opens none of them" '[[ $challenge == *"\"accepted\": 0}"* ]]'

expect 1 "no such register" "$bin/ota" campaign activate k --hlr none.db "${db[@]}"
expect 2 "no register" "$bin/ota" campaign activate k "${db[@]}"
expect 0 "the HLR gets the keys" "$bin/ota" campaign activate k --hlr hlr.db "${db[@]}"
check "all of them" '[[ $output == "$cards proved keys handed over, 0 "* ]]'
expect 0 "and once more" "$bin/ota" campaign activate k --hlr hlr.db "${db[@]}"
kill "$fleet_pid"
wait "$fleet_pid" 2>/dev/null
power_on
check "every card attaches with its new K" 'wait_for 30 attached'

# As an operator change leaves the record of a card that another operator has taken since.
sqlite3 a.db "UPDATE cards SET owner = 1, imsi = '999700000000001' WHERE id = 1"
expect 0 "the HLR gets the keys of those that stayed" "$bin/ota" campaign activate k --hlr hlr.db "${db[@]}"
check "and tells of the other" '[[ $output == "$((cards - 1)) proved keys handed over, 1 moved away, 0 "* ]]'
check "whose subscriber is another operator's" \
    '[ "$(sqlite3 hlr.db "SELECT count(*) FROM subscriber WHERE imsi = 999700000000001")" = 0 ]'
finish
