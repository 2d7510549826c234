# corpus.sh - the cards that the sessions of test/traces/ were recorded with. After shell.sh; work is
# the test's folder.

# As the first lines of the traces say.
make_corpus_cards() {
    local recorded=(--seed 1D --plmn 00101 --slots 3)
    sed -E 's/^(tar B00(000|120) = rfm-uicc) 16/\1 12/' tools/profiles/m2m-5g.profile >"$work/profile"
    "$BIN/uicc" make --out "$work/same" "${recorded[@]}" >/dev/null &&
        "$BIN/uicc" make --out "$work/3des" "${recorded[@]}" --ota 3des >/dev/null &&
        "$BIN/uicc" make --out "$work/unciphered" "${recorded[@]}" --profile "$work/profile" >/dev/null ||
        fail "uicc make"
}

# made_for NAME: which of them that session was recorded with.
made_for() {
    case $1 in
    ota_3des | gpshell_scp02) echo 3des ;;
    ota_unciphered) echo unciphered ;;
    *) echo same ;;
    esac
}
