#!/usr/bin/env python3
"""The life of an API token with nothing but the standard library: log in with a password, create the token, download its
text once, use it, refresh it, revoke it, and see every step refused that must be.

    PORTICO_URL       the portal, such as https://127.0.0.1:8443
    PORTICO_CACERT    a file of the certificate to trust; optional
    PORTICO_USERNAME  a user who may have API tokens
    PORTICO_PASSWORD  his password
"""

import http.cookiejar
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request


class Refused(Exception):
    """What the portal answers instead of a result; code and data tell programs why."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code, self.data = error["code"], error.get("data")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A login that is refused leads to a page, which is for people."""

    def redirect_request(self, *_):
        return None


class Portal:
    """Calls methods, signed in by a session's cookie, or by the text of an API token."""

    def __init__(self, url, cafile=None, token=None):
        self.url, self.token = url, token
        self.cookies = http.cookiejar.CookieJar()
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=cafile))
        self.opener = urllib.request.build_opener(tls, NoRedirect, urllib.request.HTTPCookieProcessor(self.cookies))

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        if self.token:
            request.add_header("Authorization", "Token " + self.token)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as e:
            return e.read()

    def call(self, method, **params):
        answer = json.loads(self.post("/portal/", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def login(self, username, password):
        """Tries both kinds of users. A login that is refused sets no cookie."""
        for kind in ("enterpriseLogin", "operatorLogin"):
            self.post("/portal/rest/login/" + kind, {"username": username, "password": password})
            if any(c.name == "velocloud.session" for c in self.cookies):
                return
        sys.exit("the login was refused")


def must_be_refused(what, method, *args, **params):
    try:
        method(*args, **params)
    except Refused as e:
        print(f"refused, as it must be: {what}: {e}")
    else:
        sys.exit(what + " was not refused")


def main():
    url, cafile = os.environ["PORTICO_URL"], os.environ.get("PORTICO_CACERT")
    me = Portal(url, cafile)
    me.login(os.environ["PORTICO_USERNAME"], os.environ["PORTICO_PASSWORD"])
    print("logged in")

    # A new token is PENDING: no secret of it exists yet. Without userId it is for whoever calls.
    token = me.call("apiToken/create", name=f"example {time.time_ns()}", lifetimeMs=3_600_000)["id"]

    def tell(what):
        print(f"{what}: {me.call('apiToken/get', id=token)['state']}")

    tell("created")

    # The text is made by the download, is shown this once, and is kept nowhere but here.
    text = me.call("apiToken/download", id=token)["token"]
    tell("downloaded")
    must_be_refused("a second download", me.call, "apiToken/download", id=token)

    # From now on the token signs its owner's calls in.
    machine = Portal(url, cafile, text)
    machine.call("apiToken/list")
    print("used")

    # A refresh gives the same token a new text and its whole life anew. The old text dies.
    renewed = Portal(url, cafile, machine.call("apiToken/refresh", apiToken=text)["token"])
    tell("refreshed")
    must_be_refused("a call with the old text", machine.call, "apiToken/list")

    # Revoked is for good.
    renewed.call("apiToken/revoke", id=token)
    tell("revoked")
    must_be_refused("a call with the revoked token", renewed.call, "apiToken/list")
    me.call("logout")


main()
