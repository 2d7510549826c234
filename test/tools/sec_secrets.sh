#!/bin/bash
# sec_C25: no key, PIN, session key or right checksum of a refused packet is in anything that a
# program says, writes down or leaves behind, however talkative it is made: a change of operator by
# all programs, every output and trace kept, and all of it searched. Then what a crash or a swap file
# could tell: no core, nobody else's look into the process, keys in locked memory only.
set -u
. test/support/shell.sh

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
bin=$(realpath "$BIN")
here=$PWD
smpp=$(free_port)
mkdir -p "$work/said"
background_log=$work/said/background
cd "$work" || exit 1
said() { # NAME COMMAND...: its output is kept
    local name=$1
    shift
    "$@" >"said/$name" 2>&1 || { tail -n 5 "said/$name"; fail "$name: $*"; }
}

pin1=47110815
said make "$bin/uicc" make --out m --count 3 --slots 3 --plmn 00101
said make.pin "$bin/uicc" make --out p --slots 3 --plmn 00101 --pin1 $pin1 --iccid 8988211000000430015
for party in "M manufacturer" "A operator --plmn 00101" "B operator --plmn 00202"; do
    set -- $party
    said "party.$1" "$bin/opchange" party init "$1" --name "$1" --role "${@:2}"
done
for pair in "A B" "B A" "B M" "M B"; do
    set -- $pair
    said "trust.$1$2" "$bin/opchange" party trust "$1" "$2/party.crt"
done
cp m/cards.csv cards.csv # m/ goes to the network

# ---- a card in a reader ----
IFS=, read -r card _ _ _ k opc _ kic kid kik _ adm1 _ puk1 < <(sed -n 2p p/cards.csv)
background "$bin/uicc" run "p/$card.card" --socket s --trace trace.apdu --verbose
run_pid=$last_pid
wait_for 10 test -S s || fail "the card does not listen"
rand=23553cbe9637a89d218ae64dae47bf35
osmo-auc-gen -3 -a milenage -k "$k" -o "$opc" -f 8000 -s 64 -r $rand >vector 2>/dev/null
value() { awk -v name="$1:" '$1 == name {print $2}' vector; }
ascii() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
"$bin/apdu" send --socket s 00A4040C07A0000000871002 "002000010800000000FFFFFFFF" \
    "0020000108$(ascii $pin1)" "002C000110$(ascii "$puk1")$(ascii $pin1)" "0020000A08$adm1" \
    "008800812210${rand}10$(value AUTN)" >answers 2>said/send || fail "apdu send"
cd "$here" && refused=$(perl -e '
    require "./test/support/kit.pl";
    my ($path, $kic, $kid) = ($ARGV[0], map { pack "H*", $_ } @ARGV[1, 2]);
    my $s = reader($path);
    my ($whole, $cc);
    for my $spi1 (0x12, 0x16) {
        seal(spi1 => $spi1, cntr => 5, data => $spi1 & 4 ? "a secret of the server" : "for all to see", kic_key => $kic, kid_key => $kid,
            check => sub { $whole = $_[1]; $cc = cmac(@_) });
        my $bad = seal(spi1 => $spi1, cntr => 5, data => $spi1 & 4 ? "a secret of the server" : "for all to see", kic_key => $kic, kid_key => $kid,
            check => sub { ~cmac(@_) });
        deliver($s, $bad);
        print "refused", $spi1, " ", unpack("H16", $cc), "\n";
    }' "$work/s" "$kic" "$kid")
cd "$work" || exit 1
kill "$run_pid"
wait "$run_pid" 2>/dev/null
said decode "$bin/apdu" decode trace.apdu
said show "$bin/uicc" show "p/$card.card" --json
mv trace.apdu said/

# ---- the change, everybody as talkative as can be ----
said a.activate "$bin/opchange" activate --cards cards.csv --hlr a-hlr.db --ledger a.db --kek @a.kek
said b.activate "$bin/opchange" activate --cards /dev/null --hlr b-hlr.db
said list "$bin/opchange" list make --party B --to A --cards cards.csv --first-imsi 002020000000001 --out list.cms
background "$bin/uicc" fleet m --smpp "$smpp" --esme reseat:secret --control fleet.sock --verbose \
    --network A:00101:a-hlr.db --network B:00202:b-hlr.db --search 200
fleet_pid=$last_pid
status() { "$bin/uicc" fleet ask fleet.sock status 2>>said/ask | tee -a said/ask; }
at() { status | grep -Eq "\"$1\": ?3[,}]"; }
wait_for 20 at A || fail "the fleet does not come up"
for level in error warning notice info debug; do
    said "check.$level" "$bin/ota-server" --db a.db --kek @a.kek --smpp "127.0.0.1:$smpp" --password secret \
        --log-level $level --dump-config
done
background "$bin/ota-server" --db a.db --kek @a.kek --smpp "127.0.0.1:$smpp" --password secret --log-level debug
server_pid=$last_pid
said run "$bin/opchange" run list.cms --party A --ledger a.db --kek @a.kek --name move --detach
said watch "$bin/ota" campaign watch move --db a.db --kek @a.kek --timeout 30
said report "$bin/ota" campaign report move --csv --db a.db --kek @a.kek
said handover "$bin/opchange" handover --party A --to B --campaign move --ledger a.db --kek @a.kek --out handover.cms
said request "$bin/opchange" request handover.cms --party B --to M --out request.cms
said issue "$bin/opchange" issue request.cms --party M --vault m/vault.db --out issue.cms
said b.pairs "$bin/opchange" activate issue.cms --party B --hlr b-hlr.db --ledger b.db --kek @b.kek
said status "$bin/opchange" status --vault m/vault.db
wait_for 20 at B || fail "the cards do not come up at B"
said challenge "$bin/uicc" fleet ask fleet.sock challenge cards.csv

# ---- what a core or a swap file could hold ----
locked() { # PID: heap and stack are
    awk '/^[0-9a-f]+-/ {name = $NF} /^VmFlags/ && (name == "[heap]" || name == "[stack]") && !/ lo / {bad = 1} END {exit bad}' \
        "/proc/$1/smaps"
}
hardened() { # NAME PID
    of=/proc/$2
    check "$1 leaves no core" 'grep -Eq "Max core file size +0 +0 " $of/limits'
    if [ "$(id -u)" -eq 0 ]; then
        check "$1 keeps heap and stack out of the swap" 'locked ${of#/proc/}'
        check "$1 shows its memory to root alone" '[ "$(stat -c %U $of/mem)" = root ]'
    else
        check "$1 shows its memory not even to who started it" '! head -c 1 $of/smaps 2>/dev/null'
    fi
}
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    # a program of his own, for the tree may lie where only its owner looks
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups prlimit --memlock=4194304)
    mkdir nobody && cp "p/$card.card" "$bin/uicc" nobody/ && chmod 711 . && chown -R 65534:65534 nobody
else
    as=() && mkdir nobody && cp "p/$card.card" "$bin/uicc" nobody/
fi
case ${BUILD:-} in
*/san) ;; # a sanitizer has memory of its own
*)
    background "${as[@]}" nobody/uicc run "nobody/$card.card" --socket nobody/s
    wait_for 10 test -S nobody/s || fail "nobody cannot run a card"
    hardened uicc-run "$last_pid"
    [ "$(id -u)" -ne 0 ] ||
        check "the cards' memory is locked, and in no dump" 'grep -q "^VmFlags.* lo .* dd" "/proc/$last_pid/smaps"'
    hardened ota-server "$server_pid"
    hardened uicc-fleet "$fleet_pid"
    ;;
esac
stop_all

# ---- the search ----
{
    awk -F, 'NR > 1 {print "K" NR, $5; print "OPc" NR, $6; print "KIc" NR, $8; print "KID" NR, $9; print "KIK" NR, $10
        print "ADM1" NR, $12}' cards.csv p/cards.csv
    awk -F, 'NR > 1 {print $14}' cards.csv p/cards.csv | while read -r puk; do echo "PUK $(ascii "$puk")"; done
    echo "PIN $(ascii $pin1)"
    echo "CK $(value CK)"
    echo "IK $(value IK)"
    echo "$refused"
    echo "plaintext $(ascii "a secret of the server")"
    sqlite3 b-hlr.db "SELECT 'BK', k FROM auc_3g UNION ALL SELECT 'BOPc', opc FROM auc_3g" | tr '|' ' '
    # B's pairs, by somebody else's CMS out of the manufacturer's list: K, OPc, KIc, KID, KIK of 16 bytes
    openssl cms -decrypt -inform DER -in issue.cms -inkey B/party.key 2>/dev/null | grep -aE "^[0-9]+,2,[0-9A-F]+" |
        awk -F, '{for (at = 17; at < 193; at += at == 17 ? 34 : at == 123 ? 38 : 36) print "issued", substr($3, at, 32)}'
} >needles
check "there is something to look for" '[ "$(grep -c "^issued" needles)" -ge 15 ] && [ "$(grep -c "^BK" needles)" = 3 ]'
found=$(perl "$here/test/support/seek.pl" cards.csv a-hlr.db m/*.card <needles | tail -n 1)
check "where they belong they are found ($found)" '[ "${found%% *}" -ge 15 ]'
found=$(perl "$here/test/support/seek.pl" said m/vault.db p/vault.db a.db b.db A B M list.cms handover.cms request.cms \
    issue.cms <needles)
check "sec_C25 secrets in $(find said -type f | wc -l) outputs, stores, lists: ${found##*$'\n'}" '[ "$found" = "0 found" ]'
[ "$found" = "0 found" ] || echo "$found" | head -n 20
imsis=$(awk -F, 'NR > 1 {print $2}' cards.csv p/cards.csv; echo 00202000000000)
check "sec_C28 no log names an IMSI" '! grep -qF "$imsis" said/background && [ -s said/background ]'
check "no core is left" '[ -z "$(find . -name "core*")" ]'
finish
