#!/bin/bash
# compile_commands.sh FLAGS... - compile_commands.json for editors, to standard output.
set -eu
cd "$(dirname "$0")/../.."
flags=$(printf '%s ' "$@" | sed 's/-MMD -MP//; s/"/\\"/g')
comma=
echo '['
while read -r file; do
    printf '%s  {"directory": "%s", "file": "%s", "command": "cc %s -c %s"}' "$comma" "$PWD" "$file" "$flags" "$file"
    comma=$',\n'
done < <(git ls-files '*.c')
printf '\n]\n'
