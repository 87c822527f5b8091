#!/bin/sh
# Tries the recipes with Debian's nginx and Caddy, unpacked below FOLDER; nothing is installed. What cannot be had is skipped, and
# said.
#
#   run.sh FOLDER
set -eu

packages="nginx caddy"
mkdir -p "$1/archives/partial"
folder=$(cd "$1" && pwd)
root=$folder/root

fetch() {
	apt="apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives=$folder/archives -o APT::Sandbox::User=root
		--no-install-recommends --download-only install $packages"
	$apt >/dev/null 2>&1 || { flock /var/lib/apt/lists apt-get -qq update && $apt; } >&2
}

if [ ! -e "$folder/unpacked" ]; then
	command -v apt-get >/dev/null || { echo "gateways: skipped, there is no apt-get" >&2; exit 0; }
	fetch || { echo "gateways: skipped, the packages cannot be had" >&2; exit 0; }
	rm -rf "$root"
	mkdir "$root"
	for deb in "$folder"/archives/*.deb; do
		dpkg-deb -x "$deb" "$root"
	done
	touch "$folder/unpacked"
fi
cd "$(dirname "$0")/.."
lib=$root/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
LD_LIBRARY_PATH=$lib PATH="$root/usr/sbin:$root/usr/bin:$PATH" PORTICO_TEST_GATEWAYS=1 exec go test -count=1 -run '^TestGateways$' -v .
