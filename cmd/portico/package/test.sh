#!/bin/sh
# Looks at the package that make package has made: test.sh FILE.deb. What a machine lacks for a look is said, and skipped.
set -eu
deb=$(realpath "$1")
cd "$(dirname "$0")/../../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "$*" >&2
	exit 1
}
has() { command -v "$1" >/dev/null || { echo "skipped what needs $1: it is not on this machine"; return 1; }; }

# The same commit makes the same program, wherever it is built.
if has git; then
	mkdir "$dir/elsewhere"
	git archive HEAD | tar -x -C "$dir/elsewhere"
	if git diff --quiet HEAD; then
		make -s -C "$dir/elsewhere" build VERSION="$(bin/portico version | cut -d' ' -f2)" >/dev/null
		cmp bin/portico "$dir/elsewhere/bin/portico" || fail "the program depends on where it was built"
	else
		echo "skipped the second build: there are changes that are not committed"
	fi
fi
if has file; then
	file bin/portico | grep -q 'statically linked' || fail "the program is not static"
fi

if has dpkg-deb; then
	dpkg-deb -x "$deb" "$dir/root"
	cmp bin/portico "$dir/root/usr/bin/portico"
	[ "$(stat -c %a "$dir/root/etc/portico/portico.env")" = 600 ] || fail "others can read the settings"
	[ "$(dpkg-deb -f "$deb" Package)" = portico ] || fail "not named portico"
	dpkg-deb --ctrl-tarfile "$deb" | tar -tf - | grep -q conffiles || fail "an upgrade would overwrite the settings"
	for shell in bash-completion/completions/portico zsh/vendor-completions/_portico fish/vendor_completions.d/portico.fish; do
		grep -q portico "$dir/root/usr/share/$shell" || fail "no completion in $shell"
	done
	if has bash; then bash -n "$dir/root/usr/share/bash-completion/completions/portico"; fi
fi
for script in postinst.sh prerm.sh; do sh -n "cmd/portico/package/$script"; done

# 20 is 2.0: the exposure of 0 to 10 that systemd tells, times ten.
if has systemd-analyze; then
	systemd-analyze security --offline=true --threshold=20 --no-pager cmd/portico/package/portico.service >"$dir/security" ||
		{ tail -n 3 "$dir/security"; fail "the unit allows too much"; }
	tail -n 1 "$dir/security"
fi

# On a machine of its own, which a container is: the package is installed, purged, and leaves what the portal keeps.
if [ "${PORTICO_TEST_INSTALL:-}" ]; then
	dpkg -i "$deb"
	getent passwd portico >/dev/null || fail "there is no user"
	portico version
	mkdir -p /var/lib/portico && touch /var/lib/portico/kept
	dpkg -P portico
	[ -e /var/lib/portico/kept ] || fail "the data is gone"
fi
echo "$(basename "$deb") is as it should be"
