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

finish
