#!/bin/sh
# Prints the path of a Chromium without windows for tests: Debian's, unpacked below FOLDER and kept for the next time; nothing is
# installed. It needs apt-get. Where it cannot be had nothing is printed, and the reason stands on stderr.
#
#   chromium.sh FOLDER
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
root=$folder/root

"$here/../../.ci/unpack.sh" "$folder" chromium-headless-shell fonts-dejavu-core || { echo "chromium: it cannot be had" >&2; exit 0; }
cat >"$folder/chromium" <<-END
	#!/bin/sh
	lib=$root/usr/lib/\$(dpkg-architecture -q DEB_HOST_MULTIARCH 2>/dev/null || echo "\$(uname -m)-linux-gnu")
	LD_LIBRARY_PATH=\$lib:\$lib/pulseaudio exec $root/usr/lib/chromium/chromium-headless-shell "\$@"
END
chmod +x "$folder/chromium"
"$folder/chromium" --version >&2 || { echo "chromium: it does not start" >&2; exit 0; }
echo "$folder/chromium"
