#!/bin/bash
# sec_C26: a key that has died is nowhere: not in the memory of the program that runs the card, not
# in the card's file, not beside it. test/support/residue.pl says when and how.
set -u
. test/support/shell.sh
need_root "only root may look into another process"
case ${BUILD:-} in */san) skip "a sanitizer keeps what was freed" ;; esac

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT
key() { head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
keys=("$(key)" "$(key)" "$(key)" "$(key)" "$(key)")
"$BIN/uicc" make --out "$work/m" --plmn 00101 --slots 3 --k "${keys[0]}" --opc "${keys[1]}" --kic "${keys[2]}" \
    --kid "${keys[3]}" --kik "${keys[4]}" >/dev/null || fail "uicc make"
mkdir "$work/card"
mv "$work"/m/*.card "$work/card/"
background "$BIN/uicc" run "$work"/card/*.card --socket "$work/s"
perl test/support/residue.pl "$BIN" "$work"/card/*.card "$last_pid" "$work/s" "${keys[@]}"
exit
