#!/bin/sh
# Runs the tests of the console in a browser. Where npm's packages or a Chromium cannot be had they are skipped, and it says so.
#
#   run.sh FOLDER BINARY
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
binary=$(readlink -f "$2")

if [ ! -d "$here/node_modules" ]; then
	echo "browser: skipped, npm's packages are not there" >&2
	exit 0
fi
if ! node -e 'process.exit(Number(Number.parseInt(process.versions.node) < 20))'; then
	echo "browser: skipped, it takes Node 20" >&2
	exit 0
fi
chromium=$("$here/chromium.sh" "$folder")
if [ -z "$chromium" ]; then
	echo "browser: skipped, there is no Chromium" >&2
	exit 0
fi
cd "$here"
rm -rf "$folder/shots"
PORTICO_TEST_BINARY=$binary PORTICO_TEST_CHROMIUM=$chromium PORTICO_TEST_SHOTS=$folder/shots exec node --test --test-concurrency=3
