# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of node-side modules share.

Run a module in this process, certificates by the openssl command line, and two real servers: a TLS
one that answers like an API server, and an HTTP one that counts requests.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import importlib
import io
import json
import os
import pathlib
import ssl
import subprocess
import threading

import yaml
from ansible.module_utils.testing import patch_module_args


def run_module(name, check_mode=False, **arguments):
    """The result that the module prints, as a dict; "raw" holds the printed text."""
    module = importlib.import_module("ansible_collections.hardway.calico.plugins.modules.%s" % name)
    out = io.StringIO()
    with (
        patch_module_args({**arguments, "_ansible_check_mode": check_mode, "_ansible_diff": True}),
        contextlib.redirect_stdout(out),
        contextlib.suppress(SystemExit),
    ):
        module.main()
    return {**json.loads(out.getvalue()), "raw": out.getvalue()}


# What Ansible adds to any result, and to one that names a file.
TO_ANY = {"changed", "invocation", "warnings", "diff", "raw"}
TO_A_FILES = {"uid", "gid", "owner", "group", "mode", "state", "size"}
ADDED = TO_ANY | TO_A_FILES


def undocumented(name, result):
    """The names that a module's RETURN has and its result has not, or the other way round."""
    returned = importlib.import_module(
        "ansible_collections.hardway.calico.plugins.modules.%s" % name
    ).RETURN
    return (set(yaml.safe_load(returned)) ^ set(result)) - ADDED


def fingerprint(path):
    """Everything that tells whether a path was touched: inode, times, mode, content."""
    info = os.lstat(path)
    content = (
        hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
        if os.path.isfile(path)
        else None
    )
    return (info.st_ino, info.st_mtime_ns, info.st_ctime_ns, info.st_mode, content)


def tree(path):
    """{relative path: fingerprint} of all below a directory, itself included."""
    root = pathlib.Path(path)
    return {
        str(item.relative_to(root)): fingerprint(item) for item in [root, *sorted(root.rglob("*"))]
    }


class Authority:
    """A certificate authority in a folder, by the openssl command line."""

    def __init__(self, folder, name):
        self.folder, self.name = pathlib.Path(folder), name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
            " -keyout ca.key -out ca.crt -addext keyUsage=critical,keyCertSign,cRLSign",
            "-subj",
            "/CN=%s" % name,
        )
        self.certificate = (self.folder / "ca.crt").read_text()

    def issue(self, common_name, usage, names="", not_before=None, not_after=None):
        """(certificate, key) PEM of a leaf. not_before, not_after: YYYYMMDDHHMMSSZ."""
        self._openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr",
            "-subj",
            "/CN=%s" % common_name,
        )
        extensions = "[leaf]\nextendedKeyUsage=%s\n%s\n" % (
            usage,
            "subjectAltName=%s" % names if names else "",
        )
        (self.folder / "leaf.cnf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nunique_subject=no\n"
            "default_days=10\n[p]\ncommonName=supplied\n%s" % extensions
        )
        for name, content in (("index.txt", ""), ("serial", "01\n")):
            (self.folder / name).exists() or (self.folder / name).write_text(content)
        dates = ["-startdate", not_before] if not_before else []
        dates += ["-enddate", not_after] if not_after else []
        self._openssl(
            "ca -batch -notext -config leaf.cnf -extensions leaf -cert ca.crt -keyfile ca.key"
            " -in leaf.csr -out leaf.crt",
            *dates,
        )
        return (self.folder / "leaf.crt").read_text(), (self.folder / "leaf.key").read_text()

    def _openssl(self, command, *arguments):
        """command: words without spaces in them, then arguments that may hold some."""
        words = ["openssl", *command.split(), *arguments]
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True, timeout=30)


class Server:
    """An HTTP or HTTPS server on 127.0.0.1 that keeps the requests it got. answer(handler) sends the response."""

    def __init__(self, answer, context=None):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.command, self.path))
                answer(self)

            do_POST = do_GET

            def log_message(self, *arguments):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self.server.server_address[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if context else "http", self.port)
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def reply(handler, status, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def api_server(
    authority, certificate_authority=None, names="IP:127.0.0.1", reviews=True, refuse=None, **dates
):
    """A stand-in for an API server: takes the common name of a client certificate that `authority` signed for the user.

    reviews: whether it knows SelfSubjectReview (Kubernetes 1.28). refuse: a status that it answers to everything.
    """
    certificate, key = (certificate_authority or authority).issue(
        "kube-apiserver", "serverAuth", names, **dates
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = authority.folder / "server.pem"
    pem.write_text(certificate + key)
    context.load_cert_chain(pem)
    context.load_verify_locations(cadata=authority.certificate)
    context.verify_mode = ssl.CERT_OPTIONAL

    def answer(handler):
        peer = handler.connection.getpeercert()
        user = (
            dict(item[0] for item in peer["subject"])["commonName"] if peer else "system:anonymous"
        )
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if refuse:
            reply(
                handler,
                refuse,
                {"kind": "Status", "message": "Unauthorized" if refuse == 401 else "refused"},
            )
        elif handler.command == "GET":
            reply(
                handler,
                403,
                {
                    "kind": "Status",
                    "message": 'persistentvolumes is forbidden: User "%s" cannot list resource'
                    % user,
                },
            )
        elif reviews:
            reply(
                handler,
                201,
                {"kind": "SelfSubjectReview", "status": {"userInfo": {"username": user}}},
            )
        else:
            reply(
                handler,
                404,
                {"kind": "Status", "message": "the server could not find the requested resource"},
            )

    return Server(answer, context)
