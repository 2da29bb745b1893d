# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubeconfigs are understood as the library kubernetes does, which is the oracle here, and without temporary files."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import ssl
import stat
import subprocess
import sys

import pytest
import yaml
from api_server import serve, tls
from kubeconfigs import data, kubeconfig
from kubernetes import client, config

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import (
    kubeconfig as subject,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import tls as contexts
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import connect

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# An audit hook cannot be taken away again: it writes into whatever list is here.
WATCHED = []


def _watch(event, arguments):
    if event == "open" and WATCHED:
        path, _mode, flags = arguments
        if flags & WRITING and isinstance(path, (str, bytes)):
            WATCHED[0].append(os.fsdecode(path))


sys.addaudithook(_watch)


@pytest.fixture(name="written")
def written_fixture():
    """The paths that this process opens for writing, sockets and anonymous memory apart."""
    paths = []
    WATCHED.append(paths)
    yield paths
    WATCHED.clear()


@pytest.fixture(name="mutual")
def mutual_fixture(pki):
    """An API server that wants a client certificate."""
    with serve(context=tls(*pki["server"], client_ca=pki["ca"])) as wire:
        yield wire


def inline(pki):
    """The user and the cluster's fields of a kubeconfig that carries all within it."""
    certificate, key = pki["client"]
    user = {"client-certificate-data": data(certificate), "client-key-data": data(key)}
    return user, {"certificate-authority-data": data(pki["ca"])}


def test_the_watch_sees_files_that_are_made(written, tmp_path):
    (tmp_path / "one").write_text("1")
    os.close(os.open(tmp_path / "two", os.O_CREAT | os.O_WRONLY))
    assert written == [str(tmp_path / "one"), str(tmp_path / "two")]


@pytest.mark.parametrize("as_path", [False, True])
def test_no_file_is_made_of_a_kubeconfigs_certificates(
    pki, mutual, written, tmp_path, monkeypatch, as_path
):
    # In place of /dev/shm, in which other tests work meanwhile.
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(contexts, "folder_in_memory", lambda: str(memory))
    user, cluster = inline(pki)
    where = kubeconfig(mutual.url, user, **cluster)
    given = where
    if as_path:
        given = str(tmp_path / "admin.conf")
        pathlib.Path(given).write_text(yaml.safe_dump(where))
    before = copy.deepcopy(where)
    written.clear()
    for _attempt in range(2):
        assert connect({"kubeconfig": given}).version() == "v1.34.4"
    assert written == [] and os.listdir(memory) == []
    assert where == before


def test_without_anonymous_memory_the_file_is_private_and_gone(pki, mutual, written, monkeypatch):
    modes, load = [], ssl.SSLContext.load_cert_chain

    def looking(self, certificate, key, password):
        modes.extend(stat.S_IMODE(os.stat(path).st_mode) for path in (certificate, key))
        load(self, certificate, key, password)

    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", looking)
    user, cluster = inline(pki)
    api = connect({"kubeconfig": kubeconfig(mutual.url, user, **cluster)})
    made = [path for path in written if path.startswith("/dev/shm/hardway-calico-")]
    assert modes == [0o600, 0o600] and len(made) == 2
    assert not any(os.path.exists(path) for path in made)
    assert api.version() == "v1.34.4"


def test_paths_are_relative_to_their_file_and_several_files_are_one(pki, mutual, tmp_path):
    user, cluster = inline(pki)
    whole = kubeconfig(
        mutual.url, {"client-certificate": "c.crt", "client-key": "c.key"}, **cluster
    )
    for folder, parts in (("a", ("clusters", "contexts", "current-context")), ("b", ("users",))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config").write_text(
            yaml.safe_dump({part: whole[part] for part in parts})
        )
    for name, source in zip(("c.crt", "c.key"), pki["client"]):
        # The library looks for both beside the file with the cluster.
        (tmp_path / "a" / name).write_text(pathlib.Path(source).read_text())
    paths = os.pathsep.join(str(tmp_path / folder / "config") for folder in ("a", "b"))
    assert connect({"kubeconfig": paths}).version() == "v1.34.4"


def test_a_context_brings_its_own_cluster_and_user(pki, mutual, written):
    user, cluster = inline(pki)
    where = kubeconfig("https://127.0.0.1:1", {"client-certificate-data": "AAAA"}, **cluster)
    where["clusters"].append({"name": "d", "cluster": {"server": mutual.url, **cluster}})
    where["users"].append({"name": "v", "user": user})
    where["contexts"].append({"name": "two", "context": {"cluster": "d", "user": "v"}})
    assert connect({"kubeconfig": where, "context": "two"}).version() == "v1.34.4"
    assert written == []


def credential(**status):
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": status,
    }


def plugin(status, **more):
    """The exec field of a user whose plugin answers with that credential."""
    shown = json.dumps(credential(**status))
    return {"apiVersion": credential()["apiVersion"], "command": "echo", "args": [shown], **more}


# "path:x" and "data:x" stand for the file x of the PKI.
USER = {"client-certificate-data": "data:client.crt", "client-key-data": "data:client.key"}
PATHS = {"client-certificate": "path:client.crt", "client-key": "path:client.key"}
CA = {"certificate-authority-data": "data:ca.crt"}
OTHER_CA = {"certificate-authority": "path:server.crt"}
WITH_TOKEN = plugin({"token": "of-the-plugin"})
VARIANTS = {
    "inline": (USER, CA),
    "paths": (PATHS, {"certificate-authority": "path:ca.crt"}),
    "certificate by path, key inline": (
        {
            "client-certificate": "path:client.crt",
            "client-key-data": "data:client.key",
        },
        CA,
    ),
    "data hides a path": ({**USER, "client-certificate": "path:server.crt"}, {**CA, **OTHER_CA}),
    "empty data hides a path": (
        {**PATHS, "client-certificate-data": "", "client-key-data": ""},
        {**OTHER_CA, "certificate-authority-data": ""},
    ),
    "http": (USER, {**CA, "server": "http://127.0.0.1:1"}),
    "no credentials": ({}, CA),
    "token beside": ({**USER, "token": "t"}, CA),
    "token in a file": ({"tokenFile": "path:token"}, CA),
    "user and password": ({"username": "u", "password": "p"}, CA),
    "exec with a token": ({**USER, "exec": WITH_TOKEN}, CA),
    "exec told about the cluster": (
        {**USER, "exec": {**WITH_TOKEN, "provideClusterInfo": True}},
        CA,
    ),
    "exec that fails": ({**USER, "exec": {**WITH_TOKEN, "command": "false"}}, CA),
    "auth provider": (
        {"auth-provider": {"name": "gcp", "config": {"access-token": "of-google"}}},
        CA,
    ),
    "insecure": (USER, {"insecure-skip-tls-verify": True}),
    "server name": (USER, {**CA, "tls-server-name": "api.internal"}),
    "proxy": (USER, {**CA, "proxy-url": "http://127.0.0.1:2"}),
}
SETTINGS = ("host", "verify_ssl", "tls_server_name", "proxy")


def filled(value, folder):
    if isinstance(value, dict):
        return {key: filled(item, folder) for key, item in value.items()}
    if isinstance(value, str) and value.startswith("path:"):
        return str(folder / value[5:])
    return data(folder / value[5:]) if isinstance(value, str) and value[:5] == "data:" else value


def content(path):
    return None if path is None else pathlib.Path(path).read_bytes()


@pytest.mark.parametrize("name", list(VARIANTS))
def test_what_comes_of_a_kubeconfig_is_what_the_library_makes_of_it(pki, name, tmp_path):
    folder = pathlib.Path(pki["ca"]).parent
    (folder / "token").write_text("of-a-file")
    user, cluster = (filled(part, folder) for part in VARIANTS[name])
    where = kubeconfig(cluster.pop("server", "https://127.0.0.1:1"), user, **cluster)
    theirs, ours = client.Configuration(), client.Configuration()
    config.load_kube_config_from_dict(
        where, client_configuration=theirs, persist_config=False, temp_file_path=str(tmp_path)
    )
    inline_parts = subject.load(where, None, ours, str(tmp_path))
    for setting in SETTINGS:
        assert getattr(ours, setting) == getattr(theirs, setting)
    assert ours.auth_settings() == theirs.auth_settings()
    for setting, part in (
        ("ssl_ca_cert", inline_parts.ca_cert),
        ("cert_file", inline_parts.client_cert),
        ("key_file", inline_parts.client_key),
    ):
        found = content(getattr(ours, setting)) or part
        assert found == content(getattr(theirs, setting)), setting


def test_a_plugins_certificate_wins_and_leaves_no_file(pki, mutual, written):
    certificate, key = (pathlib.Path(path).read_text() for path in pki["client"])
    mine = plugin({"clientCertificateData": certificate, "clientKeyData": key})
    expired = data(pki["server"][0])  # anything else than the plugin's
    user = {"exec": mine, "client-certificate-data": expired, "client-key-data": expired}
    where = kubeconfig(mutual.url, user, **inline(pki)[1])
    for _attempt in range(2):
        assert connect({"kubeconfig": where}).version() == "v1.34.4"
    assert not any(os.path.exists(path) for path in written)


def test_a_plugin_that_asks_is_told_about_the_whole_cluster(pki, tmp_path):
    told = tmp_path / "told"
    script = "printf %%s \"$KUBERNETES_EXEC_INFO\" > %s; echo '%s'" % (
        told,
        json.dumps(credential(token="t")),
    )
    user = {
        "exec": {
            **plugin({}, provideClusterInfo=True),
            "command": "sh",
            "args": ["-c", script],
        }
    }
    connect({"kubeconfig": kubeconfig("https://127.0.0.1:1", user, **inline(pki)[1])})
    cluster = json.loads(told.read_text())["spec"]["cluster"]
    assert cluster["certificate-authority-data"] == data(pki["ca"])


def test_options_win_over_what_a_kubeconfig_carries(pki, mutual):
    wrong = data(pki["server"][0])
    user = {"client-certificate-data": wrong, "client-key-data": wrong}
    where = kubeconfig("https://127.0.0.1:1", user, **{"certificate-authority-data": wrong})
    certificate, key = pki["client"]
    options = {"ca_cert": pki["ca"], "client_cert": certificate, "client_key": key}
    assert connect({"kubeconfig": where, "host": mutual.url, **options}).version() == "v1.34.4"


def test_the_name_of_the_server_and_whether_it_is_verified(pki, authority):
    named, key = authority.issue("named", "serverAuth", "DNS:api.internal")
    paths = [authority.folder / name for name in ("named.crt", "named.key")]
    for path, text in zip(paths, (named, key)):
        path.write_text(text)
    ca = inline(pki)[1]
    with serve(context=tls(*map(str, paths))) as wire:

        def version(**cluster):
            return connect(
                {"kubeconfig": kubeconfig(wire.url, {"token": "t"}, **cluster)}
            ).version()

        with pytest.raises(
            CalicoError, match="(?i)ip address mismatch|doesn't match|not valid for"
        ):
            version(**ca)
        assert version(**ca, **{"tls-server-name": "api.internal"}) == "v1.34.4"
        assert version(**{"insecure-skip-tls-verify": True}) == "v1.34.4"


def test_a_proxy_of_the_kubeconfig_is_used():
    with serve() as proxy:
        where = kubeconfig("http://api.invalid:6443", {"token": "t"}, **{"proxy-url": proxy.url})
        proxy.answers.append((200, {}, b'{"gitVersion": "v1.34.4"}'))
        assert connect({"kubeconfig": where}).version() == "v1.34.4"
        assert proxy.seen[0][1].startswith("http://api.invalid:6443/")


def test_text_around_a_certificate_does_no_harm(pki):
    with_words = "Zertifizierungsstelle für Prüfungen\n".encode("latin-1") + content(pki["ca"])
    made = contexts.context(True, with_words, None, None)
    assert len(made.get_ca_certs()) == 1


@pytest.mark.parametrize("field", ["certificate-authority-data", "client-key-data"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("bm8gY2VydGlmaWNhdGU=", "certificates for the Kubernetes API cannot be used"),
        ("A", "no access to the Kubernetes API"),
        (1, "no access to the Kubernetes API"),
    ],
)
def test_what_is_no_certificate_is_an_error_and_no_traceback(pki, field, value, words):
    user, cluster = inline(pki)
    (cluster if field in cluster else user)[field] = value
    with pytest.raises(CalicoError, match=words):
        connect({"kubeconfig": kubeconfig("https://127.0.0.1:1", user, **cluster)})


@pytest.mark.parametrize("odd", [None, "text", ["list"], 1])
@pytest.mark.parametrize("part", ["cluster", "user"])
def test_an_entry_of_another_form_is_the_librarys_to_judge(odd, part, tmp_path):
    where = kubeconfig("https://127.0.0.1:1", {"token": "t"})
    where[part + "s"][0][part] = odd

    def failure(load):
        try:
            load(client.Configuration())
        except Exception as exc:  # noqa: BLE001 - whatever the library raises
            return type(exc), str(exc)
        return None

    assert failure(lambda ours: subject.load(where, None, ours, str(tmp_path))) == failure(
        lambda theirs: config.load_kube_config_from_dict(where, client_configuration=theirs)
    )


def test_an_old_urllib3_is_named(monkeypatch):
    monkeypatch.delattr("urllib3.HTTPHeaderDict")
    with pytest.raises(CalicoError, match="urllib3 is missing or older than 2.*'urllib3>=2'"):
        connect({})


@pytest.mark.parametrize(
    "text", ["a: b: c", "clusters: [", "just text", "users: one\nclusters: two\n"]
)
def test_a_file_that_is_no_kubeconfig_is_an_error_and_no_traceback(tmp_path, text):
    path = tmp_path / "kubeconfig"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CalicoError, match="There is no access to the Kubernetes API"):
        connect({"kubeconfig": str(path)})


@pytest.mark.parametrize("field", ["certificate-authority-data", "client-key-data"])
def test_data_that_is_null_is_refused_and_nothing_else_is_trusted(pki, field):
    user, cluster = inline(pki)
    (cluster if field in cluster else user)[field] = None
    with pytest.raises(CalicoError, match="Expected key %s" % field):
        connect({"kubeconfig": kubeconfig("https://127.0.0.1:1", user, **cluster)})


@pytest.mark.parametrize("memory", [True, False])
def test_an_empty_option_takes_away_what_the_kubeconfig_carries(pki, mutual, monkeypatch, memory):
    if not memory:
        monkeypatch.delattr(os, "memfd_create")
    user, cluster = inline(pki)
    where = kubeconfig(mutual.url, user, **cluster)
    assert connect({"kubeconfig": where}).version() == "v1.34.4"
    with pytest.raises(CalicoError, match="(?i)certificate verify failed"):
        connect({"kubeconfig": where, "ca_cert": ""}).version()
    with pytest.raises(CalicoError, match="cannot be reached"):
        connect({"kubeconfig": where, "client_cert": ""}).version()
    with pytest.raises(CalicoError, match="certificates for the Kubernetes API cannot be used"):
        connect({"kubeconfig": where, "client_key": ""})


def test_a_ca_is_what_openssl_makes_of_a_file(pki):
    marked = subprocess.run(
        ["openssl", "x509", "-trustout", "-in", pki["ca"]], capture_output=True, check=True
    ).stdout
    assert marked.startswith(b"-----BEGIN TRUSTED")
    assert len(contexts.context(True, marked, None, None).get_ca_certs()) == 1
    with pytest.raises(CalicoError, match="no certificate or crl found"):
        contexts.context(True, b"none", None, None)


def test_a_users_certificate_does_not_matter_beside_a_plugins(pki, mutual):
    certificate, key = (pathlib.Path(path).read_text() for path in pki["client"])
    mine = plugin({"clientCertificateData": certificate, "clientKeyData": key})
    user = {"exec": mine, "client-certificate-data": "A", "client-key-data": "A"}
    where = kubeconfig(mutual.url, user, **inline(pki)[1])
    assert connect({"kubeconfig": where}).version() == "v1.34.4"


def test_memory_without_proc_is_no_memory(pki, mutual, monkeypatch):
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: path[:6] != "/proc/" and exists(path))
    user, cluster = inline(pki)
    where = kubeconfig(mutual.url, user, **cluster)
    assert connect({"kubeconfig": where}).version() == "v1.34.4"


@pytest.mark.parametrize("encoded", ["%%%", "="])
def test_a_certificate_of_nothing_is_not_no_certificate(pki, encoded):
    user, cluster = inline(pki)
    user["client-certificate-data"] = encoded
    with pytest.raises(CalicoError, match="certificates for the Kubernetes API cannot be used"):
        connect({"kubeconfig": kubeconfig("https://127.0.0.1:1", user, **cluster)})


def test_a_message_about_a_file_holds_none_of_its_secrets(tmp_path):
    path = tmp_path / "kubeconfig"
    secret = {"name": "oidc", "config": {"refresh-token": "geheim"}}
    whole = kubeconfig("https://127.0.0.1:1", {"auth-provider": secret, "password": "geheim"})
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    with pytest.raises(CalicoError, match=r"id-token in .*kubeconfig/users\[name=u\]") as caught:
        connect({"kubeconfig": str(path)})
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("entry", [{"user": {}}, "text", None, ["name"]])
def test_an_entry_without_a_name_is_told_as_the_library_does(tmp_path, entry):
    path = tmp_path / "kubeconfig"
    whole = kubeconfig("https://127.0.0.1:1", {"token": "t"})
    path.write_text(yaml.safe_dump({**whole, "users": [entry]}), encoding="utf-8")
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever the library raises
        config.load_kube_config(str(path), client_configuration=client.Configuration())
    with pytest.raises(CalicoError) as ours:
        connect({"kubeconfig": str(path)})
    assert str(theirs.value).rstrip(".") in str(ours.value)


def test_what_is_no_base64_is_skipped_as_in_the_library(pki, mutual):
    user, cluster = inline(pki)
    cluster["certificate-authority-data"] = "\u00a0" + cluster["certificate-authority-data"]
    assert connect({"kubeconfig": kubeconfig(mutual.url, user, **cluster)}).version() == "v1.34.4"
