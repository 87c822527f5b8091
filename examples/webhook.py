#!/usr/bin/env python3
"""Takes the webhooks of a portal, with nothing but the standard library, and prints what they tell.

    PORTICO_WEBHOOK_SECRET  whsec_..., as it was shown when the webhook was made
    PORT                    where it listens, on loopback: in front of it something speaks TLS
"""

import base64
import hmac
import http.server
import json
import os
import time

key = base64.b64decode(os.environ["PORTICO_WEBHOOK_SECRET"].removeprefix("whsec_"))
seen = set()  # of a real receiver kept, at least for some days


def genuine(headers, body):
    """The portal has signed it, in the last five minutes. Behind a rotation there are two signatures."""
    name, at = headers["webhook-id"], headers["webhook-timestamp"]
    want = base64.b64encode(hmac.digest(key, f"{name}.{at}.".encode() + body, "sha256")).decode()
    signatures = [s.partition(",")[2] for s in headers["webhook-signature"].split()]
    return abs(time.time() - int(at)) < 300 and any([hmac.compare_digest(want, s) for s in signatures])


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = 204 if genuine(self.headers, body) else 401
        except (AttributeError, TypeError, ValueError):  # a header is missing, or is none
            status = 400
        if status == 204 and self.headers["webhook-id"] not in seen:  # the same event may come twice
            event = json.loads(body)
            print(event["type"], event["data"]["message"], flush=True)
            seen.add(self.headers["webhook-id"])
        self.send_response(status)  # what is no 2xx comes again
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
