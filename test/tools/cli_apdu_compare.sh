#!/bin/bash
# `apdu compare`: a card with itself, with one of another profile, and a profile learnt from a
# card that makes cards of the same look.
set -u
. test/support/shell.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
apdu=$(realpath "$BIN")/apdu

cat >"$work/plain.profile" <<'PROFILE'
name = plain
services = 12 19 27 28 33 38 42 43 85
files = services
sim-mode = no
size 7FFF/6F61 = 40
content 7FFF/6F46 = 014163
PROFILE
make() { "$BIN/uicc" make --out "$work/$1" --seed "$2" --plmn 00101 "${@:3}" >/dev/null || fail "uicc make $1"; }
make one 01
make two 02
make plain 03 --profile "$work/plain.profile"
one=$(echo "$work"/one/*.card) two=$(echo "$work"/two/*.card) plain=$(echo "$work"/plain/*.card)

expect 0 "cards of one profile are alike" "$apdu" compare --card "$one" --card "$two"
check "every probe, too" '[[ $output =~ ([0-9]+)\ of\ ([0-9]+)\ probes\ alike,\ 0\ differences ]] &&
    [ "${BASH_REMATCH[1]}" -eq "${BASH_REMATCH[2]}" ] && [ "${BASH_REMATCH[1]}" -gt 40 ]'
check "many files were seen" '[[ $output =~ ([0-9]+)\ of\ [0-9]+\ files ]] && [ "${BASH_REMATCH[1]}" -gt 80 ]'

expect 1 "another profile differs" "$apdu" compare --card "$one" --card "$plain"
check "a file that is missing" 'grep -q "^file .*ADF.USIM/EF.PNN: there | missing" <<<"$output"'
check "another size" 'grep -q "^size .*ADF.USIM/EF.OPLMNwAcT: 60 | 40" <<<"$output"'
check "no SIM mode" 'grep -q "^behaviour .*class A0.*6E00" <<<"$output"'
expect 1 "contents when asked" "$apdu" compare --contents --card "$one" --card "$plain"
check "the name of the provider" 'grep -q "^content .*EF.SPN: .* | 014163" <<<"$output"'
expect 1 "JSON" "$apdu" compare --json --card "$one" --card "$plain"
check "one object a line" '! grep -vq "^{.*}$" <<<"$output"'

before=$(sha256sum "$one")
expect 0 "a profile is learnt" "$apdu" compare --card "$plain" --learn "$work/learnt.profile"
check "without identity or keys" '! grep -qE "6F07|2FE2|6F08|4F20" <<<"$(grep ^content "$work/learnt.profile")"'
make learnt 04 --profile "$work/learnt.profile"
expect 0 "cards of the learnt profile look the same" \
    "$apdu" compare --card "$plain" --card "$work"/learnt/*.card
check "with what is in the operator's files" \
    '"$apdu" compare --contents --card "$plain" --card "$work"/learnt/*.card | grep -qv "EF.SPN"'
check "nothing was written to a card" '[ "$before" = "$(sha256sum "$one")" ]'

background "$BIN/uicc" run "$two" --socket "$work/socket"
wait_for 5 test -S "$work/socket" || fail "uicc run does not listen"
expect 0 "a card behind a socket" "$apdu" compare --socket "$work/socket" --card "$one"

expect 2 "one card alone" "$apdu" compare --card "$one"
expect 2 "three cards" "$apdu" compare --card "$one" --card "$two" --card "$plain"
expect 1 "no card there" "$apdu" compare --card "$work/nothing" --card "$one"
expect 2 "a PIN that is none" "$apdu" compare --pin1 abc --card "$one" --card "$plain"
expect 1 "a learnt profile that cannot be written" \
    "$apdu" compare --card "$one" --learn "$work/no/such/folder"
# A phonebook names its files itself (TS 31.102 4.4.2.1): one that no table knows, created and named.
make numbered 2C
numbered=$(echo "$work"/numbered/*.card)
adm=$(awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "adm1") c = i} NR == 2 {print $c}' "$work/numbered/cards.csv")
expect 0 "a file of the phonebook is created and named" "$apdu" send --card "$numbered" "0020000A08$adm" \
    00A4000C027F10 00A4000C025F3A 00E000001962178202412183024F608A01058B036F06028002000A8801B8 \
    00A4000C024F30 "00DC010445A905C4034F6017$(printf 'FF%.0s' {1..62})"
check "both were done" '[ "$(grep -c 9000 <<<"$output")" -eq 6 ]'
expect 1 "and found by its name" "$apdu" compare --card "$one" --card "$numbered"
check "in the second card alone" 'grep -q "^file .*PHONEBOOK/4F60: missing | there" <<<"$output"'

finish
