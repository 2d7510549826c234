#!/bin/bash
# Every row of the requirement list has a test named after it: C1 to C31 (card), K1 to K8 (change of
# operator). With -v, the table: row and the tests that show it.
set -u
. test/support/shell.sh

named() { # ROW: what is called after it
    grep -rnoE "sec_$1(_[A-Za-z0-9_]+|\b)" test --include='*.c' --include='*.sh' --include='*.pl' |
        sed -E 's|^test/||; s|:[0-9]+:| |' | awk -v row="sec_$1" '{print $1, ($2 == row ? "" : $2)}' | sort -u
}
for row in C{1..31} K{1..8}; do
    tests=$(named "$row")
    check "a test shows $row" '[ -n "$tests" ]'
    [ "${1:-}" != -v ] || awk -v row="$row" '{print row "\t" $0}' <<<"$tests"
done
finish
