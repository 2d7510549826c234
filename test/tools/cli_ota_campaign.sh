#!/bin/bash
# ota and ota-server from the outside, without a network: configuration, cards, campaigns made from
# tables and signed lists, what is refused and why, exit statuses. Then SMPP against an SMS centre
# that others wrote (Net::SMPP, libnet-smpp-perl), which answers as a card without the key would.
set -u
. test/support/shell.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
bin=$(realpath "$BIN")
judge=$(realpath test/support/smsc.pl)
ota=$bin/ota
cd "$work" || exit 1
db=(--db a.db --kek @a.kek)
says() { case "$output" in *"$1"*) true ;; *) false ;; esac; }

# --- configuration -------------------------------------------------------------------------------
expect 0 "defaults are dumped" "$bin/ota-server" --dump-config
echo "$output" >default.ini
check "with sections" 'says "[smpp]" && says "port = 2775"'
expect 0 "and read back" "$bin/ota-server" --config default.ini --check-config
printf '[smpp]\nport = 0\nprot = 1\npassword = hunter2\n' >bad.ini
expect 1 "a bad file" "$bin/ota-server" --config bad.ini --check-config
check "each error with its line" 'says "bad.ini:2: smpp.port: 1 to 65535" && says "bad.ini:3: unknown key prot"'
printf '[smpp]\npassword = hunter2\n' >good.ini
expect 0 "a password" "$bin/ota-server" --config good.ini --dump-config
check "is not dumped" '! says hunter2'
expect 0 "keys are explained" "$bin/ota-server" --help-config
expect 1 "no such file" "$bin/ota-server" --config none.ini
expect 2 "no such option" "$bin/ota-server" --nonsense
expect 2 "no address" "$bin/ota-server" --smpp 2775

# --- cards -------------------------------------------------------------------------------------------
expect 0 "cards are made" "$bin/uicc" make --out m --count 5 --slots 3 --plmn 00101
expect 1 "no ledger yet" "$ota" card list "${db[@]}"
expect 0 "cards are imported" "$ota" card import m/cards.csv "${db[@]}"
check "and counted" 'says "5 cards imported"'
check "files are private" '[ "$(stat -c %a a.db a.kek | sort -u)" = 600 ]'
expect 0 "they are listed" "$ota" card list --json "${db[@]}"
check "one per line" '[ "$(grep -c "\"owner\":\"ours\"" <<<"$output")" = 5 ]'
for column in 5 6 8 9 10; do
    key=$(awk -F, -v c=$column 'NR == 2 {print $c}' m/cards.csv)
    check "column $column is not in the ledger" '! grep -qai "$key" a.db*'
    check "nor shown" '! grep -qi "$key" <<<"$output"'
done
iccid=$(awk -F, 'NR == 2 {print $1}' m/cards.csv)
expect 0 "one card" "$ota" card show "$iccid" "${db[@]}"
expect 1 "no such card" "$ota" card show 8988211000000430010 "${db[@]}"
expect 1 "no key file" "$ota" card list --db a.db --kek @none.kek
check "is named" 'says "@none.kek"'
expect 2 "a script that is cut" "$ota" send "$iccid" 00A40004023F00A4 "${db[@]}"
check "is refused at its second command" 'says "SCRIPT, object 2"'
expect 1 "a script that nobody sends" "$ota" send "$iccid" 00A40004023F00 --wait 1 "${db[@]}"
check "asks for a server" 'says "does an ota-server serve this ledger"'
expect 1 "another key-encryption key" "$ota" card list --db a.db \
    --kek 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
sed '3s/^[0-9]*/12345/' m/cards.csv >bad.csv
expect 1 "a bad row" "$ota" card import bad.csv --db b.db --kek @b.kek
check "is named" 'says "bad.csv:3"'
expect 1 "no table" "$ota" card import none.csv "${db[@]}"
expect 2 "no argument" "$ota" card import

# --- campaigns from tables -----------------------------------------------------------------------------
create() { "$ota" campaign create "$@" "${db[@]}"; }
awk -F, 'NR == 1 {print "iccid,imsi"} NR > 1 {printf "%s,00202%010d\n", $1, NR}' m/cards.csv >new.csv
expect 2 "no method" create x --csv new.csv
expect 2 "no cards" create x --method 3b
expect 2 "two sources" create x --method 3b --csv new.csv --all
expect 2 "a change without IMSIs" create x --method 3b --all
expect 2 "a script without a script" create x --method script --all
expect 2 "a list without a party" create x --method 3b --list x.cms
expect 2 "proofs without a CC" create x --method 3b --csv new.csv --spi 1601
expect 2 "commands without a counter check" create x --method 3b --csv new.csv --spi 0639
sed '3s/,.*/,0020x/' new.csv >odd.csv
expect 1 "a row without an IMSI" create x --method 3b --csv odd.csv
check "stores nothing" 'says "nothing was stored"'
sed '3s/^[0-9]*/8988211000000430010/' new.csv >odd.csv
expect 1 "a card that is not there" create x --method 3b --csv odd.csv
check "is named" 'says "8988211000000430010: the card is not in the ledger"'
sed '3s/,.*/,002020000000002/' new.csv >odd.csv
expect 1 "one IMSI for two cards" create x --method 3b --csv odd.csv
expect 0 "a campaign" create one --method 3b --csv new.csv
expect 1 "is not started twice" create one --method 3b --csv new.csv
expect 0 "started" "$ota" campaign start one "${db[@]}"
expect 1 "once" "$ota" campaign start one "${db[@]}"
check "because it runs" 'says "is running"'
expect 0 "paused" "$ota" campaign pause one "${db[@]}"
expect 1 "a paused one is not done" "$ota" campaign watch one "${db[@]}"
expect 0 "resumed" "$ota" campaign resume one "${db[@]}"
expect 0 "cancelled" "$ota" campaign cancel one "${db[@]}"
expect 0 "reported" "$ota" campaign report one --format json "${db[@]}"
check "as JSON" '[ "$(grep -c "\"state\":\"failed\".*\"result\":\"cancelled\"" <<<"$output")" = 5 ]'
expect 0 "reported" "$ota" campaign report one --csv "${db[@]}"
check "as a table for others" '[ "$(head -n 1 <<<"$output" | cut -d, -f 1-4)" = iccid,msisdn,imsi,new_imsi ]'
expect 0 "listed" "$ota" campaign list "${db[@]}"
check "with its end" 'says "cancelled"'
expect 1 "no such campaign" "$ota" campaign report none "${db[@]}"

# --- campaigns from signed lists ---------------------------------------------------------------------------
must() { "$@" >/dev/null 2>&1 || fail "$*"; }
opchange=$bin/opchange
must "$opchange" party init A --name A --role operator --plmn 00101
must "$opchange" party init B --name B --role operator --plmn 99970
must "$opchange" party init X --name B --role operator --plmn 99970
must "$opchange" party trust A B/party.crt
must "$opchange" party trust B A/party.crt
must "$opchange" party trust X A/party.crt
tail -n +2 m/cards.csv | cut -d, -f 1 >iccids
must "$opchange" list make --party B --to A --iccids iccids --first-imsi 999700000000001 --out list.cms
must "$opchange" list make --party X --to A --iccids iccids --first-imsi 999700000000001 --out forged.cms
size=$(stat -c %s list.cms)
cp list.cms altered.cms
printf '\x00' | dd of=altered.cms bs=1 seek=$((size / 2)) conv=notrunc status=none
for bad in altered forged; do
    expect 1 "a list that is $bad" create listed --method 3b --list $bad.cms --party A
    check "is refused with the reason" 'says refused:'
done
expect 1 "a list for the other alternative" create listed --method 3a --list list.cms --party A
expect 0 "nothing came of them" "$ota" campaign list "${db[@]}"
check "but the one before" '! says listed'
expect 0 "a good list" create listed --method 3b --list list.cms --party A
expect 1 "twice" create again --method 3b --list list.cms --party A
check "is a replay" 'says replayed'
expect 0 "its report" "$ota" campaign report listed --csv "${db[@]}"
check "has the new IMSIs" '[ "$(grep -c ,99970000000000 <<<"$output")" = 5 ]'

# --- an SMS centre of others' making -----------------------------------------------------------------------
perl -MNet::SMPP -e 1 2>/dev/null || { echo "SKIPPED: Net::SMPP is not there"; finish; }
port=$(free_port)
export background_log=$work/log
background perl "$judge" "$port" "$work/submitted"
expect 0 "a question to all" create ask --method query --all --start --timeout 1 --tries 1
wait_for 5 test -e submitted || fail "the SMS centre does not come up"
expect 0 "the server speaks with it" timeout --preserve-status 4 "$bin/ota-server" "${db[@]}" \
    --smpp "127.0.0.1:$port" --system-id reseat --password secret --source 90000
check "it bound" 'says event=smpp_bound'
fields='source_addr=90000 protocol_id=7F data_coding=F6 esm_class=40'
check "five messages" '[ "$(grep -c "$fields" submitted)" -ge 5 ]'
check "each a packet in clear behind 027000" '[ "$(grep -c "ud=027000" submitted)" -ge 5 ]'
check "to the cards" 'grep -q "destination_addr=$(awk -F, "NR == 2 {print \$3}" m/cards.csv) " submitted'
check "it unbound" 'grep -q unbind submitted'
expect 1 "plain errors prove nothing" "$ota" campaign watch ask --timeout 1 "${db[@]}"
expect 0 "but are told" "$ota" campaign report ask "${db[@]}"
check "as what they are" 'says "not authenticated: unidentified security error"'
finish
