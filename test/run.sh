#!/bin/bash
# run.sh PROGRAM|SCRIPT... - run the tests one by one, count their checks, fail on none.
#
# A program of libcheck says "Checks: N, Failures: N, Errors: N"; every other test says
# "N passed, N failed" on a line of its own, or ends with 77 because it cannot run here. T=name runs only tests whose path contains it.
set -u
cd "$(dirname "$0")/.." || exit 2

passed=0 failed=0 skipped=0 programs=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

count() {
    local line p f
    line=$(grep -Eo 'Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$out" | tail -n 1)
    if [ -n "$line" ]; then
        read -r p f <<<"$(sed -E 's/[^0-9]+/ /g' <<<"$line" | awk '{print $1-$2-$3, $2+$3}')"
    else
        line=$(grep -E '^([^ ]+: )?[0-9]+ passed, [0-9]+ failed' "$out" | tail -n 1)
        read -r p f <<<"$(sed -E 's/^[^0-9]*([0-9]+) passed, ([0-9]+) failed.*/\1 \2/' <<<"$line")"
    fi
    p=${p:-0} f=${f:-0}
    [ "$1" -ne 0 ] && [ "$f" -eq 0 ] && f=1
    [ "$1" -eq 0 ] && [ $((p + f)) -eq 0 ] && f=1
    passed=$((passed + p)) failed=$((failed + f))
    return "$f"
}

for test in "$@"; do
    case "$test" in *"${T:-}"*) ;; *) continue ;; esac
    programs=$((programs + 1))
    start=$(date +%s%N)
    timeout "${TEST_TIMEOUT:-600}" "$test" >"$out" 2>&1 </dev/null
    status=$?
    why=
    if [ "$status" -eq 77 ]; then
        verdict=skipped skipped=$((skipped + 1)) why=": $(grep -m 1 '^SKIPPED' "$out" | cut -c 10-)"
    elif count "$status"; then verdict=ok; else verdict=FAILED; fi
    printf '%-8s%6d ms  %s\n' "$verdict" $((($(date +%s%N) - start) / 1000000)) "${test#"${BUILD:-build}"/}$why"
    [ "$verdict" != FAILED ] || { echo "--- exit status $status, output:"; tail -n 60 "$out"; echo "---"; }
done

if [ "$programs" -eq 0 ]; then
    echo "no test ran" >&2
    exit 1
fi
echo "$programs test programs"
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
