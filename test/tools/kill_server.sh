#!/bin/bash
# ota-server killed (-9) again and again in the middle of a campaign, over a real SMS centre with
# real cards: at the end every card has proved its change, and was changed once; no counter was
# taken twice; a second server is refused; an orderly stop is told from a crash.
set -u
. test/support/shell.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
bin=$(realpath "$BIN")
cards=${CARDS:-60}
kills=${KILLS:-8}
port=$(free_port)
cd "$work" || exit 1
db=(--db a.db --kek @a.kek)
export background_log=$work/log # where shell.sh puts what the servers say

expect 0 "cards are made" "$bin/uicc" make --out m --count "$cards" --slots 4 --plmn 00101
expect 0 "A serves them" "$bin/opchange" activate --cards m/cards.csv --hlr a-hlr.db
expect 0 "A's ledger takes them" "$bin/ota" card import m/cards.csv "${db[@]}"
expect 0 "and once more" "$bin/ota" card import m/cards.csv "${db[@]}"
check "without change" '[[ $output == "0 cards imported, $cards were there" ]]'
background "$bin/uicc" fleet m --smpp "$port" --esme reseat:secret --network A:00101:a-hlr.db \
    --control fleet.sock
attached() { "$bin/uicc" fleet ask fleet.sock status | grep -q "\"A\": *${cards}[,}]"; }
wait_for 60 attached || fail "the fleet does not come up"

awk -F, 'NR == 1 {print "iccid,imsi"} NR > 1 {printf "%s,00202%010d\n", $1, NR}' m/cards.csv >new.csv
expect 0 "a campaign" "$bin/ota" campaign create move --method 3b --csv new.csv --timeout 2 --tries 30 \
    --rate $((cards / 3)) --start "${db[@]}"
expect 1 "its name is taken" "$bin/ota" campaign create move --method 3b --csv new.csv "${db[@]}"
expect 1 "its cards are taken" "$bin/ota" campaign create again --method 3b --csv new.csv "${db[@]}"
check "with the reason" '[[ $output == *"another change of the card has not ended"* ]]'

serve() {
    background "$bin/ota-server" "${db[@]}" --smpp "127.0.0.1:$port" --password secret
}
for _ in $(seq "$kills"); do
    serve
    sleep "0.$((RANDOM % 7 + 2))"
    kill -9 "$last_pid"
    wait "$last_pid" 2>/dev/null
done
mv log log.killed
serve
server=$last_pid
wait_for 10 grep -q event=serving log
check "the crash was seen" 'grep -q "start=\"counters skipped\"" log'
expect 1 "a second server is refused" timeout 10 "$bin/ota-server" "${db[@]}" --smpp "127.0.0.1:$port" \
    --password secret
check "with the reason" '[[ $output == *"another ota-server serves it"* ]]'

expect 0 "every card proves its change" "$bin/ota" campaign watch move --timeout 120 "${db[@]}"
expect 0 "the report" "$bin/ota" campaign report move --csv "${db[@]}"
report=$output
check "names each card once" '[ "$(grep -c ",proved," <<<"$output")" -eq "$cards" ]'
twice=$(sqlite3 a.db "SELECT count(*) - count(DISTINCT card_id || '/' || key_index || '/' || counter) FROM sent")
check "no counter was taken twice" '[ "$twice" = 0 ]'
low=$(sqlite3 a.db "SELECT count(*) FROM sent s JOIN cards c ON c.id = s.card_id WHERE s.counter > c.counter")
check "none is above the card's last" '[ "$low" = 0 ]'
check "each went one slot on" '[ "$(grep -c "\"slot 2, " <<<"$report")" -eq "$cards" ]'

kill "$server"
wait "$server"
check "an orderly stop ends well" '[ $? -eq 0 ]'
expect 0 "the next start" timeout --preserve-status 2 "$bin/ota-server" "${db[@]}" --smpp "127.0.0.1:$port" \
    --password secret
check "is a clean one" '[[ $output == *"start=clean"* ]]'
for key in $(awk -F, 'NR > 1 {print $5; print $8; print $9}' m/cards.csv | head -n 30); do
    grep -qi "$key" log log.killed && fail "a key stands in the log"
done
finish
