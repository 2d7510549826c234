#!/bin/bash
# EAP-AKA, EAP-AKA' and EAP-SIM with our card behind pcscd: eapol_test as the terminal, hostapd as
# the server, osmo-auc-gen as the authentication centre. Keys must be equal end to end, with PIN
# on, and through an AUTS resynchronisation (TS 31.102 7.1, TS 33.102 6.3).
set -u
. test/support/shell.sh
own_pcscd

work=$(mktemp -d)
port=$(free_port)
radius=$(free_port)
k=465B5CE8B199B49FAA5F0A2EE238A6BC
opc=CD63CB71954A9F4E48A5994E37A02BAF
trap 'stop_all; rm -rf "$work"' EXIT

"$BIN/uicc" make --out "$work/m" --plmn 00101 --imsi 001010123456789 --k $k --opc $opc \
    --pin1 1234 --seed 02 >/dev/null || fail "uicc make"
card=$(echo "$work"/m/*.card)

"$BIN/apdu" send --check --card "$card" 002600010831323334FFFFFFFF >/dev/null || fail "DISABLE PIN"

start_reader "$work" "$port"
background "$BIN/uicc" run "$card" --vpcd "127.0.0.1:$port"
wait_for 10 sh -c "'$BIN/apdu' send --reader 0 00A40004023F00 >/dev/null 2>&1" ||
    fail "no card in reader 0"

echo 0 >"$work/sqn"
background perl test/support/auc_gw.pl "$work/auc.sock" $k $opc "$work/sqn"
wait_for 5 test -S "$work/auc.sock" || fail "no authentication centre"
cat >"$work/users" <<USERS
"0"* AKA
"1"* SIM
"6"* AKA'
USERS
echo "127.0.0.1 secret" >"$work/clients"
cat >"$work/hostapd.conf" <<CONF
interface=lo
driver=none
eap_server=1
eap_user_file=$work/users
eap_sim_db=unix:$work/auc.sock
radius_server_clients=$work/clients
radius_server_auth_port=$radius
CONF
background hostapd "$work/hostapd.conf"
sleep 0.5

# eap METHOD PREFIX [PIN]
eap() {
    local pin=${3:+"pin=\"$3\""}
    cat >"$work/net" <<NET
network={
    ssid="test"
    key_mgmt=IEEE8021X
    eap=$1
    identity="${2}001010123456789@wlan.mnc001.mcc001.3gppnetwork.org"
    pcsc=""
    eapol_flags=0
    $pin
}
NET
    timeout 20 eapol_test -c "$work/net" -a 127.0.0.1 -p "$radius" -s secret -t 10 >"$work/out" 2>&1
    grep -q '^SUCCESS' "$work/out" && grep -q 'PMK from EAPOL: match\|MPPE keys OK: 1' "$work/out"
}

check "EAP-AKA succeeds, keys equal" 'eap AKA 0'
check "EAP-AKA' succeeds, keys equal" "eap \"AKA'\" 6"
check "EAP-SIM succeeds, keys equal" 'eap SIM 1'
echo 0 >"$work/sqn"
check "EAP-AKA succeeds through an AUTS resynchronisation" 'eap AKA 0'
check "the centre took the SQN of the card over" '[ "$(cat "$work/sqn")" -gt 64 ]'

"$BIN/apdu" send --check --reader 0 002800010831323334FFFFFFFF >/dev/null
check "EAP-AKA with PIN on and given" 'eap AKA 0 1234'
check "EAP-AKA with PIN on and not given is refused" '! eap AKA 0'
finish
