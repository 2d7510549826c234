#!/bin/bash
# A card's program killed (-9) in the middle of commands; test/support/power.pl says what must hold.
set -u
. test/support/shell.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
k=465B5CE8B199B49FAA5F0A2EE238A6BC
opc=CD63CB71954A9F4E48A5994E37A02BAF
kic=00112233445566778899AABBCCDDEEFF
kid=0102030405060708090A0B0C0D0E0F10
"$BIN/uicc" make --out "$work/m" --plmn 00101 --slots 2 --k $k --opc $opc --kic $kic --kid $kid --pin1 1234 \
    --puk1 12345678 >/dev/null || fail "uicc make"
perl test/support/power.pl "$BIN" "$work"/m/*.card $k $opc $kic $kid 1234 12345678 "${ROUNDS:-30}"
exit
