# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cni_kubeconfig against a real TLS server with client certificates.

The openssl command line is the certificates' oracle.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import pathlib
import socket
import subprocess
import sys

import pytest
from node_side import Authority, api_server, fingerprint, run_module, tree, undocumented

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.der import certificates

PAST, LONG_PAST = "20200102030405Z", "20200101000000Z"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "kubernetes")


@pytest.fixture(scope="module")
def credential(authority):
    return authority.issue("calico-cni", "clientAuth")


@pytest.fixture(scope="module")
def server(authority, credential):
    running = api_server(authority)
    yield running
    running.close()


@pytest.fixture
def options(authority, credential, server, tmp_path):
    return {
        "path": str(tmp_path / "net.d" / "calico-kubeconfig"),
        "server": server.url,
        "cluster_ca": authority.certificate,
        "client_certificate": credential[0],
        "client_key": credential[1],
        "timeout": 2,
    }


def key_lines(key):
    # The last line of an EC key is a part of the public point, which the certificate holds as well.
    return [line for line in key.splitlines() if "-----" not in line][:-1]


def assert_no_key(result, key):
    for line in key_lines(key):
        assert line not in result["raw"]
    assert base64.b64encode(key.encode()).decode() not in result["raw"]


def test_writes_a_kubeconfig_that_the_api_server_accepts(options, credential):
    result = run_module("cni_kubeconfig", **options)
    assert (
        result["changed"]
        and result["verified_as"] == "calico-cni"
        and not undocumented("cni_kubeconfig", result)
    )
    assert os.stat(options["path"]).st_mode & 0o7777 == 0o600
    assert os.listdir(os.path.dirname(options["path"])) == ["calico-kubeconfig"]
    config = json.loads(pathlib.Path(options["path"]).read_bytes())
    assert config["current-context"] == "cni@kubernetes"
    assert config["contexts"] == [
        {"name": "cni@kubernetes", "context": {"cluster": "kubernetes", "user": "calico-cni"}}
    ]
    assert config["clusters"][0]["cluster"]["server"] == options["server"]
    assert base64.b64decode(config["users"][0]["user"]["client-key-data"]).decode() == credential[1]
    assert_no_key(result, credential[1])


def test_the_key_reaches_no_file_but_the_kubeconfig(options):
    opened = []
    recording = [True]

    def hook(event, arguments):
        if (
            recording[0]
            and event == "open"
            and isinstance(arguments[2], int)
            and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        ):
            opened.append(arguments[0])

    sys.addaudithook(hook)
    run_module("cni_kubeconfig", **options)
    recording[0] = False
    paths = [path for path in opened if isinstance(path, str) and path != "/dev/null"]
    assert len(paths) == 1 and os.path.basename(paths[0]).startswith(".calico-kubeconfig.hardway-")


def test_an_unchanged_run_proves_and_touches_nothing(options, server):
    run_module("cni_kubeconfig", **options)
    before, requests = tree(os.path.dirname(options["path"])), len(server.requests)
    result = run_module("cni_kubeconfig", **options)
    assert not result["changed"] and result["verified_as"] == "calico-cni"
    assert tree(os.path.dirname(options["path"])) == before
    assert len(server.requests) == requests + 1


def test_check_mode_proves_and_writes_nothing(options, server):
    requests = len(server.requests)
    result = run_module("cni_kubeconfig", check_mode=True, **options)
    assert (
        result["changed"]
        and result["verified_as"] == "calico-cni"
        and len(server.requests) == requests + 1
    )
    assert not os.path.exists(os.path.dirname(options["path"]))


def test_check_mode_without_a_credential_says_that_it_would_be_written(options, server):
    del options["client_certificate"], options["client_key"]
    requests = len(server.requests)
    result = run_module("cni_kubeconfig", check_mode=True, **options)
    assert result["changed"] and result["verified_as"] is None and len(server.requests) == requests
    failed = run_module("cni_kubeconfig", **options)
    assert (
        failed["failed"]
        and "no credential for calico-cni" in failed["msg"]
        and "Remedy" in failed["msg"]
    )


def test_renewal_shows_fingerprints_only(options, authority, credential):
    run_module("cni_kubeconfig", **options)
    certificate, key = authority.issue("calico-cni", "clientAuth")
    result = run_module(
        "cni_kubeconfig", **{**options, "client_certificate": certificate, "client_key": key}
    )
    assert result["changed"] and result["actions"][0]["reason"].startswith(
        "the client certificate is sha256:"
    )
    assert (
        "sha256:" in result["diff"]["before"]
        and result["diff"]["before"] != result["diff"]["after"]
    )
    assert_no_key(result, key)
    assert_no_key(result, credential[1])


def test_mode_drift_is_repaired(options):
    run_module("cni_kubeconfig", **options)
    os.chmod(options["path"], 0o644)
    result = run_module("cni_kubeconfig", **options)
    assert result["changed"] and result["actions"][0]["action"] == "set attributes"
    assert os.stat(options["path"]).st_mode & 0o7777 == 0o600


def test_foreign_content_is_replaced_and_not_shown(options):
    os.makedirs(os.path.dirname(options["path"]))
    with open(options["path"], "w", encoding="utf-8") as handle:
        handle.write("users:\n- user: {token: sesame}\n")
    result = run_module("cni_kubeconfig", **options)
    assert result["changed"] and "sesame" not in result["raw"]
    assert json.loads(pathlib.Path(options["path"]).read_bytes())["kind"] == "Config"


def test_older_server_names_the_user_in_its_refusal(options, authority):
    old = api_server(authority, reviews=False)
    result = run_module("cni_kubeconfig", **{**options, "server": old.url})
    old.close()
    assert result["changed"] and result["verified_as"] == "calico-cni"
    assert [method for method, _path in old.requests] == ["POST", "GET"]


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def refused(options, *words, **changes):
    """The run fails with these words and a kubeconfig that is there stays as it is."""
    run_module("cni_kubeconfig", **options)
    before = fingerprint(options["path"])
    result = run_module("cni_kubeconfig", **{**options, **changes})
    assert result.get("failed"), result
    for word in words:
        assert word in result["msg"], result["msg"]
    assert fingerprint(options["path"]) == before
    assert_no_key(result, changes.get("client_key", options["client_key"]))


def test_refused_connection(options):
    url = "https://127.0.0.1:%d" % closed_port()
    refused(options, url, "connection refused", "Remedy", server=url)


def test_silent_server(options):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        refused(
            options,
            "none within 1 s",
            "firewall",
            server="https://127.0.0.1:%d" % silent.getsockname()[1],
            timeout=1,
        )


def test_unknown_host(options):
    refused(options, "resolve", server="https://nowhere.invalid:6443")


def test_http_port(options, authority):
    from node_side import Server, reply

    plain = Server(lambda handler: reply(handler, 200, {}))
    refused(options, "TLS", server="https://127.0.0.1:%d" % plain.port)
    refused(options, "https URL", server=plain.url)
    plain.close()


def test_wrong_ca(options, tmp_path):
    refused(
        options,
        "cluster_ca",
        "certificate-authority-data",
        cluster_ca=Authority(tmp_path / "other", "other").certificate,
    )


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"names": "IP:192.0.2.1"}, "subject alternative names"),
        ({"not_before": LONG_PAST, "not_after": PAST}, "date -u"),
        ({"refuse": 401}, "--client-ca-file"),
        ({"refuse": 503}, "503 refused"),
    ],
    ids=["address", "expired", "401", "503"],
)
def test_server_at_fault(options, authority, arguments, words):
    running = api_server(authority, **arguments)
    refused(options, running.url, words, server=running.url)
    running.close()


def test_another_users_certificate(options, authority):
    certificate, key = authority.issue("calico-node", "clientAuth")
    refused(
        options,
        "common name calico-cni",
        "common name calico-node",
        client_certificate=certificate,
        client_key=key,
    )


def test_credential_of_an_unknown_ca(options, tmp_path):
    certificate, key = Authority(tmp_path / "other", "other").issue("calico-cni", "clientAuth")
    refused(options, options["server"], client_certificate=certificate, client_key=key)


def test_expired_credential(options, authority):
    certificate, key = authority.issue(
        "calico-cni", "clientAuth", not_before=LONG_PAST, not_after=PAST
    )
    refused(
        options,
        "has expired",
        "2020-01-02T03:04:05Z",
        client_certificate=certificate,
        client_key=key,
    )


def test_credential_from_the_future(options, authority):
    certificate, key = authority.issue(
        "calico-cni", "clientAuth", not_before="20490101000000Z", not_after="20500101000000Z"
    )
    refused(
        options,
        "not valid yet",
        "2049-01-01",
        "clock",
        client_certificate=certificate,
        client_key=key,
    )


def test_key_of_another_certificate(options, authority):
    refused(
        options,
        "cannot be used together",
        client_key=authority.issue("calico-cni", "clientAuth")[1],
    )


@pytest.mark.parametrize(
    "changes, word",
    [
        ({"client_certificate": "nonsense"}, "client_certificate holds no certificate"),
        (
            {"cluster_ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"},
            "cluster_ca holds a broken certificate",
        ),
        ({"client_key": "nonsense"}, "client_key holds no private key"),
        ({"mode": "384"}, "quote the mode"),
        ({"owner": "nobody-of-that-name"}, "does not exist"),
        ({"path": "relative"}, "absolute path"),
    ],
)
def test_bad_input(options, changes, word):
    result = run_module("cni_kubeconfig", **{**options, **changes})
    assert result["failed"] and word in result["msg"]
    assert not os.path.exists(os.path.dirname(options["path"]))


def test_directory_in_the_way(options):
    os.makedirs(options["path"])
    result = run_module("cni_kubeconfig", **options)
    assert result["failed"] and "not a regular file" in result["msg"]


def test_reader_of_certificates_agrees_with_openssl(authority, credential, tmp_path):
    later = authority.issue(
        "calico-cni", "clientAuth", not_before="20490101000000Z", not_after="20510101000000Z"
    )
    for pem in (credential[0], later[0], authority.certificate):
        (tmp_path / "x").write_text(pem)
        shown = subprocess.run(
            [
                "openssl",
                "x509",
                "-in",
                tmp_path / "x",
                "-noout",
                "-subject",
                "-enddate",
                "-startdate",
                "-fingerprint",
                "-sha256",
                "-nameopt",
                "multiline",
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout
        read = certificates("x", pem)[0]
        assert "commonName                = %s\n" % read.common_name in shown
        lines = dict(line.split("=", 1) for line in shown.splitlines() if line.startswith("not"))
        for name, value in (("notBefore", read.not_before), ("notAfter", read.not_after)):
            assert datetime.datetime.strptime(
                lines[name], "%b %d %H:%M:%S %Y GMT"
            ) == value.replace(tzinfo=None)
        assert read.fingerprint.upper() in shown.replace(":", "").upper()


@pytest.mark.parametrize("size", range(1, 200, 7))
def test_cut_certificates_are_refused_without_a_traceback(authority, size):
    der = base64.b64decode("".join(authority.certificate.split("-----")[2].split()))[:size]
    with pytest.raises(CalicoError):
        certificates(
            "x",
            "-----BEGIN CERTIFICATE-----%s-----END CERTIFICATE-----"
            % base64.b64encode(der).decode(),
        )


def test_an_encrypted_key_is_refused_without_a_prompt(options, tmp_path):
    words = "openssl ec -aes128 -passout pass:geheim"
    encrypted = subprocess.run(
        words.split(), input=options["client_key"].encode(), capture_output=True, check=True
    ).stdout.decode()
    assert "ENCRYPTED" in encrypted
    result = run_module("cni_kubeconfig", **{**options, "client_key": encrypted})
    assert result["failed"] and "unencrypted PEM key" in result["msg"]
    assert not list(tmp_path.iterdir())
