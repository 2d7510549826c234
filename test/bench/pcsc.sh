#!/bin/bash
# Through pcscd and vpcd: our card beside a card that answers 9000 at once, in the two readers of
# the same pcscd. BIN is the folder of the programs, BENCH that of the null card.
set -u
. test/support/shell.sh
own_pcscd

ROUNDS=${ROUNDS:-7}
count=${COUNT:-10000}
packets=$((count / 5))
# Memory that costs nothing, so that the way through pcscd is what is measured.
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)")
port=$(free_port)
trap 'stop_all; rm -rf "$work"' EXIT
"$BENCH/packets" "$work/card" $((packets * ROUNDS)) >"$work/all" || fail "no packets"
split -d -a 2 -l $((2 * packets)) "$work/all" "$work/round."
start_reader "$work" "$port"
background "$BIN/uicc" run "$work/card" --vpcd "127.0.0.1:$port"
background "$BENCH/null_card" $((port + 1))
wait_for 10 sh -c "'$BIN/apdu' send --reader 0 80F2000C00 >/dev/null 2>&1"
wait_for 10 sh -c "'$BIN/apdu' send --reader 1 80F2000C00 >/dev/null 2>&1"

apdus_per_second() { # READER FILE
    local ms
    ms=$(elapsed_ms sh -c "'$BIN/apdu' send --raw --reader $1 - <'$2' >'$work/answers.$1'")
    echo $(($(wc -l <"$2") * 1000 / ms))
}
median() { sort -n "$1" | sed -n "$(((ROUNDS + 1) / 2))p"; }
tell() { # WHAT FILE LIMIT
    awk -v what="$1" -v o="$(median "$work/$2.0")" -v n="$(median "$work/$2.1")" -v limit="$3" 'BEGIN {
        printf "%-24s %6d APDU/s   null card %6d APDU/s   ratio %.2f (limit %.2f: %s)\n",
            what, o, n, o / n, limit, (o / n >= limit) ? "kept" : "missed"}'
}

yes 80F2000C00 | head -n "$count" >"$work/status"
apdus_per_second 1 "$work/status" >/dev/null
# Turn by turn, and the medians: the machine's speed drifts more than the two differ.
for round in "$work"/round.*; do
    for reader in 1 0; do
        apdus_per_second $reader "$work/status" >>"$work/a.$reader"
        apdus_per_second $reader "$round" >>"$work/b.$reader"
    done
    [ "$(grep -c '^0[0-9A-F]*9000$\|^.* 9000$' "$work/answers.0")" = "$packets" ] ||
        fail "a packet has no proof"
done
tell "STATUS through pcscd" a 0.90
# 8,000 where a null card does 15,000; a packet is two APDUs, its proof is fetched by the second.
tell "OTA packets and proofs" b 0.53
