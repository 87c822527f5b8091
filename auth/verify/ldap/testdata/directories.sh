#!/bin/sh
# Runs a command beside two directory servers of Debian: OpenLDAP with password policies, and Samba as an Active Directory domain
# controller.
#
#   directories.sh FOLDER COMMAND...
#
# The packages are unpacked into a root of their own below FOLDER, which is kept for the next time; nothing is installed. It needs
# root, for chroot and the ports of LDAP, and apt-get. Where a network namespace can be had the servers and the command get one.
# The command finds the folder of what the servers have in PORTICO_TEST_DIRECTORIES; or, where they cannot be had, the
# reason in PORTICO_TEST_NO_DIRECTORIES.
set -eu

packages="slapd samba samba-ad-dc samba-ad-provision samba-dsdb-modules winbind openssl iproute2"
self=$(readlink -f "$0")
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
root=$folder/root
made=$folder/made

log() { echo "directories: $*" >&2; }

in_root() { LC_ALL=C PATH=/usr/sbin:/usr/bin chroot "$root" "$@"; }

# fetch gets the packages and all that they need, as if nothing were installed.
fetch() {
	mkdir -p "$folder/archives/partial"
	: >"$folder/status"
	apt="apt-get -qq -y -o Debug::NoLocking=1 -o Dir::State::status=$folder/status -o Dir::Cache::archives=$folder/archives
		-o APT::Sandbox::User=root --no-install-recommends --download-only install $packages"
	$apt >/dev/null 2>&1 || { flock /var/lib/apt/lists apt-get -qq update && $apt >/dev/null; }
}

unpack() {
	rm -rf "$root"
	mkdir -p "$root/usr"
	for d in bin sbin lib lib64; do
		mkdir "$root/usr/$d"
		ln -s "usr/$d" "$root/$d"
	done
	for deb in "$folder"/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink --exclude ./usr/share/doc --exclude ./usr/share/man -C "$root"
	done
	mkdir -p "$root/dev" "$root/proc" "$root/tmp" "$root/run" "$root/srv/tls" "$root/var/run/samba" "$root/var/log/samba"
	mknod -m 666 "$root/dev/null" c 1 3
	mknod -m 666 "$root/dev/random" c 1 8
	mknod -m 666 "$root/dev/urandom" c 1 9
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nusers:x:100:\nnogroup:x:65534:\n' >"$root/etc/group"
	printf '127.0.0.1 localhost dc1.ad.example dc1\n' >"$root/etc/hosts"
}

# certify makes an authority and a certificate of both servers. Samba's own has a negative serial number, which Go refuses.
certify() {
	in_root openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=authority \
		-keyout /srv/tls/ca.key -out /srv/tls/ca.pem 2>/dev/null
	in_root openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=directory \
		-CA /srv/tls/ca.pem -CAkey /srv/tls/ca.key -addext subjectAltName=DNS:dc1.ad.example,DNS:ldap.example \
		-addext basicConstraints=critical,CA:FALSE -keyout /srv/tls/key.pem -out /srv/tls/cert.pem 2>/dev/null
	chmod 600 "$root/srv/tls/ca.key" "$root/srv/tls/key.pem"
}

samba_tool() { in_root samba-tool "$@" --configfile=/srv/ad/etc/smb.conf >>"$folder/samba-tool.log" 2>&1; }

# provision makes the domain PORTICO, which locks an account after three wrong passwords, and its users. Passwords do not expire, so
# that the folder can be kept.
provision() {
	in_root samba-tool domain provision --realm ad.example --domain PORTICO --server-role dc --dns-backend NONE --host-name dc1 \
		--host-ip 127.0.0.1 --adminpass 'Passw0rd!admin' --targetdir /srv/ad >"$folder/samba-tool.log" 2>&1
	sed -i -e '/server services/d' -e '/^\[global\]/a\
	server services = ldap\
	interfaces = lo\
	bind interfaces only = yes\
	tls keyfile = /srv/tls/key.pem\
	tls certfile = /srv/tls/cert.pem\
	tls cafile = /srv/tls/ca.pem' "$root/srv/ad/etc/smb.conf"
	samba_tool domain passwordsettings set --account-lockout-threshold=3 --account-lockout-duration=30 \
		--reset-account-lockout-after=30 --max-pwd-age=0
	for user in good disabled locked expired spared; do
		samba_tool user create $user "Passw0rd!$user"
	done
	samba_tool user create mustchange 'Passw0rd!mustchange' --must-change-at-next-login
	samba_tool user disable disabled
	samba_tool user setexpiry expired --days=0
}

# person is an entry of OpenLDAP; what it has besides comes on the standard input.
person() {
	printf 'dn: uid=%s,ou=people,dc=example\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: %s\nuserPassword: Passw0rd!%s\n' "$1" "$1" "$1"
	cat
	echo
}

policy() {
	printf 'dn: cn=%s,dc=example\nobjectClass: device\nobjectClass: pwdPolicy\ncn: %s\npwdAttribute: userPassword\n' "$1" "$1"
	printf 'pwdLockout: TRUE\npwdMaxFailure: 3\npwdLockoutDuration: 1800\npwdFailureCountInterval: 1800\npwdMustChange: TRUE\n'
	cat
	echo
}

people() {
	mkdir -p "$root/srv/people"
	cat >"$root/srv/slapd.conf" <<-CONF
		include /etc/ldap/schema/core.schema
		include /etc/ldap/schema/cosine.schema
		modulepath /usr/lib/ldap
		moduleload back_mdb
		moduleload ppolicy
		TLSCACertificateFile /srv/tls/ca.pem
		TLSCertificateFile /srv/tls/cert.pem
		TLSCertificateKeyFile /srv/tls/key.pem
		security simple_bind=128
		database mdb
		maxsize 10485760
		suffix dc=example
		rootdn cn=root,dc=example
		directory /srv/people
		overlay ppolicy
		ppolicy_default cn=usual,dc=example
		ppolicy_use_lockout
	CONF
	{
		printf 'dn: dc=example\nobjectClass: domain\ndc: example\n\ndn: ou=people,dc=example\nobjectClass: organizationalUnit\nou: people\n\n'
		policy usual </dev/null
		printf 'pwdMaxAge: 60\n' | policy short
		printf 'pwdMaxAge: 60\npwdGraceAuthNLimit: 100\n' | policy grace
		for user in good locked spared; do
			person $user </dev/null
		done
		printf 'pwdAccountLockedTime: 000001010000Z\n' | person disabled
		printf 'pwdPolicySubentry: cn=short,dc=example\npwdChangedTime: 20200101000000Z\n' | person expired
		printf 'pwdPolicySubentry: cn=grace,dc=example\npwdChangedTime: 20200101000000Z\n' | person grace
		printf 'pwdReset: TRUE\n' | person mustchange
	} >"$root/srv/people.ldif"
	in_root slapadd -q -f /srv/slapd.conf -l /srv/people.ldif
}

prepare() {
	version=$(sha256sum <"$self")
	if [ "$(cat "$made" 2>/dev/null)" = "$version" ]; then
		return
	fi
	rm -f "$made"
	log "getting the packages"
	fetch
	log "unpacking them"
	unpack
	log "making the directories"
	certify
	people
	provision
	rm -rf "$folder/clean"
	cp -a "$root/srv" "$folder/clean"
	echo "$version" >"$made"
}

# serve runs the command beside the servers, which begin with what they had when they were made.
serve() {
	rm -rf "$root/srv"
	cp -a "$folder/clean" "$root/srv"
	chroot "$root" /usr/sbin/slapd -d 0 -f /srv/slapd.conf -h 'ldap://127.0.0.1:1389 ldaps://127.0.0.1:1636' >"$folder/slapd.log" 2>&1 &
	slapd=$!
	chroot "$root" /usr/sbin/samba -F --no-process-group --configfile=/srv/ad/etc/smb.conf >"$folder/samba.log" 2>&1 &
	samba=$!
	trap 'kill $slapd $samba 2>/dev/null; wait' EXIT
	PORTICO_TEST_DIRECTORIES=$root/srv "$@"
}

if [ "$1" = --inside ]; then
	shift
	in_root ip link set lo up
	serve "$@"
	exit
fi

reason=
if [ "$(id -u)" != 0 ]; then
	reason="this needs root"
elif ! command -v apt-get >/dev/null; then
	reason="this needs apt-get"
fi
if [ -z "$reason" ]; then
	set +e # within an if a failure would not end it
	(
		set -e
		prepare >&2
	)
	status=$?
	set -e
	if [ $status != 0 ]; then
		reason="the packages cannot be got and set up"
	fi
fi
if [ -n "$reason" ]; then
	log "none: $reason"
	PORTICO_TEST_NO_DIRECTORIES=$reason exec "$@"
fi
if unshare --net --pid --fork --kill-child true 2>/dev/null; then
	exec unshare --net --pid --fork --kill-child sh "$self" "$folder" --inside "$@"
fi
serve "$@"
