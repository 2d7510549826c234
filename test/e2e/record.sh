#!/bin/bash
# A man in the middle: a card in one virtual reader of pcscd, `apdu record` between it and a second
# one, and opensc-tool, pcsc_scan and scriptor as clients that we did not write (TS 102 221 7.3).
set -u
. test/support/shell.sh
own_pcscd

work=$(mktemp -d)
port=$(free_port)
trap 'stop_all; rm -rf "$work"' EXIT
apdu=$(realpath "$BIN")/apdu

"$BIN/uicc" make --out "$work/m" --plmn 00101 --seed 01 >/dev/null || fail "uicc make"
start_reader "$work" "$port"
background "$BIN/uicc" run "$work"/m/*.card --vpcd "127.0.0.1:$port"
wait_for 10 sh -c "'$apdu' send --reader 0 80F2000C00 >/dev/null 2>&1" || fail "no card in reader 0"
background "$apdu" record --reader 0 --vpcd "127.0.0.1:$((port + 1))" --out "$work/t.pcapng"
recorder=$last_pid
wait_for 10 sh -c "'$apdu' send --reader 1 80F2000C00 >/dev/null 2>&1" || fail "no card in reader 1"

atr=$(timeout 10 opensc-tool -r 1 -a 2>/dev/null | tr -d ': ')
check "opensc-tool sees the card's ATR through the recorder" '[[ $atr == 3[bB]9[fF]96801[fF]87* ]]'
timeout 10 opensc-tool -r 1 -s 00A40004022FE2 -s 00B000000A >"$work/opensc.log" 2>/dev/null
check "opensc-tool reads EF.ICCID" 'grep -q "SW1=0x90, SW2=0x00" "$work/opensc.log"'
name=$(timeout 10 opensc-tool -l 2>/dev/null | awk '/Virtual/ && ++n == 2 {sub(/^[0-9]+ +[A-Za-z]+ +/, ""); print}')
printf 'reset\n00 A4 00 04 02 3F 00\n00 C0 00 00 2F\n' >"$work/script"
timeout 10 scriptor -r "$name" "$work/script" >"$work/scriptor.log" 2>/dev/null

check "opensc-tool's own log decodes" \
    '"$apdu" decode "$work/opensc.log" | grep -q "EF.ICCID: 89"'
check "scriptor's own log decodes" \
    '"$apdu" decode "$work/scriptor.log" | grep -q "file id: 3F00"'
check "scriptor's script is a trace" '"$apdu" decode "$work/script" | grep -q "SELECT MF"'
expect 0 "scriptor's script runs" "$apdu" replay "$work/script" --reader 1
expect 0 "opensc-tool's log replays" "$apdu" replay "$work/opensc.log" --reader 1 --strict

kill "$recorder"
wait "$recorder"
check "the recorder ended well" '[ $? -eq 0 ]'
check "the trace has what the clients asked" \
    '"$apdu" decode "$work/t.pcapng" | grep -q "EF.ICCID: 89"'
# Wireshark wants as many bytes of an answer as Le says, even of GET RESPONSE and GET DATA that failed.
check "tshark finds nothing malformed" '[ -z "$(tshark -r "$work/t.pcapng" \
    -Y "_ws.malformed && gsm_sim.apdu.ins != 0xc0 && gsm_sim.apdu.ins != 0xca" 2>/dev/null)" ]'
expect 0 "the trace replays on the card itself" "$apdu" replay "$work/t.pcapng" --reader 0
finish
