# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import re
import socket
import sys
import tempfile
import time

import pytest
import yaml
from api_server import serve, tls
from kubeconfigs import data, kubeconfig
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.doc_fragments.kubernetes import ModuleDocFragment
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import api as adapter
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.arguments import (
    with_environment,
)

MAP = "/api/v1/namespaces/kube-system/configmaps"
CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "uid": "u-1"},
    "data": {"a": "1"},
}


@pytest.fixture(name="wire")
def wire_fixture():
    with serve(RecordedApi({MAP + "/one": CONFIG_MAP}, served=[MAP])) as wire:
        yield wire


def access(wire, **more):
    return connect({"host": wire.url, "api_key": "the-token", **more})


def test_reading(wire):
    api = access(wire)
    assert api.get(MAP + "/one")["data"] == {"a": "1"}
    assert api.get(MAP + "/two") is None
    assert [item["metadata"]["name"] for item in api.list(MAP)] == ["one"]
    assert api.list_or_none("/apis/none/v1/things") is None
    assert api.version() == "v1.34.4"
    assert wire.writes == []
    assert {headers["Authorization"] for _verb, _path, headers, _body in wire.seen} == {
        "Bearer the-token"
    }


def test_existence_is_asked_for_without_content(wire):
    api = access(wire)
    assert api.exists(MAP + "/one") and not api.exists(MAP + "/two")
    accepted = {headers["Accept"] for _verb, _path, headers, _body in wire.seen}
    assert accepted == {"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}


def test_items_of_a_list_are_whole_objects(wire):
    wire.answers.append(
        (
            200,
            {},
            b'{"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "n"}}]}',
        )
    )
    assert access(wire).list("/api/v1/nodes") == [
        {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}}
    ]


def test_each_write_is_one_request_of_its_kind(wire):
    api = access(wire)
    api.create(MAP, {"metadata": {"name": "two"}})
    found = api.get(MAP + "/two")
    api.replace(MAP + "/two", {**found, "data": {"b": "2"}})
    api.merge_patch(MAP + "/two", {"data": {"b": "3"}})
    api.apply(MAP + "/three", {"metadata": {"name": "three"}}, force=True)
    api.delete(MAP + "/one", uid="u-1", resource_version="100")
    assert api.delete(MAP + "/one") is None
    writes = [
        (verb, path[len(MAP) :], headers.get("Content-Type"), body)
        for verb, path, headers, body in wire.seen
        if verb != "GET"
    ]
    assert [write[:3] for write in writes] == [
        ("POST", "", "application/json"),
        ("PUT", "/two", "application/json"),
        ("PATCH", "/two", "application/merge-patch+json"),
        ("PATCH", "/three?fieldManager=hardway.calico&force=true", "application/apply-patch+yaml"),
        ("DELETE", "/one", "application/json"),
        ("DELETE", "/one", None),
    ]
    assert writes[4][3] == {"preconditions": {"uid": "u-1", "resourceVersion": "100"}}


def test_a_conflict_is_an_error_with_a_remedy(wire):
    with pytest.raises(CalicoError, match="refused PUT .*409.*run again"):
        access(wire).replace(
            MAP + "/one", {**CONFIG_MAP, "metadata": {"name": "one", "resourceVersion": "7"}}
        )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "credentials"),
        (403, "cluster's admin"),
        (404, "hardway.calico.datastore"),
        (409, "run again"),
        (422, "correct what the message names"),
    ],
)
def test_refusals_name_the_server_the_message_and_the_remedy(wire, status, words):
    wire.answers.append((status, {}, json.dumps({"message": "because of this"}).encode()))
    with pytest.raises(CalicoError) as refusal:
        access(wire).create(MAP, {"metadata": {"name": "two"}})
    assert all(
        part in str(refusal.value)
        for part in (wire.url, "POST " + MAP, str(status), "because of this", words)
    )


@pytest.mark.parametrize("content", [b"<html>oops</html>", b"[]", b'"text"', b"{}", b"\xff\xfe"])
def test_a_refusal_in_any_form_is_readable(wire, content):
    wire.answers.append((500, {}, content))
    with pytest.raises(CalicoError, match="500, "):
        access(wire).get(MAP + "/one")


def test_an_answer_that_is_no_json_is_no_traceback(wire):
    wire.answers.append((200, {}, b"<html>log in here</html>"))
    with pytest.raises(CalicoError, match="no JSON.*log in here"):
        access(wire).get(MAP + "/one")


@pytest.mark.parametrize("asked", ["0", "Wed, 21 Oct 2026 07:28:00 GMT", None])
def test_a_busy_server_is_asked_again(wire, monkeypatch, asked):
    waits = []
    monkeypatch.setattr(adapter.time, "sleep", waits.append)
    wire.answers.append((429, {} if asked is None else {"Retry-After": asked}, b"{}"))
    assert access(wire).get(MAP + "/one")["data"] == {"a": "1"}
    assert waits == [0 if asked == "0" else 1]


def test_a_server_that_stays_busy_is_an_error(wire, monkeypatch):
    monkeypatch.setattr(adapter, "BUSY_SECONDS", 0)
    wire.answers.append((429, {}, b'{"message": "too many"}'))
    with pytest.raises(CalicoError, match="429, too many.*run again later"):
        access(wire).get(MAP + "/one")


def test_a_dead_server_is_reported_at_once():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    before = time.monotonic()
    with pytest.raises(
        CalicoError, match="The API server https://127.0.0.1:%d cannot be reached.*firewall" % port
    ):
        connect({"host": "https://127.0.0.1:%d" % port, "api_key": "t"}).version()
    assert time.monotonic() - before < 5


def test_a_silent_server_ends_after_the_timeout(monkeypatch):
    monkeypatch.setattr(adapter, "READ_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(CalicoError, match="cannot be reached"):
            connect(
                {"host": "http://127.0.0.1:%d" % silent.getsockname()[1], "api_key": "t"}
            ).version()


def test_acting_as_another_user_replaces_whom_is_acted_as(wire):
    api = access(wire, impersonate_user="jane", impersonate_groups=["a"])
    api.acting_as("john").version()
    api.version()
    first, second = (seen[2] for seen in wire.seen)
    assert (first.get_all("Impersonate-User"), first.get_all("Impersonate-Group")) == (
        ["john"],
        None,
    )
    assert (second.get_all("Impersonate-User"), second.get_all("Impersonate-Group")) == (
        ["jane"],
        ["a"],
    )


def test_impersonation_sends_one_header_a_group(wire):
    access(wire, impersonate_user="jane", impersonate_groups=["a", "b,c"]).version()
    headers = wire.seen[0][2]
    assert (headers["Impersonate-User"], headers.get_all("Impersonate-Group")) == (
        "jane",
        ["a", "b,c"],
    )


def test_a_client_certificate_in_a_dict_leaves_no_file(pki, monkeypatch, tmp_path):
    made, mkdtemp = [], tempfile.mkdtemp
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(
        tempfile,
        "mkdtemp",
        lambda *args, **options: (
            made.append(pathlib.Path(mkdtemp(*args, **options))) or str(made[-1])
        ),
    )
    where = kubeconfig(
        "",
        {
            "client-certificate-data": data(pki["client"][0]),
            "client-key-data": data(pki["client"][1]),
        },
        **{"certificate-authority-data": data(pki["ca"])},
    )
    with serve(context=tls(*pki["server"], client_ca=pki["ca"])) as wire:
        where["clusters"][0]["cluster"]["server"] = wire.url
        for _attempt in range(2):
            api = connect({"kubeconfig": where})
            assert made and not any(folder.exists() for folder in made)
            assert list(tmp_path.iterdir()) == []
            assert api.version() == "v1.34.4"


def test_client_certificate_by_path(pki):
    with serve(context=tls(*pki["server"], client_ca=pki["ca"])) as wire:
        api = connect(
            {
                "host": wire.url,
                "ca_cert": pki["ca"],
                "client_cert": pki["client"][0],
                "client_key": pki["client"][1],
            }
        )
        assert api.version() == "v1.34.4"


def test_the_servers_certificate_is_verified_unless_told_otherwise(pki):
    with serve(context=tls(*pki["server"])) as wire:
        with pytest.raises(CalicoError, match="(?i)certificate verify failed"):
            access(wire).version()
        assert access(wire, validate_certs=False).version() == "v1.34.4"
        assert access(wire, ca_cert=pki["ca"]).version() == "v1.34.4"


def test_unusable_certificates_are_refused_without_a_prompt(pki, tmp_path):
    (tmp_path / "bad").write_text("no certificate")
    for more in (
        {"ca_cert": str(tmp_path / "bad")},
        {"ca_cert": str(tmp_path / "none")},
        {"client_cert": pki["client"][0], "client_key": pki["server"][1]},
    ):
        with pytest.raises(CalicoError, match="certificates for the Kubernetes API cannot be used"):
            connect({"host": "https://127.0.0.1:1", "api_key": "t", **more})


def test_options_win_over_variables_and_these_over_the_kubeconfig(wire, monkeypatch, tmp_path):
    path = tmp_path / "kubeconfig"
    path.write_text(
        yaml.safe_dump(kubeconfig("http://127.0.0.1:1", {"token": "of-the-kubeconfig"}))
    )
    assert connect({"kubeconfig": str(path)}).server == "http://127.0.0.1:1"
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", str(path))
    assert connect({}).server == "http://127.0.0.1:1"
    monkeypatch.setenv("K8S_AUTH_HOST", "http://127.0.0.1:2")
    monkeypatch.setenv("K8S_AUTH_API_KEY", "of-the-variable")
    assert connect({}).server == "http://127.0.0.1:2"
    connect({"host": wire.url}).version()
    connect({"host": wire.url, "api_key": "of-the-option"}).version()
    assert [headers["Authorization"] for _verb, _path, headers, _body in wire.seen] == [
        "Bearer of-the-variable",
        "Bearer of-the-option",
    ]


def test_lists_and_booleans_from_variables(wire, monkeypatch):
    monkeypatch.setenv("K8S_AUTH_IMPERSONATE_GROUPS", "a,b")
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "no")
    assert with_environment({})["validate_certs"] is False
    assert with_environment({"validate_certs": True})["validate_certs"] is True
    access(wire).version()
    assert wire.seen[0][2].get_all("Impersonate-Group") == ["a", "b"]


@pytest.mark.parametrize(
    "where",
    [None, {}, {"apiVersion": "v1"}, "/does/not/exist", kubeconfig("https://x", {"token": "t"})],
)
def test_no_usable_access_is_an_error_and_no_traceback(where):
    with pytest.raises(CalicoError, match="no access to the Kubernetes API.*calico_kubeconfig"):
        connect({"kubeconfig": where, "context": "another"})


def test_the_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(
        CalicoError, match="package kubernetes cannot be imported.*pip install kubernetes"
    ):
        connect({})


def test_messages_may_name_the_server_but_no_secret():
    where = kubeconfig(
        "https://10.0.0.1:6443", {"token": "secret-token", "client-key-data": "secret-key"}
    )

    class Module:
        params = {"kubeconfig": where}
        no_log_values = {"https://10.0.0.1:6443", "v1", "secret-token", "secret-key"}

    module = Module()
    show_public_parts(module)
    assert module.no_log_values == {"secret-token", "secret-key"}


def test_documented_options_are_the_accepted_ones():
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert {name: (spec["type"], spec.get("aliases", [])) for name, spec in documented.items()} == {
        name: (spec["type"], spec.get("aliases", [])) for name, spec in KUBERNETES_ARGS.items()
    }


def test_documented_variables_are_the_ones_that_are_read(monkeypatch):
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    for name, option in documented.items():
        variable = re.search(r"E\((K8S_AUTH_\w+)\)", str(option["description"])).group(1)
        assert with_environment({})[name] is None
        monkeypatch.setenv(variable, "no")
        assert with_environment({})[name] == {"bool": False, "list": ["no"]}.get(
            option["type"], "no"
        )
