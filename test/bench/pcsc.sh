#!/bin/bash
# APDUs per second through pcscd and vpcd: our card beside a card that answers 9000 at once, in the
# two readers of the same pcscd. BIN is the folder of the programs, NULL_CARD the null card.
set -u
. test/support/shell.sh
own_pcscd

work=$(mktemp -d)
port=$(free_port)
count=${COUNT:-10000}
trap 'stop_all; rm -rf "$work"' EXIT
"$BIN/uicc" make --out "$work/m" --plmn 00101 --seed 03 >/dev/null
start_reader "$work" "$port"
background "$BIN/uicc" run "$work"/m/*.card --vpcd "127.0.0.1:$port"
background "$NULL_CARD" $((port + 1))
wait_for 10 sh -c "'$BIN/apdu' send --reader 0 80F2000C00 >/dev/null 2>&1"
wait_for 10 sh -c "'$BIN/apdu' send --reader 1 80F2000C00 >/dev/null 2>&1"

apdus_per_second() { # READER
    local ms
    ms=$(elapsed_ms sh -c "yes 80F2000C00 | head -n $count | '$BIN/apdu' send --raw --reader $1 -")
    echo $((count * 1000 / ms))
}
apdus_per_second 1 >/dev/null
# Turn by turn, and the medians: the machine's speed drifts more than the two differ.
median() { sort -n | sed -n "$(((ROUNDS + 1) / 2))p"; }
ROUNDS=${ROUNDS:-7}
for _ in $(seq "$ROUNDS"); do
    apdus_per_second 1 >>"$work/null"
    apdus_per_second 0 >>"$work/ours"
done
awk -v o="$(median <"$work/ours")" -v n="$(median <"$work/null")" 'BEGIN {
    printf "STATUS through pcscd     %9d APDU/s   null card %9d APDU/s   ratio %.2f (limit 0.90: %s)\n",
        o, n, o / n, (o / n >= 0.9) ? "kept" : "missed"}'
