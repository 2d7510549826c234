#!/bin/bash
# cites.sh - clauses that the code cites, how often, and whether a test cites the same clause.
set -eu
cd "$(dirname "$0")/../.."
pattern='TS [0-9]{2,3}[ .][0-9]{3} [A-Z0-9]+(\.[0-9]+)*'
cited() { git grep -hoE "$pattern" -- "$@" | sort | uniq -c; }
join -1 2 -2 2 -t $'\t' -a 1 -e 0 -o 0,1.1,2.1 \
    <(cited apdu uicc ota tools | sed -E 's/^ *([0-9]+) (.*)/\1\t\2/' | sort -t $'\t' -k 2) \
    <(cited test | sed -E 's/^ *([0-9]+) (.*)/\1\t\2/' | sort -t $'\t' -k 2) |
    awk -F '\t' '{printf "%-32s %3d in code  %3d in tests%s\n", $1, $2, $3, $3 ? "" : "  <- no test"}'
