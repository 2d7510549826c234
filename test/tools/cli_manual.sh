#!/bin/bash
# The manual and --help know the same options: each option of each command stands in the manual page of
# its program, and each option that a page sets in type as one is known to the program.
set -u
. test/support/shell.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

page() { sed -e 's/\\f.//g' -e 's/\\-/-/g' "tools/man/$1.1"; }
long_options() { grep -oE -- '--[a-z][a-z0-9-]*' | sort -u; }
short_options() { grep -oE '^ {1,4}-[a-z],' | tr -d ' ,' | sort -u; }

# compare PROGRAM COMMAND...: its help is collected, for the way back.
compare() {
    local help option
    help=$("$BIN/"$* --help 2>&1)
    check "$*: --help exits 0" "[ $? -eq 0 ]"
    echo "$help" >>"$work/$1"
    for option in $(long_options <<<"$help") $(short_options <<<"$help"); do
        check "$1(1) has $option of $*" "page $1 | grep -qE -e '(^|[^a-z-])$option([^a-z0-9-]|\$)'"
    done
}

while read -r line; do
    # shellcheck disable=SC2086
    compare $line
done <<'COMMANDS'
uicc make
uicc run
uicc show
uicc fleet
uicc fleet ask
apdu send
apdu decode
apdu record
apdu replay
apdu compare
ota packet seal
ota packet open
ota card import
ota card list
ota card show
ota send
ota campaign create
ota campaign start
ota campaign watch
ota campaign pause
ota campaign resume
ota campaign cancel
ota campaign report
ota campaign activate
ota campaign list
ota-server
opchange party init
opchange party trust
opchange party distrust
opchange party show
opchange list make
opchange list check
opchange run
opchange handover
opchange request
opchange issue
opchange activate
opchange confirm
opchange settle
opchange export
opchange status
COMMANDS

# What other programs are told (pySim-shell, gpshell), and what an example tells a neighbour.
others=' --dek --enc --key-dek --key-enc --key-mac --key-ver --mac --profile '
for program in apdu opchange ota ota-server uicc; do
    for option in $(page $program | long_options); do
        [[ $others == *" $option "* ]] ||
            check "$program knows $option of its manual" "grep -q -e '$option' '$work/$program'"
    done
    check "$program(1) is well formed" \
        '! command -v groff >/dev/null || [ -z "$(groff -man -Tutf8 -wall tools/man/'$program'.1 2>&1 >/dev/null)" ]'
done

finish
