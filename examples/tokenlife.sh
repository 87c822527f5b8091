#!/bin/sh
# The life of an API token with curl: log in with a password, create the token, download its text once, use it, refresh
# it, revoke it, and see every step refused that must be.
#
#   PORTICO_URL       the portal, such as https://127.0.0.1:8443
#   PORTICO_CACERT    a file of the certificate to trust; optional
#   PORTICO_USERNAME  a customer's or partner's user who may have API tokens
#   PORTICO_PASSWORD  his password
#
# Secrets go through files and pipes, because other users of a machine can read command lines.
set -eu
umask 077

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# call FILE METHOD [PARAMS]: FILE holds the header that signs the call in.
call() {
	printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}' "$2" "${3:-{\}}" |
		curl -sS ${PORTICO_CACERT:+--cacert "$PORTICO_CACERT"} -H @"$1" -X POST "$PORTICO_URL/portal/" -d @- >"$dir/answer"
}

# The answer is one line of JSON without spaces between its parts.
member() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$dir/answer"; }
must() {
	if grep -q '"error":' "$dir/answer"; then
		echo "$1: $(member message)" >&2
		exit 1
	fi
}
must_not() {
	if ! grep -q '"error":' "$dir/answer"; then
		echo "$1 was not refused" >&2
		exit 1
	fi
	echo "refused, as it must be: $1: $(member message)"
}
state() {
	call "$dir/session" apiToken/get "{\"id\":$id}"
	member state
}

printf '{"username":"%s","password":"%s"}' "$PORTICO_USERNAME" "$PORTICO_PASSWORD" |
	curl -sS ${PORTICO_CACERT:+--cacert "$PORTICO_CACERT"} -c "$dir/jar" -o "$dir/answer" \
		-X POST "$PORTICO_URL/portal/rest/login/enterpriseLogin" -d @-
session=$(sed -n 's/.*velocloud\.session[[:space:]]*//p' "$dir/jar")
if [ -z "$session" ]; then
	echo "the login was refused" >&2
	exit 1
fi
echo "Cookie: velocloud.session=$session" >"$dir/session"
echo "logged in"

# A new token is PENDING: no secret of it exists yet. Without userId it is for whoever calls.
call "$dir/session" apiToken/create "{\"name\":\"example $(date +%s) $$\",\"lifetimeMs\":3600000}"
must create
id=$(sed -n 's/.*"result":{[^}]*"id":\([0-9]*\).*/\1/p' "$dir/answer")
echo "created: $(state)"

# The text is made by the download, is shown this once, and is kept nowhere but here.
call "$dir/session" apiToken/download "{\"id\":$id}"
must download
text=$(member token)
echo "downloaded: $(state)"
call "$dir/session" apiToken/download "{\"id\":$id}"
must_not "a second download"

# From now on the token signs its owner's calls in.
echo "Authorization: Token $text" >"$dir/token"
call "$dir/token" apiToken/list
must "a call with the token"
echo "used"

# A refresh gives the same token a new text and its whole life anew. The old text dies.
call "$dir/token" apiToken/refresh "{\"apiToken\":\"$text\"}"
must refresh
text=$(member token)
echo "refreshed: $(state)"
call "$dir/token" apiToken/list
must_not "a call with the old text"

# Revoked is for good.
echo "Authorization: Token $text" >"$dir/token"
call "$dir/token" apiToken/revoke "{\"id\":$id}"
must revoke
echo "revoked: $(state)"
call "$dir/token" apiToken/list
must_not "a call with the revoked token"

call "$dir/session" logout
must logout
