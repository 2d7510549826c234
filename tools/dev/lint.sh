#!/bin/bash
# lint.sh - the rules of the house that a machine can check. Prints each breach; exit 1 on any.
#
# floors (layers.txt), one door per vendor header (doors.txt), banned calls (banned.txt), symbol
# prefixes, empty .data/.bss of the libraries, what apdu/ and uicc/ may ask of the system, sizes,
# format, clang-tidy.
set -u
cd "$(dirname "$0")/../.." || exit 2
here=tools/dev
BUILD=${BUILD:-build}
failures=0

breach() {
    echo "lint: $*"
    failures=$((failures + 1))
}

rules() { # file -> "key value" lines without comments
    sed -e '/^#/d' -e '/^$/d' "$1"
}

sources() {
    git ls-files --cached --others --exclude-standard "$@"
}

check_floors() {
    local file include allowed rule ok
    while IFS=: read -r file include; do
        rule=$(rules $here/layers.txt | awk -F': ' -v f="$file" \
            'index(f, $1 "/") == 1 && length($1) > best {best = length($1); r = $2} END {print r}')
        [ -n "$rule" ] || continue
        ok=
        for allowed in $rule; do
            case "$include" in "$allowed" | "$allowed"/*) ok=1 ;; esac
        done
        [ -n "$ok" ] || breach "$file may not include $include"
    done < <(sources '*.c' '*.h' | xargs grep -HoE '^#include "[^"]+"' |
        sed -E 's/#include "([^"]+)"/\1/')
}

check_doors() {
    local header doors file ok door
    while IFS=: read -r header doors; do
        while read -r file; do
            ok=
            for door in $doors; do
                case "$file" in "$door" | "$door"/*) ok=1 ;; esac
            done
            [ -n "$ok" ] || breach "$file includes <$header>; its door is$doors"
        done < <(sources '*.c' '*.h' | grep -v '^test/' | xargs grep -lF "#include <$header>")
    done < <(rules $here/doors.txt)
}

check_banned_calls() {
    local call instead
    while IFS=: read -r call instead; do
        while read -r where; do
            breach "$where: $call is banned, use$instead"
        done < <(sources '*.c' '*.h' | xargs grep -nHE "(^|[^a-zA-Z0-9_.>])$call\(" |
            grep -vE ':[0-9]+: *(/?\*|//)' | cut -d: -f1,2)
    done < <(rules $here/banned.txt)
}

# A function that is not static begins with its folder's name or its file's (style: one obvious
# owner); so do extern tables, in capitals or not.
check_prefixes() {
    local object symbol folder file path extra
    for object in $(find "$BUILD/obj/apdu" "$BUILD/obj/uicc" "$BUILD/obj/ota" -name '*.o'); do
        path=${object#"$BUILD/obj/"}
        [ -f "${path%.o}.c" ] || continue
        file=$(basename "$path" .o)
        folder=$(basename "$(dirname "$path")")
        extra=$(rules $here/prefixes.txt | sed -n "s|^${path%.o}.c: ||p")
        while read -r symbol; do
            case " $extra " in *" ${symbol%%_*} "*) continue ;; esac
            case "${symbol,,}" in
            "$folder"_* | "${file%%_*}"_* | "$file" | "$file"_*) ;;
            *) breach "${path%.o}.c: symbol $symbol has the prefix of neither folder nor file" ;;
            esac
        done < <(nm --defined-only --extern-only "$object" | awk '$2 ~ /[TRDB]/ {print $3}')
    done
}

check_no_state() {
    local lib
    for lib in apdu uicc ota; do
        size -A "$BUILD/lib/lib$lib.a" 2>/dev/null |
            awk -v lib="$lib" '/^[^ ]+\.o /{o=$1} ($1==".data"||$1==".bss") && $2>0 {print lib": "o" has "$2" bytes of "$1}'
    done | while read -r line; do echo "$line"; done >"$BUILD/lint.state"
    while read -r line; do breach "$line (libraries hold no state)"; done <"$BUILD/lint.state"
    rm -f "$BUILD/lint.state"
}

# The card and the codecs ask nothing of the system; uicc/nvm/file.c alone touches files.
check_pure() {
    local object symbol path
    for object in $(find "$BUILD/obj/apdu" "$BUILD/obj/uicc" -name '*.o' ! -path '*/nvm/file.o'); do
        path=${object#"$BUILD/obj/"}
        [ -f "${path%.o}.c" ] || continue
        while read -r symbol; do
            case "$symbol" in
            malloc | calloc | realloc | free | strdup)
                # Contexts of OpenSSL are made once, with their holder.
                # perso is the manufacturer's side and runs in no card.
                case "$path" in apdu/crypto.o | uicc/perso/*) continue ;; esac
                breach "$path: calls $symbol" ;;
            open* | read | write | pread* | pwrite* | fopen* | socket | connect | send | recv | time | \
                clock_gettime | gettimeofday | getrandom | \
                printf | fprintf | puts | fputs | exit | abort | getenv | ioctl | mmap)
                breach "$path: calls $symbol" ;;
            esac
        done < <(nm --undefined-only "$object" | awk '{print $2}')
    done
}

# What a powered card loads at its start, besides the C library.
check_light() {
    readelf -d "$BUILD/bin/uicc" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^lib(c|crypto)\.so' |
        sed 's/^/uicc needs /; s/$/: its place is uicc_works.c/'
}

check_sizes() {
    sources '*.c' | xargs wc -l | awk '$2 != "total" && $1 > 600 {print $2" has "$1" lines, at most 600"}'
    sources '*.h' | xargs wc -l | awk '$2 != "total" && $1 > 300 {print $2" has "$1" lines, at most 300"}'
    # A function begins in column 0 with "{" and ends with "}".
    sources '*.c' | grep -v '^test/' | xargs awk 'FNR == 1 {open = 0}
        /^\{/ {open = FNR} /^\}/ {if (open && FNR - open - 1 > 70)
            print FILENAME":"open": function of "FNR-open-1" lines, at most 70"; open = 0}'
}

check_format() {
    sources '*.c' '*.h' | xargs clang-format --dry-run 2>&1 | grep -E 'warning|error' | cut -d: -f1 | sort | uniq -c |
        while read -r n file; do echo "$file is not formatted ($n places): make format"; done
}

check_words() {
    git grep -nIE '\b(TOD[O]|FIXM[E]|XX[X])\b' -- '*.c' '*.h' '*.sh' | cut -c1-120 |
        while read -r line; do echo "loose end: $line"; done
}

TIDY_FLAGS='-std=gnu17 -D_GNU_SOURCE -I. -I/usr/include/PCSC'

# Files stand before "--", where clang-tidy looks for them.
check_tidy() {
    [ -n "${NO_TIDY:-}" ] && return
    sources 'apdu/*.c' 'uicc/*.c' 'ota/*.c' 'tools/*.c' |
        xargs -P "$(nproc)" -n 8 sh -c 'clang-tidy --quiet "$@" -- $0 2>&1' "$TIDY_FLAGS" |
        grep -E '(warning|error):' | sort -u
}

from() { # every line that a check prints is a breach
    while read -r line; do breach "$line"; done < <("$@")
}

check_floors
check_doors
check_banned_calls
check_prefixes
check_no_state
check_pure
from check_light
from check_sizes
from check_format
from check_words
from check_tidy
if [ "$failures" -gt 0 ]; then
    echo "lint: $failures breaches"
    exit 1
fi
echo "lint: clean"
