#!/bin/bash
# sec_K3 and the paper run of 3b under kill -9: every command is killed at growing delays and
# started again until it says that its work is done. In the end no list is missing, no pair was
# given twice, and B serves every card.
set -u
. test/support/shell.sh

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
uicc=$(realpath "$BIN")/uicc
opchange=$(realpath "$BIN")/opchange
cd "$work" || exit 1
cards=100
kills=0

# A command that finished before it was killed says "exists already" or "replayed" when repeated.
killed_and_repeated() { # COMMAND...
    local delay
    for delay in 0.002 0.004 0.006 0.009 0.012 0.016 0.020 0.026 0.033 0.041 0.050; do
        "$@" >/dev/null 2>&1 &
        sleep "$delay"
        kill -9 $! 2>/dev/null && kills=$((kills + 1))
        wait $! 2>/dev/null
    done
    output=$("$@" 2>&1) && return 0
    grep -qE 'exists already|replayed' <<<"$output" && return 0
    echo "$output"
    return 1
}
step() { # TEXT COMMAND...
    local text=$1
    shift
    if killed_and_repeated "$@"; then check "$text" true; else check "$text" false; fi
}

"$uicc" make --out made --count $cards --slots 3 --plmn 00101 --operator A --seed 02 >/dev/null ||
    fail "uicc make"
for key in a.kek b.kek; do head -c 32 /dev/urandom >$key && chmod 600 $key; done
step "A is made" "$opchange" party init a --name A --role operator --plmn 00101
step "B is made" "$opchange" party init b --name B --role operator --plmn 00102
step "M is made" "$opchange" party init m --name M --role manufacturer
for pair in "a b" "b a" "b m" "m b"; do
    set -- $pair
    step "$1 trusts $2" "$opchange" party trust "$1" "$2/party.crt"
done
step "A takes its cards into service" "$opchange" activate --cards made/cards.csv --hlr hlr-a.db \
    --ledger a.db --kek @a.kek
step "B lists" "$opchange" list make --party b --to A --cards made/cards.csv \
    --first-imsi 001020000000001 --out imsis.cms
step "A runs" "$opchange" run imsis.cms --party a --ledger a.db --kek @a.kek --name move --detach
check "each card is planned once" '[ "$(sqlite3 a.db "SELECT count(*) FROM jobs")" = $cards ]'
sqlite3 a.db "UPDATE jobs SET state = 3"
step "A hands over" "$opchange" handover --party a --to B --campaign move --ledger a.db \
    --kek @a.kek --out moved.cms
step "B asks" "$opchange" request moved.cms --party b --to M --out ask.cms
step "M gives" "$opchange" issue ask.cms --party m --vault made/vault.db --out pairs.cms
step "B takes the cards into service" "$opchange" activate pairs.cms --party b --hlr hlr-b.db \
    --ledger b.db --kek @b.kek
check "B serves every card, each under an IMSI of its own" \
    '[ "$(sqlite3 hlr-b.db "SELECT count(DISTINCT s.imsi), count(DISTINCT a.k) FROM subscriber s
        JOIN auc_3g a ON a.subscriber_id = s.id")" = "$cards|$cards" ]'
check "B's OTA server has every card" '[ "$(sqlite3 b.db "SELECT count(*) FROM cards")" = $cards ]'
output=$("$opchange" status --vault made/vault.db)
check "every pair went out once, and the record of it is whole" \
    'grep -Eq "^offered +$cards$" <<<"$output" && grep -Eq "^free +$cards$" <<<"$output"'
check "each list has one number" '[ "$(sqlite3 b/party.db "SELECT group_concat(number || done) FROM sent
    ORDER BY receiver")" = 11,11 ] && [ "$(sqlite3 m/party.db "SELECT number, done FROM sent")" = "1|1" ]'
check "nothing is left staged" '[ -z "$(find . -name "*.staged")" ]'
check "commands were really killed" '[ $kills -ge 5 ]'
echo "$kills kills"
finish
