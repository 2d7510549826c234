#!/bin/bash
# opchange on paper: manufacturer, operator A and operator B exchange their lists for 3b and 3a
# without any card (the ledger is told that the cards proved their change), and every way to cheat
# is refused. Judges of what is made: openssl cms, osmo-hlr.
set -u
. test/support/shell.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
uicc=$(realpath "$BIN")/uicc
opchange=$(realpath "$BIN")/opchange
cd "$work" || exit 1
field() { # file row(2..) column
    awk -F, -v r="$2" -v c="$3" 'NR == 1 {for (i = 1; i <= NF; i++) n[$i] = i} NR == r {print $n[c]}' "$1"
}
private() { [ "$(stat -c %a "$@" | sort -u)" = 600 ]; }
says() { case "$output" in *"$1"*) true ;; *) false ;; esac; }

# --- parties ---------------------------------------------------------------------------------
expect 0 "A is made" "$opchange" party init a --name A --role operator --plmn 00101
expect 0 "B is made" "$opchange" party init b --name B --role operator --plmn 00102
expect 0 "M is made" "$opchange" party init m --name M --role manufacturer
expect 0 "C is made" "$opchange" party init c --name C --role operator --plmn 00103
check "private keys are private" 'private a/party.key b/party.key m/party.key'
expect 1 "a party is made once" "$opchange" party init a --name A --role operator --plmn 00101
expect 2 "an operator needs a network" "$opchange" party init x --name X --role operator
expect 2 "a role must be one" "$opchange" party init x --name X --role king
expect 2 "options that are missing are told" "$opchange" party init x
for pair in "a b" "a m" "b a" "b m" "m a" "m b" "c a" "c b"; do
    set -- $pair
    expect 0 "$1 trusts $2" "$opchange" party trust "$1" "$2/party.crt"
done
check "trust shows the fingerprint" '[ "$(openssl x509 -in b/party.crt -outform DER | sha256sum |
    cut -c -64 | tr a-f A-F)" = "$(sed "s/.* //" <<<"$output")" ]'
expect 1 "a key is no certificate" "$opchange" party trust a b/party.key
expect 0 "show lists the peers" "$opchange" party show a --json
check "show is JSON" 'python3 -c "
import json, sys
p = json.loads(sys.stdin.read())
assert p[\"name\"] == \"A\" and [q[\"name\"] for q in p[\"peers\"]] == [\"B\", \"M\"]" <<<"$output"'

# --- the cards, in the hands of A ---------------------------------------------------------------
"$uicc" make --out made --count 3 --slots 3 --plmn 00101 --operator A --seed 01 >/dev/null ||
    fail "uicc make"
head -c 32 /dev/urandom >a.kek && head -c 32 /dev/urandom >b.kek && chmod 600 a.kek b.kek
expect 0 "A takes its cards into service" "$opchange" activate --cards made/cards.csv \
    --hlr hlr-a.db --ledger a.db --kek @a.kek
expect 0 "and once more, which changes nothing" "$opchange" activate --cards made/cards.csv \
    --hlr hlr-a.db --ledger a.db --kek @a.kek
check "A serves three subscribers" '[ "$(sqlite3 hlr-a.db "SELECT count(*) FROM auc_3g")" = 3 ]'
check "A's HLR has A's keys" '[ "$(sqlite3 hlr-a.db "SELECT upper(k) FROM auc_3g LIMIT 1")" = \
    "$(field made/cards.csv 2 k)" ]'
check "files with keys are private" 'private hlr-a.db a.db'

# --- B's list of new IMSIs -------------------------------------------------------------------------
expect 1 "B gives no IMSI of A's network" "$opchange" list make --party b --to A \
    --cards made/cards.csv --first-imsi 001010000000001 --out bad.cms
check "and says so" 'says "outside our networks"'
expect 1 "B sends to peers only" "$opchange" list make --party b --to Z --cards made/cards.csv \
    --first-imsi 001020000000001 --out bad.cms
expect 2 "the cards must be said" "$opchange" list make --party b --to A \
    --first-imsi 001020000000001 --out bad.cms
check "a list that failed leaves nothing" '[ ! -e bad.cms ] && [ ! -e bad.cms.staged ]'
expect 0 "B makes its list" "$opchange" list make --party b --to A --cards made/cards.csv \
    --first-imsi 001020000000001 --first-msisdn 882000000001 --spn "Operator B" --out imsis.cms
check "the list is private" 'private imsis.cms'
expect 0 "A accepts the list" "$opchange" list check imsis.cms --party a --rows
check "and sees its rows" \
    'says "$(field made/cards.csv 2 iccid),001020000000001,882000000001," && says "3 rows"'
expect 0 "the verdict comes as JSON" "$opchange" list check imsis.cms --party a --json
check "JSON says accepted" 'python3 -c "
import json, sys
assert json.loads(sys.stdin.read())[\"accepted\"]" <<<"$output"'
check "openssl decrypts and verifies it" \
    'openssl cms -decrypt -inform DER -binary -in imsis.cms -recip a/party.crt -inkey a/party.key \
        -out signed.der &&
     openssl cms -verify -inform DER -binary -in signed.der -certfile b/party.crt \
        -CAfile b/party.crt -purpose any -out text 2>/dev/null &&
     grep -q "^purpose: imsi-list$" text'

refused() { # text of the reason, file, party
    expect 1 "refused: $1" "$opchange" list check "$2" --party "$3"
    check "the reason is told: $1" 'says "refused" && says "'"$1"'"'
}
cp imsis.cms altered.cms
printf '\377' | dd of=altered.cms bs=1 seek=700 conv=notrunc 2>/dev/null
refused "altered" altered.cms a
refused "encrypted to somebody else" imsis.cms m
cut -d, -f1 made/cards.csv | tail -n +2 >iccids
expect 0 "C makes a list too" "$opchange" list make --party c --to A --iccids iccids \
    --first-imsi 001030000000001 --out stranger.cms
refused "signed by somebody else" stranger.cms a
expect 1 "no such list" "$opchange" list check none.cms --party a

# --- A runs it; no card is touched by a list that is refused ---------------------------------------
run() { "$opchange" run "$1" --party a --ledger a.db --kek @a.kek --name "$2" --detach; }
expect 1 "an altered list starts nothing" run altered.cms move
expect 1 "a stranger's list starts nothing" run stranger.cms move
check "no campaign is there" '[ "$(sqlite3 a.db "SELECT count(*) FROM campaigns")" = 0 ]'
expect 0 "A starts the campaign" run imsis.cms move
check "three jobs are planned" '[ "$(sqlite3 a.db "SELECT count(*), min(to_index) FROM jobs")" = "3|2" ]'
expect 0 "a run that was cut short goes on" run imsis.cms move
check "and nothing is planned twice" '[ "$(sqlite3 a.db "SELECT count(*) FROM jobs")" = 3 ]'
expect 1 "a replayed list starts no other campaign" run imsis.cms again
check "the reason is told" 'says "replayed"'
refused "replayed" imsis.cms a

# --- hand-over: only what proved -------------------------------------------------------------------
handover() {
    "$opchange" handover --party a --to B --campaign move --ledger a.db --kek @a.kek --out "$1"
}
expect 1 "nothing has moved yet" handover moved.cms
sqlite3 a.db "UPDATE jobs SET state = 3 WHERE id <= 2"
expect 0 "A hands over what moved" handover moved.cms
check "two of three" 'says "2 cards for B, 1 have not moved"'
openssl cms -decrypt -inform DER -binary -in moved.cms -recip b/party.crt -inkey b/party.key \
    -out signed.der
check "no key is in a hand-over of 3b" '! grep -aqi "$(field made/cards.csv 2 k)" signed.der &&
    grep -aq "^$(field made/cards.csv 2 iccid),001020000000001,882000000001,2,,," signed.der'

# --- B asks, M gives, each pair once ----------------------------------------------------------------
expect 1 "a hand-over is no key request" "$opchange" issue moved.cms --party b --vault made/vault.db \
    --out x.cms
expect 0 "B asks for the pairs" "$opchange" request moved.cms --party b --to M --out ask.cms
expect 1 "a hand-over counts once" "$opchange" request moved.cms --party b --to M --out ask2.cms
expect 0 "M gives them" "$opchange" issue ask.cms --party m --vault made/vault.db --out pairs.cms
check "two pairs" 'says "2 pairs for B, 0 refused"'
expect 0 "M gives the same again to the same request" "$opchange" issue ask.cms --party m \
    --vault made/vault.db --out pairs2.cms
expect 1 "but overwrites no list" "$opchange" issue ask.cms --party m --vault made/vault.db \
    --out pairs2.cms
expect 0 "M's vault stands" "$opchange" status --vault made/vault.db --json
check "M's books agree" 'python3 -c "
import json, sys
v = json.loads(sys.stdin.read())[\"vault\"]
assert (v[\"cards\"], v[\"free\"], v[\"offered\"], v[\"used\"], v[\"audit_lines\"]) == (3, 4, 2, 3, 9)
" <<<"$output"'
check "A gets nothing that it was not to get" \
    '! openssl cms -decrypt -inform DER -binary -in pairs.cms -recip a/party.crt \
        -inkey a/party.key -out /dev/null 2>/dev/null'

# --- B serves ----------------------------------------------------------------------------------
activate() {
    "$opchange" activate "$1" --party b --hlr hlr-b.db --ledger b.db --kek @b.kek --out b.csv
}
cp pairs.cms broken.cms
mv pairs2.cms pairs.cms # the first answer is lost
printf '\377' | dd of=broken.cms bs=1 seek=800 conv=notrunc 2>/dev/null
expect 1 "altered pairs are refused" activate broken.cms
expect 1 "the second answer alone leaves a gap" activate pairs.cms
check "the reason is told" 'says "a list before this one"'
expect 0 "B says that the first answer is withdrawn" "$opchange" activate pairs.cms --party b \
    --hlr hlr-b.db --ledger b.db --kek @b.kek --out b.csv --allow-gap
check "B serves two" 'says "2 cards in service" &&
    [ "$(sqlite3 hlr-b.db "SELECT imsi, msisdn FROM subscriber WHERE id = 1")" = \
        "001020000000001|882000000001" ]'
check "under other keys than A's" '[ -n "$(field b.csv 2 k)" ] &&
    [ "$(field b.csv 2 k)" != "$(field made/cards.csv 2 k)" ] && [ "$(field b.csv 2 index)" = 2 ] &&
    [ "$(sqlite3 hlr-b.db "SELECT upper(k) FROM auc_3g WHERE subscriber_id = 1")" = \
        "$(field b.csv 2 k)" ]'
check "B's OTA server has them" '[ "$(sqlite3 b.db "SELECT count(*), min(key_index) FROM cards")" = "2|2" ]'
check "what B wrote is private" 'private hlr-b.db b.db b.csv'
expect 1 "a replayed answer is refused" activate pairs.cms
expect 0 "B's state" "$opchange" status --party b --hlr hlr-b.db
check "one is still to come" 'grep -Eq "^listed +1$" <<<"$output" && grep -Eq "^active +2$" <<<"$output"'

# --- seen, confirmed, settled ------------------------------------------------------------------------
confirm() { "$opchange" confirm --party b --hlr hlr-b.db --to "$1" --out "$2"; }
expect 1 "nothing is confirmed before it was seen" confirm A seen-a.cms
sqlite3 hlr-b.db "UPDATE subscriber SET last_lu_seen = datetime('now')"
expect 0 "B confirms to A" confirm A seen-a.cms
expect 0 "B confirms to M" confirm M seen-m.cms
expect 0 "A deletes what went" "$opchange" settle seen-a.cms --party a --hlr hlr-a.db \
    --cards made/cards.csv
check "A serves one" '[ "$(sqlite3 hlr-a.db "SELECT count(*) FROM auc_3g")" = 1 ]'
expect 0 "M burns A's pairs" "$opchange" settle seen-m.cms --party m --vault made/vault.db
expect 0 "M's vault stands" "$opchange" status --vault made/vault.db
check "two are burnt" 'grep -Eq "^burnt +2$" <<<"$output" && grep -Eq "^used +3$" <<<"$output"'

# --- other cores -------------------------------------------------------------------------------
for format in open5gs srsran vty; do
    expect 0 "export for $format" "$opchange" export --hlr hlr-b.db --format $format --out "b.$format"
    check "$format has both subscribers" '[ "$(grep -c 00102000000000 b.'$format')" -ge 2 ] && private b.'$format
done
expect 2 "there is no such core" "$opchange" export --hlr hlr-b.db --format x --out x

# --- 3a: the keys go from A to B ------------------------------------------------------------------
sqlite3 hlr-a.db "UPDATE auc_3g SET sqn = 640"
tail -n 1 iccids >last
expect 0 "B's list for 3a" "$opchange" list make --party b --to A --iccids last \
    --first-imsi 001020000000009 --alternative 3a --out imsis3a.cms
sqlite3 a.db "UPDATE jobs SET state = 5 WHERE id = 3"
expect 0 "A starts it" run imsis3a.cms move3a
sqlite3 a.db "UPDATE jobs SET state = 3 WHERE id = 4; UPDATE cards SET counter = 17, owner = 1,
    imsi = '001020000000009' WHERE id = (SELECT card_id FROM jobs WHERE id = 4)"
expect 0 "A hands over, with keys" "$opchange" handover --party a --to B --campaign move3a \
    --ledger a.db --kek @a.kek --hlr hlr-a.db --out moved3a.cms
expect 1 "keys of 3a are not asked of M" "$opchange" request moved3a.cms --party b --to M --out x.cms
expect 0 "B takes the card into service" activate moved3a.cms
check "K is A's, SQN and counter go on" \
    '[ "$(field b.csv 2 k)" = "$(field made/cards.csv 4 k)" ] &&
     [ "$(field b.csv 2 counter)" = 17 ] && [ "$(field b.csv 2 imsi)" = 001020000000009 ] &&
     [ "$(sqlite3 hlr-b.db "SELECT sqn FROM auc_3g ORDER BY subscriber_id DESC LIMIT 1")" = 640 ] &&
     [ "$(sqlite3 b.db "SELECT counter, key_index FROM cards ORDER BY id DESC LIMIT 1")" = "17|1" ]'

# --- a hand-over of cards that B never asked for ------------------------------------------------------
sqlite3 b/party.db "UPDATE assignment SET imsi = '001020000000077', stage = 1, idx = 0
    WHERE iccid = '$(head -n 1 iccids)'"
expect 0 "A hands over once more" handover moved-again.cms
expect 1 "B takes no IMSI that it did not assign" "$opchange" request moved-again.cms --party b \
    --to M --out x.cms
check "the reason is told" 'says "another IMSI"'

# --- a list of yesterday ---------------------------------------------------------------------------
expect 0 "A lets C in" "$opchange" party trust a c/party.crt
expect 0 "C makes a list that ends at once" "$opchange" list make --party c --to A --iccids iccids \
    --first-imsi 001030000000011 --days 0 --out short.cms
sleep 1.5
refused "expired" short.cms a

# --- osmo-hlr serves what B wrote ----------------------------------------------------------------
if command -v osmo-hlr >/dev/null && command -v python3 >/dev/null; then
    printf 'line vty\n bind 127.0.0.14\nctrl\n bind 127.0.0.14\nhlr\n gsup\n  bind ip 127.0.0.14\n' \
        >hlr.cfg
    background osmo-hlr -c hlr.cfg -l hlr-b.db
    python3 - <<'END' >vty.txt
import socket, time
for attempt in range(50):
    try:
        s = socket.create_connection(("127.0.0.14", 4258))
        break
    except OSError:
        time.sleep(0.1)
def until(prompt):
    out = b""
    while prompt not in out:
        out += s.recv(4096)
    return out
s.settimeout(10)
until(b"> ")
s.sendall(b"enable\r\n")
until(b"# ")
s.sendall(b"subscriber imsi 001020000000001 show\r\n")
out = until(b"# ")
print(out.decode(errors="replace"))
END
    check "osmo-hlr knows the subscriber" 'grep -q "MSISDN: 882000000001" vty.txt &&
        grep -q "3G auth: MILENAGE" vty.txt'
fi

for command in party list run handover request issue activate confirm settle export status; do
    expect 0 "$command --help" "$opchange" $command --help
done
expect 0 "--help" "$opchange" --help
expect 2 "no command" "$opchange"
expect 2 "no such command" "$opchange" nonsense
finish
