#!/bin/bash
# sec_C11: test_sec_timing under valgrind, which reports what depends on a secret (see there).
set -u
. test/support/shell.sh
command -v valgrind >/dev/null || skip "valgrind is not installed"
case ${BUILD:-} in */san) skip "valgrind cannot run what a sanitizer built" ;; esac

output=$(CK_FORK=no valgrind --quiet --error-limit=no "${BUILD:-build}/test/uicc/test_sec_timing" 2>&1)
check "nothing depends on a secret" '[[ $output == *"Failures: 0, Errors: 0"* ]]'
check "but where it is made to" '[[ $output == *sec_C11_a_leak_would_be_seen* ]]'
[ "$checks_failed" -eq 0 ] || echo "$output"
finish
