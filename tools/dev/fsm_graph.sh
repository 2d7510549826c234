#!/bin/bash
# fsm_graph.sh [--write] - the state graphs of the card, drawn from the tables that the code obeys:
# print them, or put them between the marks in ARCHITECTURE.md. test_fsm_graph checks the page.
set -eu
cd "$(dirname "$0")/../.."
program=${BUILD:-build}/test/uicc/test_fsm_graph
[ -x "$program" ] || make -s "$program"

# The n-th graph that the program prints, with its fence.
graph() {
    FSM_GRAPH=1 "$program" | awk -v n="$1" '/^```mermaid/ {i++} i == n {print} /^```$/ {if (i == n) exit}'
}

if [ "${1:-}" != --write ]; then
    graph 1
    graph 2
    exit 0
fi
page=ARCHITECTURE.md
work=$(mktemp)
trap 'rm -f "$work" "$work.1" "$work.2"' EXIT
graph 1 >"$work.1"
graph 2 >"$work.2"
awk -v dir="$work" '
    /^<!-- graph [12] -->$/ { print; file = dir "." $3; while ((getline text <file) > 0) print text; skip = 1; next }
    /^<!-- end -->$/ { skip = 0 }
    !skip { print }' "$page" >"$work"
cat "$work" >"$page"
