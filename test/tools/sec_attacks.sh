#!/bin/bash
# The black-box rows of the requirement list, tried on `uicc run` by test/support/attacks.pl.
set -u
. test/support/shell.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kic=00112233445566778899AABBCCDDEEFF
kid=0102030405060708090A0B0C0D0E0F10
adm1=3132333435363738
"$BIN/uicc" make --out "$work/m" --plmn 00101 --slots 3 --kic $kic --kid $kid --adm1 $adm1 >/dev/null || fail "uicc make"
exec perl test/support/attacks.pl "$BIN" "$work"/m/*.card $kic $kid $adm1
