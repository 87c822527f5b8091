#!/bin/sh
# Unpacks Debian's packages, and what this system lacks of all that they need, into FOLDER/root, and keeps them for the next time;
# nothing is installed. Where they cannot be had it fails, and the reason stands on stderr.
#
#   unpack.sh FOLDER PACKAGE...
set -eu

mkdir -p "$1/archives/partial"
folder=$(cd "$1" && pwd)
root=$folder/root
shift

fetch() {
	apt="apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives=$folder/archives -o APT::Sandbox::User=root
		--no-install-recommends --download-only install $*"
	$apt >/dev/null 2>&1 || { flock /var/lib/apt/lists apt-get -qq update && $apt; } >&2
}

[ ! -e "$folder/unpacked" ] || exit 0
command -v apt-get >/dev/null || { echo "there is no apt-get" >&2; exit 1; }
fetch "$@" || { echo "the packages cannot be had" >&2; exit 1; }
rm -rf "$root"
mkdir "$root"
for deb in "$folder"/archives/*.deb; do
	dpkg-deb -x "$deb" "$root"
done
touch "$folder/unpacked"
