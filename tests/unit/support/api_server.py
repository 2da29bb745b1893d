# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for an API server on a real socket: RecordedApi behind HTTP or TLS, and every request
as it came over the wire.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import ssl
import threading

from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


class Wire:
    """api: the RecordedApi behind it. answers: [(status, headers, body)] to give first. seen:
    [(verb, path, headers, body)].
    """

    def __init__(self, api):
        self.api, self.answers, self.seen, self.url = api, [], [], None

    @property
    def writes(self):
        return [(verb, path) for verb, path, _headers, _body in self.seen if verb != "GET"]


@contextlib.contextmanager
def serve(api=None, context=None):
    """A Wire; context: an ssl.SSLContext for TLS."""
    wire = Wire(api or RecordedApi())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(wire))
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    wire.url = "%s://127.0.0.1:%d" % ("https" if context else "http", server.server_address[1])
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    ).start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()


def tls(certificate, key, client_ca=None):
    """A server's context; with client_ca, it asks for a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _answer(api, verb, path, content_type, body):
    """(status, object) of what the API does; its refusals carry the status in their found."""
    plain = path.split("?")[0]
    try:
        if verb == "GET" and plain == "/version":
            return 200, {"gitVersion": api.version()}
        if verb == "GET" and api.served is not None and plain.rsplit("/", 1)[0] in api.served:
            found = api.get(plain)
            return (404, None) if found is None else (200, found)
        if verb == "GET":
            items = api.list_or_none(plain)
            return (
                (404, None)
                if items is None
                else (200, {"kind": "ThingList", "apiVersion": "v1", "items": items})
            )
        if verb == "POST":
            return 201, api.create(plain, body)
        if verb == "PUT":
            return 200, api.replace(plain, body)
        if verb == "PATCH":
            return 200, (api.apply if "apply" in content_type else api.merge_patch)(plain, body)
        wanted = (body or {}).get("preconditions", {})
        found = api.delete(
            plain, uid=wanted.get("uid"), resource_version=wanted.get("resourceVersion")
        )
        return (404, None) if found is None else (200, {"kind": "Status", "status": "Success"})
    except CalicoError as exc:
        return int(re.match(r"\d+", exc.found).group()), {"message": exc.found}


def _handler(wire):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self):
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else None
            wire.seen.append((self.command, self.path, self.headers, body))
            if wire.answers:
                status, headers, content = wire.answers.pop(0)
            else:
                status, found = _answer(
                    wire.api, self.command, self.path, self.headers.get("Content-Type", ""), body
                )
                headers, content = (
                    {},
                    json.dumps(found if found is not None else {"message": "not found"}).encode(),
                )
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

        def log_message(self, *_arguments):
            pass

    return Handler
