#!/bin/bash
# `uicc make` and `uicc show`: the forms of the manual, what lies on disk afterwards, and what an
# interrupted or repeated make leaves alone.
set -u
. test/support/shell.sh

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
uicc=$BIN/uicc
field() { # file row(2..) column
    awk -F, -v r="$2" -v c="$3" 'NR == 1 {for (i = 1; i <= NF; i++) n[$i] = i} NR == r {print $n[c]}' "$1"
}

# --- one card with everything said ------------------------------------------------------------
one=$work/one
"$uicc" make --out "$one" --count 1 --slots 3 --plmn 00101 --iccid 8988211000000430010 \
    --imsi 001010123456789 --algorithm milenage --k 465b5ce8b199b49faa5f0a2ee238a6bc \
    --opc cd63cb71954a9f4e48a5994e37a02baf --kic 000102030405060708090A0B0C0D0E0F \
    --kid 101112131415161718191A1B1C1D1E1F --kik 202122232425262728292A2B2C2D2E2F \
    --adm1 4142434445464748 --pin1 4711 --puk1 12345678 --seed 00 --msisdn 491727911918
check "make exits 0" '[ $? -eq 0 ]'
card=$one/8988211000000430010.card
check "the card file is named by its ICCID" '[ -f "$card" ]'
check "card, list and vault are for the owner alone" \
    '[ "$(stat -c %a "$card" "$one/cards.csv" "$one/vault.db" "$one/vault.key" | sort -u)" = 600 ]'
check "the folder is for the owner alone" '[ "$(stat -c %a "$one")" = 700 ]'
check "nothing else is left" '[ "$(ls -A "$one" | wc -l)" -eq 4 ]'
check "the list has its columns" '[ "$(head -n 1 "$one/cards.csv")" = \
    iccid,imsi,msisdn,algorithm,k,opc,ota_algorithm,kic,kid,kik,index,adm1,pin1,puk1 ]'
check "the list says what was given" '[ "$(tail -n 1 "$one/cards.csv")" = "8988211000000430010,\
001010123456789,491727911918,milenage,465B5CE8B199B49FAA5F0A2EE238A6BC,\
CD63CB71954A9F4E48A5994E37A02BAF,aes,000102030405060708090A0B0C0D0E0F,\
101112131415161718191A1B1C1D1E1F,202122232425262728292A2B2C2D2E2F,1,4142434445464748,4711,12345678" ]'

show=$("$uicc" show "$card")
check "show tells the ICCID" 'grep -q "^ICCID  *8988211000000430010$" <<<"$show"'
check "show tells the IMSI" 'grep -q "^IMSI  *001010123456789$" <<<"$show"'
check "show tells three slots" '[ "$(grep -c "^slot " <<<"$show")" -eq 3 ]'
json=$("$uicc" show "$card" --json)
check "show --json is JSON" 'python3 -m json.tool <<<"$json" >/dev/null'
check "show --json tells the slots" '[ "$(python3 -c "
import json, sys
card = json.loads(sys.argv[1])
print(card[\"iccid\"], card[\"imsi\"], card[\"slot_in_force\"], [s[\"state\"] for s in card[\"slots\"]])
" "$json")" = "8988211000000430010 001010123456789 1 ['"'active', 'spare', 'spare'"']" ]'
check "show tells no key" '! grep -qiE "465b5ce8|cd63cb71|0001020304|1011121314|4142434445|4711" <<<"$show$json"'
check "keys of other slots are nowhere in the list" '[ "$(wc -l <"$one/cards.csv")" -eq 2 ]'
check "no key stands in the vault" \
    '! grep -qaiE "465b5ce8b199b49faa5f0a2ee238a6bc" "$one/vault.db" &&
     ! xxd -p "$one/vault.db" | tr -d "\n" | grep -q 465b5ce8b199b49faa5f0a2ee238a6bc'

# --- a repeated make --------------------------------------------------------------------------
before=$(sha256sum "$one"/* | sha256sum)
error=$("$uicc" make --out "$one" --iccid 8988211000000430010 2>&1)
check "a card that exists is not overwritten" '[ $? -eq 1 ] && [[ $error == *exists* ]]'
error=$("$uicc" make --out "$one" --iccid 8988211000000430010 --force 2>&1)
check "a pair that is in the vault is not replaced, even by force" '[ $? -eq 1 ] && [[ $error == *vault.db* ]]'
check "a refused make changes nothing" '[ "$(sha256sum "$one"/* | sha256sum)" = "$before" ]'
"$uicc" make --out "$one" --iccid 8988211000000430028 --imsi 001010123456790
check "more cards go into the same folder" '[ $? -eq 0 ] && [ "$(wc -l <"$one/cards.csv")" -eq 3 ]'
rm "$one/vault.db"
"$uicc" make --out "$one" --iccid 8988211000000430010 --force
check "force replaces a card and its row" '[ $? -eq 0 ] && [ "$(wc -l <"$one/cards.csv")" -eq 3 ] &&
    [ "$(grep -c ^8988211000000430010, "$one/cards.csv")" -eq 1 ]'

# --- batches ----------------------------------------------------------------------------------
"$uicc" make --out "$work/a" --count 20 --slots 2 --seed 0123456789abcdef
"$uicc" make --out "$work/b" --count 20 --slots 2 --seed 0123456789abcdef
"$uicc" make --out "$work/c" --count 20 --slots 2 --seed 0123456789abcdee
"$uicc" make --out "$work/d" --count 20 --slots 2
check "the same seed makes the same cards" 'cmp -s "$work/a/cards.csv" "$work/b/cards.csv"'
check "another seed makes others" '! cmp -s "$work/a/cards.csv" "$work/c/cards.csv"'
check "no seed makes others" '! cmp -s "$work/a/cards.csv" "$work/d/cards.csv"'
check "ICCIDs count up with check digits" \
    '[ "$(field "$work/a/cards.csv" 2 iccid) $(field "$work/a/cards.csv" 11 iccid)" = \
       "8999900000000000014 8999900000000000105" ]'
check "IMSIs count up" '[ "$(field "$work/a/cards.csv" 21 imsi)" = 001010000000020 ]'
check "no two cards share a key" \
    '[ "$(cut -d, -f5,6,8,9,10 "$work/d/cards.csv" | tail -n +2 | tr , "\n" | sort | uniq -d | wc -l)" -eq 0 ]'

"$uicc" make --out "$work/t" --algorithm tuak --ota 3des
check "tuak and 3des" '[ "$(field "$work/t/cards.csv" 2 algorithm) $(field "$work/t/cards.csv" 2 ota_algorithm)" = "tuak 3des" ]'
"$uicc" make --out "$work/short" --ota aes-cmac4 --seed 07
check "a short CC is in the list" '[ "$(field "$work/short/cards.csv" 2 ota_algorithm)" = aes-cmac4 ]'
"$uicc" make --out "$work/des" --ota des
check "DES for whoever names it" \
    '[ "$(field "$work/des/cards.csv" 2 ota_algorithm) $(field "$work/des/cards.csv" 2 kic | wc -c)" = "des 17" ]'
check "but not for keys that encrypt keys" '[ "$(field "$work/des/cards.csv" 2 kik | wc -c)" = 33 ]'
check "TOPc has 32 bytes" '[ "$(field "$work/t/cards.csv" 2 opc | wc -c)" -eq 65 ]'
"$uicc" make --out "$work/x" --algorithm xor --plmn 310410
check "xor has no OPc" '[ "$(field "$work/x/cards.csv" 2 algorithm):$(field "$work/x/cards.csv" 2 opc)" = xor: ]'
check "a network code of three digits" '[[ $(field "$work/x/cards.csv" 2 imsi) == 310410* ]]'

# --- secrets from elsewhere -------------------------------------------------------------------
echo 00112233445566778899AABBCCDDEEFF >"$work/k"
OPC=FFEEDDCCBBAA99887766554433221100 "$uicc" make --out "$work/e" --k "@$work/k" --opc env:OPC \
    --kid - <<<101112131415161718191A1B1C1D1E1F
check "keys from a file, the environment and standard input" \
    '[ "$(cut -d, -f5,6,9 "$work/e/cards.csv" | tail -n 1)" = \
00112233445566778899AABBCCDDEEFF,FFEEDDCCBBAA99887766554433221100,101112131415161718191A1B1C1D1E1F ]'

# --- profiles ---------------------------------------------------------------------------------
printf '# open to all\ntar B00001 = rfm-usim 06 PIN1\n' >"$work/low.profile"
output=$("$uicc" make --out "$work/low" --profile "$work/low.profile" 2>&1) && output="made: $output"
check "a profile below the least security level makes no card" \
    '[[ $output != made:* ]] && [ ! -e "$work/low/cards.csv" ]'
check "and hears which line and what the least is" \
    '[[ $output == *"low.profile: line 2: the least security level is 12"* ]]'
"$uicc" make --out "$work/p" --profile tools/profiles/m2m-5g.profile --seed 07
"$uicc" make --out "$work/q" --seed 07
check "the documented profile is the built-in one" \
    '[ "$("$uicc" show --json "$work"/p/*.card)" = "$("$uicc" show --json "$work"/q/*.card)" ]'
"$uicc" make --out "$work/s" --profile tools/profiles/m2m-5g-suci.profile
suci() { "$BIN/apdu" send --card "$work"/s/*.card 00A4040C07A0000000871002 8078000100 | tail -n 1; }
check "a card with a home network key conceals its identity" '[[ $(suci) == A136*9000 ]]'
check "and never twice alike" '[ "$(suci)" != "$(suci)" ]'
printf 'name = x\n\nservices = 300\n' >"$work/bad.profile"
error=$("$uicc" make --out "$work/r" --profile "$work/bad.profile" 2>&1)
check "a wrong profile is told by file and line" '[ $? -eq 1 ] && [[ $error == *bad.profile:\ line\ 3:* ]]'
check "and nothing is made" '[ ! -e "$work/r" ]'

# --- further keys -----------------------------------------------------------------------------
printf 'pin 0B = 5\npin 02 = 3 10\n' >"$work/keys.profile"
"$uicc" make --out "$work/kk" --profile "$work/keys.profile" --seed 07 --pin1 4711 \
    --key 0B=0102030405060708 --key 02=9876/11112222
verify() { "$BIN/apdu" send --card "$work"/kk/*.card "$@" | tail -n 1; }
check "an ADM key has its value" '[ "$(verify 0020000B080102030405060708)" = 9000 ]'
check "a second PIN has its value" '[ "$(verify 002000020839383736FFFFFFFF)" = 9000 ]'
check "and its UNBLOCK value" \
    '[ "$(verify 002C000210313131313232323238373635FFFFFFFF)" = 9000 ]'
error=$("$uicc" make --out "$work/kl" --key 0C=0102030405060708 2>&1)
check "a key that the profile lacks is refused" '[ $? -eq 1 ] && [[ $error == *--key* ]]'

# --- wrong usage ------------------------------------------------------------------------------
usage() { # what, options...
    local what=$1 error status
    shift
    error=$("$uicc" "$@" 2>&1)
    status=$?
    check "usage: $what" '[ $status -eq 2 ] && [ -n "$error" ]'
}
usage "no command"
usage "unknown command" forge
usage "no --out" make
usage "count 0" make --out "$work/u" --count 0
usage "sixteen slots" make --out "$work/u" --slots 16
usage "K is no hex" make --out "$work/u" --k xyz
usage "K of 15 bytes" make --out "$work/u" --k 00112233445566778899AABBCCDDEE
usage "PIN of 9 digits" make --out "$work/u" --pin1 123456789
usage "a key without a value" make --out "$work/u" --key 0B
usage "a key reference that is no hex" make --out "$work/u" --key XY=1234
usage "a PIN of letters" make --out "$work/u" --key 02=abcd
usage "an ADM key of digits" make --out "$work/u" --key 0B=1234
usage "IMSI of another network" make --out "$work/u" --plmn 00102 --imsi 001010000000001
usage "unknown algorithm" make --out "$work/u" --algorithm comp128
usage "show without a card" show
check "wrong usage makes nothing" '[ ! -e "$work/u" ]'
check "a secret is never in an error" '! "$uicc" make --out "$work/u" --k 99887766ZZ 2>&1 | grep -q 99887766'
check "help exits 0" '"$uicc" --help >/dev/null && "$uicc" make --help >/dev/null && "$uicc" show --help >/dev/null'
"$uicc" show "$work/nothing" 2>/dev/null
check "show of no card exits 1" '[ $? -eq 1 ]'
head -c 4096 /dev/urandom >"$work/noise"
"$uicc" show "$work/noise" 2>/dev/null
check "show of noise exits 1" '[ $? -eq 1 ]'

# --- interruption -----------------------------------------------------------------------------
"$uicc" make --out "$work/i" --count 200000 2>/dev/null &
pid=$!
wait_for 10 sh -c "ls '$work'/i/.make-*/*.card >/dev/null 2>&1"
kill -TERM $pid
wait $pid
check "an interrupted make exits 1" '[ $? -eq 1 ]'
check "and leaves no card and no list" '[ -z "$(find "$work/i" -name "*.card" -o -name "cards.csv")" ]'
"$uicc" make --out "$work/k9" --count 200000 2>/dev/null &
pid=$!
wait_for 10 sh -c "ls '$work'/k9/.make-*/*.card >/dev/null 2>&1"
kill -KILL $pid
wait $pid 2>/dev/null
check "a killed make leaves no card under its name" '! ls "$work"/k9/*.card >/dev/null 2>&1'
"$uicc" make --out "$work/k9" --count 2
check "the next make starts again" '[ $? -eq 0 ] && [ "$(ls "$work"/k9/*.card | wc -l)" -eq 2 ]'

finish
