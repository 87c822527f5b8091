#!/bin/sh
# What the portal keeps in /var/lib/portico stays, also when the package is purged: its keys are nowhere else.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl disable --now portico.service
fi
