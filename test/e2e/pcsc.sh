#!/bin/bash
# One card in a reader: pcscd with vpcd in front, pcsc_scan, opensc-tool, scriptor and apdu send
# as clients that we did not write (TS 102 221 6.3 ATR, 7.3 T=0).
set -u
. test/support/shell.sh
own_pcscd

work=$(mktemp -d)
port=$(free_port)
trap 'stop_all; rm -rf "$work"' EXIT

"$BIN/uicc" make --out "$work/m" --count 2 --plmn 00101 --seed 01 >/dev/null || fail "uicc make"
cards=("$work"/m/*.card)

start_reader "$work" "$port"
background "$BIN/uicc" run "${cards[0]}" "${cards[1]}" --vpcd "127.0.0.1:$port" --trace "$work/trace"
wait_for 10 sh -c "'$BIN/apdu' send --reader 0 00A40004023F00 >/dev/null 2>&1" ||
    fail "no card in reader 0"

atr=$(timeout 10 opensc-tool -r 0 -a 2>/dev/null | tr -d ': ')
check "opensc-tool shows an ATR of T=0 and T=15" '[[ $atr == 3[bB]9[fF]96801[fF]87* ]]'

scan=$(timeout 8 pcsc_scan -t 2 2>/dev/null || true)
check "pcsc_scan finds a card" 'grep -q "Card inserted" <<<"$scan" || grep -q "Card state" <<<"$scan"'
check "pcsc_scan finds the check byte correct" 'grep -qi "TCK = .*correct" <<<"$scan"'

answer=$("$BIN/apdu" send --reader 0 00A40004023F00)
check "SELECT MF answers an FCP" '[[ $answer == 62*9000 ]]'
check "the FCP names the MF" '[[ $answer == *83023F00* ]]'

answer=$(timeout 10 opensc-tool -r 0 -s 00A40004022FE2 -s 00B000000A 2>/dev/null)
check "opensc-tool reads EF.ICCID" 'grep -q "SW1=0x90, SW2=0x00" <<<"$answer"'

iccid=$("$BIN/apdu" send --reader 0 00A40004022FE2 00B000000A | tail -n 1)
check "apdu send reads EF.ICCID" '[[ $iccid =~ ^98[0-9A-F]{18}\ 9000$ ]]'
raw=$("$BIN/apdu" send --raw --reader 0 00A40004023F00)
check "raw T=0: 61XX" '[[ $raw == 61?? ]]'

other=$("$BIN/apdu" send --reader 1 00A40004022FE2 00B000000A | tail -n 1)
check "the second card is in the second reader" '[[ $other == 98*9000 && $other != "$iccid" ]]'

out=$(printf '00 A4 00 04 02 3F 00\n' | timeout 10 scriptor -r "$(timeout 10 opensc-tool -l 2>/dev/null | awk '/Virtual/ {sub(/^[0-9]+ +[A-Za-z]+ +/, ""); print; exit}')" 2>/dev/null)
check "scriptor gets 61XX" 'grep -q "< 61" <<<"$out"'

"$BIN/apdu" send --card "${cards[0]}" 00A40004023F00 >/dev/null 2>"$work/err"
check "a card in use cannot be opened again" 'grep -q "in use" "$work/err"'

many_apdus() { # at 44 ms for a delayed acknowledgement this would take 44 s
    for _ in $(seq 1000); do echo 80F2000C00; done | "$BIN/apdu" send --raw --reader 0 -
}
check "a thousand exchanges do not crawl on delayed acknowledgements" \
    '[ "$(elapsed_ms many_apdus)" -lt 10000 ]'
check "the trace has commands and answers" \
    'grep -q "^> 00A40004023F00" "$work/trace" && grep -q "^< " "$work/trace"'
finish
