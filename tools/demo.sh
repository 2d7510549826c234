#!/bin/bash
# demo.sh - a real change of operator, end to end, on loopback (3GPP TR 33.812, alternatives 3a, 3b).
#
# Three parties, each with a folder of its own below $DEMO (build/demo): manufacturer M, operator A
# (001-01) who has the cards, operator B (999-70) who gets them. A mobile network with an SMS
# centre stands between them. Nothing is shared but what a party sends to another.
#
# CARDS=100 ALTERNATIVE=3b|3a SEED=n; faults of the network: LOSS, DOUBLE, POWER in percent, DELAY in ms.
# Exit status 0 only if every card passed every step.
set -u
cd "$(dirname "$0")/.." || exit 2

BIN=$(realpath "${BIN:-build/bin}")
CARDS=${CARDS:-100}
ALTERNATIVE=${ALTERNATIVE:-3b}
SEED=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
DEMO=${DEMO:-build/demo}

usage() {
    echo "usage: make demo [CARDS=1..100000] [ALTERNATIVE=3b|3a] [SEED=number]" >&2
    exit 2
}
[[ $CARDS =~ ^[0-9]+$ && $CARDS -ge 1 && $CARDS -le 100000 && $SEED =~ ^[0-9]+$ ]] || usage
[[ $ALTERNATIVE == 3a || $ALTERNATIVE == 3b ]] || usage
WAIT=${WAIT:-$((120 + CARDS / 20))} # seconds for the slowest step

rm -rf "$DEMO" && mkdir -p "$DEMO" && cd "$DEMO" || exit 1
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null' EXIT
trap 'exit 130' INT TERM

# --- the table -----------------------------------------------------------------------------------

failures=0
row_start=$(date +%s%N)

# row TEXT COUNT WANTED: one finished step, with the time since the row before.
row() {
    local now verdict=ok
    now=$(date +%s%N)
    [ "$2" = "$3" ] || { verdict=FAILED; failures=$((failures + 1)); }
    printf '%-66s %7s of %-7s %7d.%03d s  %s\n' "$1" "$2" "$3" \
        $(((now - row_start) / 1000000000)) $(((now - row_start) / 1000000 % 1000)) "$verdict"
    row_start=$(date +%s%N)
}

stop_at() {
    echo "demo: $1" >&2
    [ -s server.log ] && tail -n 20 server.log >&2
    echo "demo: everything is left in $DEMO" >&2
    exit 1
}

must() {
    "$@" >>commands.log 2>&1 || { tail -n 5 commands.log >&2; stop_at "failed: ${*#"$BIN/"}"; }
}

# refused REASON COMMAND...: it must fail, and say why.
refused() {
    local reason=$1 said
    shift
    said=$("$@" 2>&1) && return 1
    grep -q "$reason" <<<"$said"
}

fleet() { "$BIN/uicc" fleet ask fleet.sock "$@" 2>/dev/null; }
number() { grep -oE "\"$1\": ?[0-9]+" | grep -oE '[0-9]+$' || echo 0; }
attached() { fleet status | number "$1"; }

# until COUNT COMMAND...: repeat until it prints COUNT, or time is over; print what it printed last.
until_count() {
    local want=$1 end=$((SECONDS + WAIT)) got=
    shift
    while got=$("$@"); [ "$got" != "$want" ] && [ "$SECONDS" -lt "$end" ]; do sleep 0.1; done
    echo "$got"
}

serve() { # FOLDER NAME: that operator's OTA server
    "$BIN/ota-server" --config "$1/server.ini" >>server.log 2>&1 &
    pids+=($!)
}

configure() { # FOLDER SOURCE: the operator's short code, where proofs go
    cat >"$1/server.ini" <<INI
[ledger]
file = $1/ota.db
kek = @$1/ota.key

[smpp]
port = $smpp_port
system_id = ota-${1/T/A}
password = secret
source = $2
INI
}

echo "Reseat: $CARDS cards change from operator A (001-01) to B (999-70), alternative $ALTERNATIVE, seed $SEED"

# --- 1 the manufacturer ----------------------------------------------------------------------------

must "$BIN/uicc" make --out M --count "$CARDS" --slots 4 --plmn 00101 --seed "$(printf %08x "$SEED")"
row "manufacturer: cards made, each with 4 indexed Ki/OTA pairs" "$(ls M | grep -c '\.card$')" "$CARDS"

must "$BIN/opchange" party init M --name M --role manufacturer
must "$BIN/opchange" party init A --name A --role operator --plmn 00101
must "$BIN/opchange" party init B --name B --role operator --plmn 99970
for party in M A B; do
    for peer in M A B; do
        [ $party = $peer ] || must "$BIN/opchange" party trust $party $peer/party.crt
    done
done
cp M/cards.csv A/cards.csv # the delivery: slot 1 of each card, and nothing else

# --- 2 the network ---------------------------------------------------------------------------------

must "$BIN/opchange" activate --hlr A/hlr.db --cards A/cards.csv
must "$BIN/opchange" activate --hlr B/hlr.db --cards /dev/null
"$BIN/uicc" fleet M --network "A:00101:A/hlr.db" --network "B:99970:B/hlr.db" --smpp 0 \
    --esme ota-A:secret --esme ota-B:secret --control fleet.sock --seed "$SEED" \
    --loss "${LOSS:-0}" --double "${DOUBLE:-0}" --delay "${DELAY:-0}" --power-cut "${POWER:-0}" \
    >fleet.log 2>&1 &
pids+=($!)
[ "$(until_count "$CARDS" attached cards)" = "$CARDS" ] || stop_at "the fleet does not come up"
smpp_port=$(fleet status | number smpp_port)
row "network: handsets attached at A, AKA against A's centre" "$(until_count "$CARDS" attached A)" "$CARDS"

# --- 3 the list of new IMSIs -------------------------------------------------------------------------

must "$BIN/opchange" party init X --name B --role operator --plmn 99970 # a stranger with B's name
must "$BIN/opchange" party trust X A/party.crt
list=("$BIN/opchange" list make --to A --cards A/cards.csv --first-imsi 999700000000001
    --alternative "$ALTERNATIVE")
must "${list[@]}" --party B --out B/list.cms
must "${list[@]}" --party X --out forged.cms
cp B/list.cms altered.cms
size=$(stat -c %s altered.cms)
printf '\x00' | dd of=altered.cms bs=1 seek=$((size / 2)) conv=notrunc status=none
bad=0
check=("$BIN/opchange" list check --party A)
refused 'altered' "${check[@]}" altered.cms && bad=$((bad + 1))
refused 'somebody else' "${check[@]}" forged.cms && bad=$((bad + 1))
row "A refuses lists: altered, signed by a stranger" "$bad" 2

# --- 4 the change, over the air --------------------------------------------------------------------

configure A 90001
must "$BIN/ota" card import --config A/server.ini A/cards.csv
serve A
"$BIN/opchange" run B/list.cms --party A --name move --timeout "${TIMEOUT:-10}" \
    --ledger A/ota.db --kek @A/ota.key >>commands.log 2>&1
ended() { "$BIN/ota" campaign report "$1" --config "$2/server.ini" --csv | grep -c ",$3,"; }
# A proof that the network lost is missed by nobody but A: B will have seen the card, or not.
lost=$(ended move A unknown)
[ "$lost" -gt 0 ] && echo "($lost proofs are lost for good)"
row "A's server: changed over SMS (SMPP), proofs of receipt" $(($(ended move A proved) + lost)) "$CARDS"

bad=0
refused 'replayed' "${check[@]}" B/list.cms && bad=$((bad + 1))
echo 8988211000000430010 >iccid # some card of a later list
must "$BIN/opchange" list make --party B --to A --iccids iccid --first-imsi 999700999999999 --days 0 \
    --out old.cms
sleep 1.1
refused 'expired' "${check[@]}" old.cms && bad=$((bad + 1))
row "A refuses lists: replayed, expired" "$bad" 2

# --- 5 the hand-over -------------------------------------------------------------------------------

must "$BIN/opchange" handover --party A --to B --campaign move --ledger A/ota.db --kek @A/ota.key \
    --hlr A/hlr.db --out A/handover.cms
keys=A/handover.cms
if [ "$ALTERNATIVE" = 3b ]; then
    must "$BIN/opchange" request A/handover.cms --party B --to M --out B/request.cms
    must "$BIN/opchange" issue B/request.cms --party M --vault M/vault.db --kek @M/vault.key --out M/issue.cms
    keys=M/issue.cms
    row "B asks M for exactly these pairs, M gives each to B alone" \
        "$("$BIN/opchange" status --party B --vault M/vault.db --kek @M/vault.key --json | number offered)" "$CARDS"
fi
must "$BIN/opchange" activate "$keys" --party B --hlr B/hlr.db --ledger B/ota.db --kek @B/ota.key

# --- 6 with the new operator -----------------------------------------------------------------------

row "cards attached at B: new IMSI, AKA against B's centre" "$(until_count "$CARDS" attached B)" "$CARDS"

if [ "$ALTERNATIVE" = 3a ]; then
    configure B 90002
    serve B
    must "$BIN/ota" campaign create renew --method renew --all --config B/server.ini --start
    must "$BIN/ota" campaign watch renew --config B/server.ini
    row "B's server: OTA keys replaced over the air (PUT KEY)" "$(ended renew B proved)" "$CARDS"
fi

# Somebody has every key that A ever had, and counters above all that A used.
mkdir T
configure T 90009
must "$BIN/ota" card import --config T/server.ini A/cards.csv
"$BIN/ota-server" --config T/server.ini --skip-counters 100000 >>server.log 2>&1 &
pids+=($!)
script=00A40004027FFF00A40004026F0700D6000009$(printf 0809101010325476F8) # EF.IMSI back to 001-01
must "$BIN/ota" campaign create back --method script --all --script "$script" --timeout 1 --tries 2 \
    --config T/server.ini --start
"$BIN/ota" campaign watch back --config T/server.ini >>commands.log 2>&1
moved=$(ended back T proved)
row "A's OTA keys, tried on every card: cards that did not obey" $((CARDS - moved)) "$CARDS"
row "cards still attached at B" "$(attached B)" "$CARDS"
challenge=$(fleet challenge A/cards.csv)
if [ "$ALTERNATIVE" = 3b ]; then
    row "A's K, tried on every card: refused with 9862" "$(number refused <<<"$challenge")" "$CARDS"
else
    row "A's K is still the card's: alternative 3a leaves it until B renews it" \
        "$(number accepted <<<"$challenge")" "$CARDS"
fi

fleet stop
[ "$failures" -eq 0 ] || stop_at "$failures of the steps failed"
echo "All $CARDS cards changed their operator. What happened is in $DEMO."
