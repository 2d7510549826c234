#!/bin/bash
# What a new user does wrong with any of the programs: the answer names the thing that is wrong, the
# exit status says failure (1) or wrong usage (2), and nothing is left half done.
set -u
. test/support/shell.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
bin=$(realpath "$BIN")
cd "$work" || exit 1
says() { case "$output" in *"$1"*) true ;; *) false ;; esac; }
into_full() { "$@" >/dev/full; } # standard output that takes nothing

"$bin/uicc" make --out m --count 2 --plmn 00101 --seed 00 || fail "no cards"
card=$(echo m/*14.card)
iccid=$(basename "$card" .card)
kek=000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F

# --- output that is lost is a failure --------------------------------------------------------------
"$bin/ota" card import m/cards.csv >/dev/null
for lost in "uicc --help" "uicc show $card" "apdu send --card $card 00A40004023F00" \
    "ota card list" "ota card list --json" "ota card show $iccid" "ota-server --dump-config" \
    "ota-server --help-config" "ota packet seal --spi 0000 --kic 00 --kid 00 --tar B00001 --cntr 1 \
    --data 00A40004023F00"; do
    # shellcheck disable=SC2086
    expect 1 "lost output of $lost" into_full "$bin/"$lost
    check "is said once" '[ "$(grep -c "standard output" <<<"$output")" = 1 ]'
done

# --- secrets of the configuration ------------------------------------------------------------------
printf '[ledger]\nkek = %s\n[smpp]\npassword = env:SMPP\n' $kek >secret.ini
SMPP=hunter2 expect 0 "a configuration with secrets" "$bin/ota-server" --config secret.ini --dump-config
check "does not tell the key" '! says 0102 && says "; kek is set"'
check "tells where the password is" '! says hunter2 && says "password = env:SMPP"'
printf '[smpp]\npassword = longer-than-8\n' >long.ini
expect 1 "a password that SMPP cannot carry" "$bin/ota-server" --config long.ini --check-config
check "is found by --check-config" 'says "more than 8 characters" && ! says longer'
expect 1 "a name as the source" "$bin/ota-server" --source shop --check-config
check "is no number" 'says "smpp.source"'

# --- tables of cards ---------------------------------------------------------------------------------
column() { head -n 1 m/cards.csv | tr , '\n' | grep -nx "$1" | cut -d: -f1; }
for key in k opc kic kid kik; do
    awk -F, -v OFS=, -v c="$(column $key)" 'NR == 3 {$c = "0011"} {print}' m/cards.csv >short.csv
    expect 1 "$key of two bytes" "$bin/ota" card import short.csv --db short.db --kek $kek
    check "is refused by its line" 'says "short.csv:3: a key of the wrong length"'
done
mkdir folder
expect 1 "a folder as a table" "$bin/ota" card import folder --db short.db --kek $kek
check "is named" 'says "folder: "'

# --- making cards ------------------------------------------------------------------------------------
echo text >file
for wrong in "--plmn 0010|--plmn: 5 or 6 digits" "--imsi 12|--imsi: 6 to 15 digits" \
    "--iccid 12345|--iccid: 18 digits" "--k 00|--k: 16 bytes" "--opc 00|--opc: 16 bytes" \
    "--kic 00|--kic: 16, 24 or 32 bytes" "--adm1 38|--adm1: 8 bytes" "--pin1 123|--pin1: 4 to 8" \
    "--puk1 1|--puk1: 8 digits" "--smsc shop|--smsc: digits" "--k zz|--k: pairs of hex digits" \
    "--k @none|--k: no such file" "--k env:NONE|--k: no such file or variable" \
    "--key 0B=00|--key: REF=VALUE"; do
    # shellcheck disable=SC2086
    expect 2 "make ${wrong%%|*}" "$bin/uicc" make --out wrong ${wrong%%|*}
    check "says what is wanted" "says '${wrong##*|}'"
done
for option in k opc kic adm1 pin1 puk1 plmn imsi iccid msisdn; do # a variable that is empty by mistake
    expect 2 "--$option of nothing" "$bin/uicc" make --out wrong --$option ""
done
check "no card was made" '[ ! -e wrong ]'
expect 1 "a folder as a profile" "$bin/uicc" make --out wrong --profile folder
expect 1 "no profile" "$bin/uicc" make --out wrong --profile none
check "is named" 'says "none: No such file"'
echo 'applet hello = F0AA000001 tar B00000' >applet.profile
expect 1 "an applet with the TAR of another" "$bin/uicc" make --out wrong --profile applet.profile
check "is the one that is refused" 'says "an applet of the profile is refused"'
rm -rf wrong
expect 1 "a file as the folder of the cards" "$bin/uicc" make --out file
check "is no folder" 'says "file: is no folder"'
expect 2 "two places for a card" "$bin/uicc" run "$card" --socket s --vpcd 35963

# --- commands to a card ------------------------------------------------------------------------------
expect 2 "a wrong command behind a good one" "$bin/apdu" send --card "$card" 00A40004023F00 00A4zz
check "keeps the good one from being sent" '! says 9000 && says "00A4zz"'
expect 2 "a long wrong command" "$bin/apdu" send --card "$card" "$(printf '0%.0s' {1..2001})"
check "is cut" '[ ${#output} -lt 200 ]'
long_line() { printf '00%.0s' {1..1200} | "$bin/apdu" send --card "$card" -; }
expect 1 "a line that is too long" long_line
check "is not taken for two" 'says "a line is too long"'
printf '> 00A40004023F00\n< 9000\n' >t.txt
expect 2 "replay with half a K" "$bin/apdu" replay t.txt --card "$card" --k 00
expect 2 "replay with no known algorithm" "$bin/apdu" replay t.txt --card "$card" --algorithm none
expect 2 "replay with an OPc and no K" "$bin/apdu" replay t.txt --card "$card" --opc $kek
expect 2 "decode with a key that is not there" "$bin/apdu" decode --kic-key @none t.txt
check "says so" 'says "--kic-key: no such file"'

# --- fleet ask ---------------------------------------------------------------------------------------
expect 0 "help of fleet ask" "$bin/uicc" fleet ask --help
expect 2 "a question that no fleet knows" "$bin/uicc" fleet ask none.sock weather
expect 2 "a challenge without a table" "$bin/uicc" fleet ask none.sock challenge
expect 1 "no fleet" "$bin/uicc" fleet ask none.sock status

# --- lists -------------------------------------------------------------------------------------------
"$bin/opchange" party init A --name A --role operator --plmn 00101
"$bin/opchange" party init B --name B --role operator --plmn 99970
"$bin/opchange" party trust A B/party.crt >/dev/null
"$bin/opchange" party trust B A/party.crt >/dev/null
list=("$bin/opchange" list make --party B --to A --first-imsi 999700000000001 --out l.cms)
{ cat m/cards.csv; tail -n 1 m/cards.csv; } >twice.csv
expect 1 "a card that stands in a table twice" "${list[@]}" --cards twice.csv
check "is refused before the list is sent" 'says "twice.csv:4: the card stands in the list twice" &&
    [ ! -e l.cms ]'
expect 2 "a validity that is no number" "${list[@]}" --cards m/cards.csv --days soon
expect 0 "the list itself" "${list[@]}" --cards m/cards.csv
expect 0 "is the first that A sees" "$bin/opchange" list check l.cms --party A
expect 0 "once more, after it was withdrawn" "${list[@]/l.cms/l2.cms}" --cards m/cards.csv

# --- nothing is left behind ------------------------------------------------------------------------
"$bin/opchange" activate --hlr hlr.db --cards m/cards.csv >/dev/null
expect 1 "an export onto a folder" "$bin/opchange" export --hlr hlr.db --format vty --out folder
check "leaves no keys beside it" '[ ! -e folder.staged ]'
export_all() { "$bin/opchange" export --hlr hlr.db --format vty --out - 2>/dev/null; }
expect 0 "an export to standard output" export_all
check "is the subscribers alone" 'says subscriber && ! says "left out" && [ ! -e - ]'
expect 1 "a wrong key file for a ledger that is there" "$bin/ota" card import m/cards.csv --kek @new.kek
check "is named" 'says "@new.kek: not found"'
check "is not made" '[ ! -e new.kek ]'
expect 1 "a wrong key file for a vault that is there" "$bin/uicc" make --out m \
    --iccid 899990000000000101 --kek @new.kek
check "is named" 'says "@new.kek: not found"'
check "is not made, and no card" '[ ! -e new.kek ] && [ "$(ls m/*.card | wc -l)" -eq 2 ]'
expect 1 "a vault without its key" "$bin/opchange" status --vault file
check "names the key file that it looked for" 'says "@vault.key: not found"'
expect 1 "a key that is none" "$bin/opchange" status --vault m/vault.db --kek 00112233
check "is not told" 'says "32 bytes in hex" && ! says 00112233'

# --- campaigns ---------------------------------------------------------------------------------------
expect 2 "a name of two lines" "$bin/ota" campaign create $'a\nb' --all --method query
expect 0 "a name of another language" "$bin/ota" campaign create "zürich 1" --all --method query
expect 0 "a renewal" "$bin/ota" campaign create k --all --method renew-k
expect 1 "an unproved card of another campaign" "$bin/ota" campaign activate k --hlr hlr.db \
    --unproved 8999900000000099999
check "is named" 'says "card 8999900000000099999 is none of campaign k"'

# --- a fleet that is asked what it cannot answer ---------------------------------------------------
background "$bin/uicc" fleet m --network A:00101:hlr.db --smpp 0 --control fleet.sock
wait_for 10 test -S fleet.sock || fail "no fleet"
expect 1 "a challenge with no table" "$bin/uicc" fleet ask fleet.sock challenge none
check "says why" 'says "not found"'
expect 1 "a challenge with a file that is no table" "$bin/uicc" fleet ask fleet.sock challenge t.txt
expect 0 "a challenge" "$bin/uicc" fleet ask fleet.sock challenge m/cards.csv
check "counts its cards" 'says "\"accepted\": 2"'
expect 0 "and the end" "$bin/uicc" fleet ask fleet.sock stop

# --- sockets -----------------------------------------------------------------------------------------
cp "$card" other.card
expect 1 "a card file where the socket should be" "$bin/uicc" run "$card" --socket other.card
check "is left as it is" 'cmp -s "$card" other.card && says "other.card: exists already"'
expect 1 "a card file as the control socket" "$bin/uicc" fleet m --smpp 0 --control other.card
check "is left, too" 'cmp -s "$card" other.card'
expect 1 "a card file where a recorder should listen" "$bin/apdu" record --card "$card" --out r.txt \
    --listen other.card
check "is left as well" '[ -s other.card ]'
expect 1 "a socket in no folder" "$bin/uicc" run "$card" --socket none/s
check "has no place" 'says "none/s: not found"'
background "$bin/uicc" run "$card" --socket s
wait_for 5 test -S s || fail "no card"
kill -9 "$last_pid"
wait_for 5 "$bin/uicc" show "$card" >/dev/null
background "$bin/uicc" run "$card" --socket s
check "a socket that a kill left is replaced" \
    'wait_for 5 "$bin/apdu" send --socket s 00A40004023F00 >/dev/null'
stop_all

# --- a full disk -------------------------------------------------------------------------------------
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    mkdir small
    on_small() { unshare -m bash -c 'mount -t tmpfs -o size=300k none small && "$0" "$@" && ls small/c' "$@"; }
    expect 1 "cards that do not fit" on_small "$bin/uicc" make --out small/c --count 50
    check "the disk is said to be full" 'says "small/c: the disk is full, no card was made"'
fi

finish
