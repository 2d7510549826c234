#!/bin/bash
# `ota packet seal|open` against every packet of test/vectors/ota-102225.csv (public sources and
# recorded cards), both directions; then cutting into short messages, exit statuses, secrets by file.
set -u
. test/support/shell.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
ota=$(realpath "$BIN")/ota
vectors=test/vectors/ota-102225.csv
upper() { tr a-f A-F <<<"$1"; }
key() { [ -z "$2" ] || echo "$1 $2"; }
is() { [ "$(upper "$output")" = "$(upper "$1")" ]; }
has() { grep -qix -- "$1 *$2" <<<"$output"; }

# --- every row ---------------------------------------------------------------------------------
rows=0
while IFS=, read -r dir id _ spi kic kid tar cntr kic_key kid_key rsc data _ _ _ _ packet _; do
    [ "$dir" = dir ] && continue
    rows=$((rows + 1))
    # CRC with ciphering takes no second key
    keys="$(key --kic-key "$kic_key") $(key --kid-key "$kid_key")"
    if [ "$dir" = cmd ]; then
        # shellcheck disable=SC2086
        expect 0 "$id is sealed" "$ota" packet seal --spi "$spi" --kic "$kic" --kid "$kid" \
            --tar "$tar" --cntr "$cntr" --data "$data" $keys
        check "$id has the octets of the vector" 'is "$packet"'
        # shellcheck disable=SC2086
        expect 0 "$id is opened" "$ota" packet open $keys "$packet"
        check "$id tells counter and data" 'has cntr "$cntr" && has data "$data" && has tar "$tar"'
        # shellcheck disable=SC2086
        expect 0 "$id is opened behind its header" "$ota" packet open $keys "027000$packet"
    else
        # shellcheck disable=SC2086
        "$ota" packet open --spi "$spi" --kic "$kic" --kid "$kid" $keys "$packet" >"$work/out" 2>&1
        status=$?
        output=$(cat "$work/out")
        check "$id tells its data" 'has data "$data" && has tar "$tar" && has cntr "$cntr"'
        check "$id tells its status" 'has rsc "$rsc"'
        # a checksum key was given, so a response without checksum is no success
        check "$id ends as it must" '[ $status -eq 0 ] || grep -q "authenticated *no" <<<"$output"'
    fi
done < <(sed 's/"[^"]*"/-/g' "$vectors") # sources have commas in quotes
check "there were vectors" '[ $rows -ge 20 ]'

# --- a response without knowing the command ------------------------------------------------------
aes="--kic-key 200102030405060708090A0B0C0D0E0F --kid-key 201102030405060708090A0B0C0D0E0F"
r4=027100002412B00011EBC6B497E2CAD7AEDF36ACE0E3A29B38853F0FE9CCDE81913BE5702B73ABCE1F
# shellcheck disable=SC2086
expect 0 "AES response opens by trying" "$ota" packet open $aes $r4
check "and is authenticated" 'has authenticated yes && has data 016132'
# shellcheck disable=SC2086
expect 1 "an altered one does not" "$ota" packet open $aes "${r4%1F}1E"
# shellcheck disable=SC2086
expect 0 "as JSON" "$ota" packet open --json $aes $r4
check "one object" '[[ $output == "{"*"\"authenticated\":true"*"}" ]]'
plain=027100000B0AB0001000000000000006
expect 0 "a plain error response opens without keys" "$ota" packet open $plain
# shellcheck disable=SC2086
expect 1 "but is no success for who brings a key" "$ota" packet open $aes $plain
check "and is told as not authenticated" 'has authenticated no'

# --- short messages --------------------------------------------------------------------------------
data=$(printf '00D60000FF%0510d' 0)
seal=("$ota" packet seal --spi 1639 --kic 12 --kid 12 --tar B00001 --cntr 0000000102
    --kic-key 200102030405060708090A0B0C0D0E0F --kid-key 201102030405060708090A0B0C0D0E0F)
expect 0 "a long packet" "${seal[@]}" --data "$data"
whole=$output
expect 0 "cut into short messages" "${seal[@]}" --data "$data" --sms
mapfile -t parts <<<"$output"
check "three parts" '[ ${#parts[@]} -eq 3 ]'
check "none above 140 octets" '[ ${#parts[0]} -eq 280 ] && [ ${#parts[2]} -le 280 ]'
check "the first has the identifier" '[[ ${parts[0]} == 07000302030170"00"* ]]'
check "the others only the concatenation" '[[ ${parts[1]} == 050003020302* ]]'
check "together they are the packet" \
    '[ "${parts[0]:16}${parts[1]:12}${parts[2]:12}" = "$whole" ]'
# shellcheck disable=SC2086
expect 0 "parts in any order open" "$ota" packet open $aes "${parts[2]}" "${parts[0]}" "${parts[1]}"
check "to the data" 'has data "$data" && has cntr 0000000102'
# shellcheck disable=SC2086
expect 1 "a part that is missing" "$ota" packet open $aes "${parts[2]}" "${parts[0]}"
expect 0 "a short one is one message" "${seal[@]}" --data 00A40004023F00 --sms
check "with 027000" '[[ $output == 027000* ]]'

# --- counters, secrets, statuses -----------------------------------------------------------------------
expect 0 "a decimal counter" "$ota" packet seal --spi 0000 --kic 00 --kid 00 --tar 010203 --cntr 258 \
    --data AABB
check "is what it says" '[[ $output == 00100D000000000102030000000102* ]]'
echo 200102030405060708090A0B0C0D0E0F >"$work/kic"
export OTA_KID=201102030405060708090A0B0C0D0E0F
expect 0 "keys by file and environment" "$ota" packet open --kic-key "@$work/kic" \
    --kid-key env:OTA_KID $r4
expect 2 "a key that is none" "$ota" packet open --kic-key XY --kid-key env:OTA_KID $r4
check "is not repeated" '! grep -q XY <<<"$output"'
expect 2 "options missing" "$ota" packet seal --spi 1639
expect 2 "TAR too short" "${seal[@]}" --tar B000 --data 00
expect 2 "a counter of 41 bits" "${seal[@]}" --cntr 1099511627776 --data 00
expect 2 "no packet" "$ota" packet open
expect 2 "half a command" "$ota" packet
expect 1 "a key of the wrong length" "$ota" packet seal --spi 1639 --kic 12 --kid 12 --tar B00001 \
    --cntr 1 --data 00 --kic-key 2001 --kid-key 2001
check "names key and lengths" '[[ $output == *"--kic-key has 2 bytes, KIc 12 (aes) wants 16, 24 or 32"* ]]'
expect 1 "no key at all" "$ota" packet seal --spi 1639 --kic 12 --kid 12 --tar B00001 --cntr 1 --data 00
check "names the option" '[[ $output == *"KIc 12 needs a key: --kic-key"* ]]'
expect 0 "a command" "${seal[@]}" --data 00
sealed=$output
expect 1 "under another KID key" "$ota" packet open "$sealed" --kic-key "@$work/kic" \
    --kid-key 00000000000000000000000000000001
check "says which keys may be wrong" '[[ $output == *"another --kid-key"* ]]'
expect 1 "with a CC of another length" "$ota" packet open "$sealed" --cc-len 4 --kic-key "@$work/kic" \
    --kid-key env:OTA_KID
check "names both lengths" '[[ $output == *"has 8 bytes, --cc-len says 4"* ]]'
expect 1 "with a byte too much" "$ota" packet open "${sealed}00"
check "tells the lengths" '[[ $output =~ "it begins with 00"..", but "[0-9]+" bytes follow" ]]'
expect 1 "a digital signature is nobody's" "${seal[@]}" --spi 0300 --data 00
expect 1 "neither command nor response" "$ota" packet open 00112233
for command in "packet seal" "packet open" "card import" "card list" "card show" send \
    "campaign create" "campaign start" "campaign watch" "campaign pause" "campaign resume" \
    "campaign cancel" "campaign report" "campaign activate" "campaign list"; do
    # shellcheck disable=SC2086
    expect 0 "help of $command" "$ota" $command --help
    check "names $command" '[[ $output == *"$command"* ]]'
done
finish
