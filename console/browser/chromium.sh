#!/bin/sh
# Prints the path of a Chromium without windows for tests: Debian's, unpacked below FOLDER and kept for the next time; nothing is
# installed. It needs apt-get. Where it cannot be had nothing is printed, and the reason stands on stderr.
#
#   chromium.sh FOLDER
set -eu

packages="chromium-headless-shell fonts-dejavu-core"
mkdir -p "$1/archives/partial"
folder=$(cd "$1" && pwd)
root=$folder/root

# fetch gets the packages, and what this system lacks of all that they need.
fetch() {
	apt="apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives=$folder/archives -o APT::Sandbox::User=root
		--no-install-recommends --download-only install $packages"
	$apt >/dev/null 2>&1 || { flock /var/lib/apt/lists apt-get -qq update && $apt; } >&2
}

if [ ! -e "$folder/unpacked" ]; then
	command -v apt-get >/dev/null || { echo "chromium: there is no apt-get" >&2; exit 0; }
	fetch || { echo "chromium: its packages cannot be had" >&2; exit 0; }
	rm -rf "$root"
	mkdir "$root"
	for deb in "$folder"/archives/*.deb; do
		dpkg-deb -x "$deb" "$root"
	done
	cat >"$folder/chromium" <<-END
		#!/bin/sh
		lib=$root/usr/lib/\$(dpkg-architecture -q DEB_HOST_MULTIARCH 2>/dev/null || echo "\$(uname -m)-linux-gnu")
		LD_LIBRARY_PATH=\$lib:\$lib/pulseaudio exec $root/usr/lib/chromium/chromium-headless-shell "\$@"
	END
	chmod +x "$folder/chromium"
	"$folder/chromium" --version >&2 || { echo "chromium: it does not start" >&2; exit 0; }
	touch "$folder/unpacked"
fi
echo "$folder/chromium"
