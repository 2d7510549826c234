#!/bin/bash
# A change of operator in a bad network: messages lost, doubled, late and out of order, handsets and
# the whole network losing power, the server killed. At the end no card stands between two
# operators, and whoever has a card can reach it (TR 33.812, alternative 3b).
set -u
. test/support/shell.sh

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
bin=$(realpath "$BIN")
cards=${CARDS:-40}
rounds=${ROUNDS:-4}
smpp=$(free_port)
background_log=$work/log
cd "$work" || exit 1
A=(--db a.db --kek @a.kek)

party() { # NAME ROLE [PLMN]
    expect 0 "party $1" "$bin/opchange" party init "$1" --name "$1" --role "$2" ${3:+--plmn "$3"}
}
power_on() { # the network, and everything in it
    background "$bin/uicc" fleet m --smpp "$smpp" --esme reseat:secret --control fleet.sock \
        --network A:00101:a-hlr.db --network B:00202:b-hlr.db --search 200 --seed "$1" \
        --loss 15 --double 10 --delay 150 --power-cut 10
    fleet_pid=$last_pid
    wait_for 60 "$bin/uicc" fleet ask fleet.sock status >/dev/null || fail "the fleet does not come up"
}
serve() {
    background "$bin/ota-server" "${A[@]}" --smpp "127.0.0.1:$smpp" --password secret
    server_pid=$last_pid
}
cut_power() { # PID
    kill -9 "$1"
    wait "$1" 2>/dev/null
}
status() { "$bin/uicc" fleet ask fleet.sock status 2>/dev/null; }
at() { status | grep -oE "\"$1\": ?[0-9]+" | grep -oE '[0-9]+$'; }

expect 0 "cards are made" "$bin/uicc" make --out m --count "$cards" --slots 4 --plmn 00101
party M manufacturer
party A operator 00101
party B operator 00202
for p in M A B; do
    for q in M A B; do
        [ $p = $q ] || expect 0 "$p trusts $q" "$bin/opchange" party trust $p $q/party.crt
    done
done
expect 0 "A serves the cards" "$bin/opchange" activate --cards m/cards.csv --hlr a-hlr.db
expect 0 "B begins" "$bin/opchange" activate --cards /dev/null --hlr b-hlr.db
expect 0 "A's ledger takes them" "$bin/ota" card import m/cards.csv "${A[@]}"
expect 0 "B's list" "$bin/opchange" list make --party B --to A --cards m/cards.csv \
    --first-imsi 002020000000001 --out list.cms
power_on 1
expect 0 "a campaign" "$bin/ota" campaign create move --method 3b --list list.cms --party A --timeout 1 \
    --tries 4 --rate $((cards / 4)) --start "${A[@]}"
for round in $(seq "$rounds"); do
    serve
    sleep "0.$((RANDOM % 6 + 3))"
    cut_power "$server_pid"
    cut_power "$fleet_pid"
    power_on $((round + 1))
done
serve
"$bin/ota" campaign watch move --timeout 120 "${A[@]}" >>log 2>&1
report=$("$bin/ota" campaign report move --csv "${A[@]}")
count() { grep -c ",$1," <<<"$report"; }
check "every card came to an end" '[ $(($(count proved) + $(count unknown) + $(count failed))) -eq "$cards" ]'
check "proofs came through" '[ "$(count proved)" -gt 0 ]'

expect 0 "hand-over" "$bin/opchange" handover --party A --to B --campaign move --ledger a.db --kek @a.kek \
    --out handover.cms
expect 0 "request" "$bin/opchange" request handover.cms --party B --to M --out request.cms
expect 0 "issue" "$bin/opchange" issue request.cms --party M --vault m/vault.db --out issue.cms
expect 0 "activation" "$bin/opchange" activate issue.cms --party B --hlr b-hlr.db
all_attached() { [ $(($(at A) + $(at B))) -eq "$cards" ]; }
check "every card is in service, at A or at B" 'wait_for 60 all_attached'
check "those that proved it are at B" '[ "$(at B)" -ge "$(count proved)" ]'
at_b=$(at B)
challenge=$("$bin/uicc" fleet ask fleet.sock challenge m/cards.csv)
check "the old K opens exactly those at A" \
    '[[ $challenge == *"\"refused\": $at_b,"*"\"accepted\": $((cards - at_b))}"* ]]'

kill "$fleet_pid" && wait "$fleet_pid"
mixed=0
for card in m/*.card; do
    shown=$("$bin/uicc" show "$card" --json | tr -d ' \n')
    case $shown in
    *'"imsi":"00101'*'"slot_in_force":1'* | *'"imsi":"00202'*'"slot_in_force":2'*) ;;
    *) mixed=$((mixed + 1)) ;;
    esac
done
check "no card stands between two operators" '[ "$mixed" -eq 0 ]'
twice=$(sqlite3 a.db "SELECT count(*) - count(DISTINCT card_id || '/' || key_index || '/' || counter) FROM sent")
check "no counter was taken twice" '[ "$twice" = 0 ]'
offered=$("$bin/opchange" status --vault m/vault.db --json | grep -oE '"offered": ?[0-9]+' | grep -oE '[0-9]+$')
check "one pair for each card handed over" '[ "$offered" -eq $(($(count proved) + $(count unknown))) ]'
finish
