#!/bin/bash
# Applets that a profile names: on the card, in `uicc show`, behind SELECT; and how a line that
# cannot be is told.
set -u
. test/support/shell.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uicc=$BIN/uicc

cat >"$work/applets.profile" <<'END'
name = with-applets
applet hello = F0AA000001 priority 5 menu 1 text 16 tar 0A0B0C level 16
applet imsi-watch = F0AA000002 priority 9 files PIN1 data 2B343931373237
END
expect 0 "a card is made" "$uicc" make --out "$work/a" --profile "$work/applets.profile" --seed 01
card=$(echo "$work"/a/*.card)
show=$("$uicc" show "$card")
check "show lists the applets of the profile" \
    'grep -q "^applet  *F0AA000001 hello, selectable, TAR 0A0B0C from level 16, priority 5$" <<<"$show"'
check "each with what it was given" \
    'grep -q "^applet  *F0AA000002 imsi-watch, selectable, priority 9$" <<<"$show"'
check "and the subscription manager, which every card has" \
    'grep -q "BFFF0001 subscription manager, selectable, TAR BFFF00 from level 16$" <<<"$show"'
names='"name": "\(hello\|imsi-watch\|subscription manager\|security domain\)"'
check "so does show --json" '[ "$("$uicc" show "$card" --json | grep -c "$names")" -eq 4 ]'
expect 0 "an applet is selected" "$BIN/apdu" send --card "$card" 00A4040005F0AA000001 00B000000C
check "and answers" '[ "$(tail -n 1 <<<"$output")" = "48656C6C6F2C20776F726C64 9000" ]'

printf 'name = bad\n\napplet nobody = F0AA000001\n' >"$work/bad.profile"
expect 1 "no card without a module" "$uicc" make --out "$work/b" --profile "$work/bad.profile"
check "the line is told" '[[ $output == *"line 3: no applet \"nobody\""* ]]'
printf 'applet hello = F0AA000001\napplet hello = F0AA000001\n' >"$work/twice.profile"
expect 1 "no card that refuses" "$uicc" make --out "$work/c" --profile "$work/twice.profile"
check "nothing is left" '! ls "$work"/b/*.card "$work"/c/*.card >/dev/null 2>&1'
finish
