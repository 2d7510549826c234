#!/bin/sh
# deps.sh PACKAGE... - install the Debian packages that are missing, or say how.
set -eu

missing=
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

run=
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        run='sudo -n'
    else
        echo "make deps: packages are missing and this user may not install them. Run:" >&2
        echo "    sudo apt-get update && sudo apt-get install -y$missing" >&2
        exit 1
    fi
fi

echo "make deps: installing$missing" >&2
log=$(mktemp)
# vsmartcard-vpcd and osmo-hlr would start services; tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $run tee "$policy" >/dev/null
    $run chmod 755 "$policy"
    trap '$run rm -f "$policy" "$log"' EXIT
else
    trap 'rm -f "$log"' EXIT
fi
install_missing() {
    # shellcheck disable=SC2086
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}
if ! { $run apt-get update && install_missing; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "make deps: apt-get failed; the packages are:$missing" >&2
    exit 1
fi
