#!/bin/bash
# Every trace of test/traces/ on a card of its own, made with the seed that they were recorded
# with: nothing may differ. Then the same traces on a card of another operator, where identities
# and keys may differ and nothing else.
set -u
. test/support/shell.sh
. test/support/corpus.sh
output=

work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT

make_corpus_cards
"$BIN/uicc" make --out "$work/other" --seed 2E --plmn 26202 --slots 3 >/dev/null || fail "uicc make"

replay() { # same|3des|unciphered|other TRACE [OPTION...]
    local card trace=$2
    card=$(echo "$work/$1"/*.card)
    cp "$card" "$work/card"
    "$BIN/apdu" replay "$trace" --card "$work/card" --values "$work/$1/cards.csv" "${@:3}"
}

traces=0
for trace in test/traces/*.apdu; do
    name=$(basename "$trace" .apdu)
    traces=$((traces + 1))
    check "$name tells its origin and licence" \
        'head -n 1 "$trace" | grep -q "^# Origin: .* Licence: "'
    expect 0 "$name replays to the byte" replay "$(made_for "$name")" "$trace" --strict
    check "$name is not empty" '[[ $output =~ [1-9][0-9]*\ equal ]]'
    expect 0 "$name is decoded" "$BIN/apdu" decode --json "$trace"
    [ "$name" = toolkit ] || # it has envelopes that are none
        check "$name has nothing malformed" '! grep -q "\"malformed\":true" <<<"$output"'
done
check "there were traces" '[ "$traces" -ge 20 ]'

# What depends on keys of the air, or on PINs of the seed, cannot pass on another card.
for name in startup_modem_lte startup_modem_many startup_phone_5g phonebook_sms gsm_mode toolkit opensc_tool scriptor \
    pysim_read \
    eapol_aka eapol_sim; do
    expect 0 "$name passes by its rules on another operator's card" \
        replay other "test/traces/$name.apdu"
done
for name in startup_modem_lte startup_phone_5g gsm_mode opensc_tool scriptor; do
    expect 1 "$name is told from its own card" replay other "test/traces/$name.apdu" --strict
done
for name in ota_rfm ota_refused ota_3des ota_unciphered; do
    expect 1 "$name: packets of another card are refused, and that is seen" \
        replay other "test/traces/$name.apdu"
done
for name in globalplatformpro gpshell gpshell_scp02 pysim_isd; do
    expect 1 "$name: a secure channel opens with the keys of its own card alone" \
        replay other "test/traces/$name.apdu"
done
expect 1 "unciphered packets are refused at the usual level" \
    replay same test/traces/ota_unciphered.apdu
finish
