#!/bin/sh
# The service is not started by itself: its first start prints the password of the first operator. One that runs is restarted, so that
# it is the program that was installed.
set -e
[ "$1" = configure ] || exit 0
systemd-sysusers portico.conf || useradd --system --home-dir /var/lib/portico --shell /usr/sbin/nologin portico
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart portico.service
fi
if [ -z "$2" ]; then
	echo "portico: set /etc/portico/portico.env, then: systemctl enable --now portico; journalctl -u portico"
fi
