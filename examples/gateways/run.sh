#!/bin/sh
# Tries the recipes with Debian's nginx and Caddy, unpacked below FOLDER; nothing is installed. What cannot be had is skipped, and
# said. Envoy, which is no package of Debian's, is tried too where it is there.
#
#   run.sh FOLDER
set -eu

mkdir -p "$1"
folder=$(cd "$1" && pwd)
root=$folder/root
cd "$(dirname "$0")/.."
../.ci/unpack.sh "$folder" nginx caddy || { echo "gateways: skipped, nginx and Caddy cannot be had" >&2; exit 0; }
lib=$root/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
LD_LIBRARY_PATH=$lib PATH="$root/usr/sbin:$root/usr/bin:$PATH" PORTICO_TEST_GATEWAYS=1 exec go test -count=1 -run '^TestGateways$' -v .
