#!/bin/bash
# run.sh PROGRAM... - run the benchmarks one after the other; T=name runs only those.
set -eu
cd "$(dirname "$0")/../.."
ran=0
for bench in "$@"; do
    case "$bench" in *"${T:-}"*) ;; *) continue ;; esac
    "$bench" || [ $? -eq 77 ] # cannot run here, and says why
    ran=$((ran + 1))
done
[ "$ran" -gt 0 ] || { echo "no benchmark ran" >&2; exit 1; }
