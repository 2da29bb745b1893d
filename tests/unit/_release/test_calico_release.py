# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""calico_release against a stand-in mirror, over HTTP and as a directory."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import os
import pathlib
import stat
import threading

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host import checksums, download
from ansible_collections.hardway.calico.plugins.module_utils._release import cache as cache_module
from ansible_collections.hardway.calico.plugins.module_utils._release import (
    crds_yaml as crd_objects,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._release.read import read
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release
from ansible_collections.hardway.calico.plugins.module_utils._release.wanted import base, wanted_of
from ansible_collections.hardway.calico.plugins.modules import calico_release

VERSION = "v3.32.1"
PLUGINS = "v1.9.1"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def stand_in_crds(names):
    documents = []
    for name in reversed(names):
        plural, _dot, group = name.partition(".")
        documents.append(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {
                    "name": name,
                    "creationTimestamp": None,
                    "annotations": {"made-by": "stand-in"},
                },
                "spec": {
                    "group": group,
                    "names": {"plural": plural},
                    "preserveUnknownFields": False,
                    "versions": [{"name": "v1"}],
                },
                "status": {"storedVersions": []},
            }
        )
    return yaml.safe_dump_all(documents).encode()


class Mirror:
    """A mirror in a folder, and a server that counts its requests."""

    def __init__(self, folder):
        self.folder = folder
        self.requests = []
        self.crds = stand_in_crds(release(VERSION)["crds"]["names"])
        self.archive = b"stand-in for the release archive"
        self.calicoctl = b"stand-in for calicoctl"
        self.put("%s/crds.yaml" % VERSION, self.crds)
        self.put("%s/release-%s.tgz" % (VERSION, VERSION), self.archive)
        self.put("%s/calicoctl-linux-amd64" % VERSION, self.calicoctl)
        self.sums("crds.yaml", "release-%s.tgz" % VERSION, "calicoctl-linux-amd64")
        for arch in ("amd64", "arm64"):
            name = "cni-plugins-linux-%s-%s.tgz" % (arch, PLUGINS)
            content = b"stand-in for the plugins of " + arch.encode()
            self.put("cni-plugins/%s/%s" % (PLUGINS, name), content)
            self.put(
                "cni-plugins/%s/%s.sha256" % (PLUGINS, name),
                ("%s  %s\n" % (digest(content), name)).encode(),
            )

    def put(self, path, content):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def sums(self, *names):
        lines = [
            "%s  %s" % (digest((self.folder / VERSION / name).read_bytes()), name) for name in names
        ]
        self.put("%s/SHA256SUMS" % VERSION, ("\n".join(lines) + "\n").encode())


@pytest.fixture
def mirror(tmp_path):
    return Mirror(tmp_path / "mirror")


@pytest.fixture
def server(mirror):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_arguments):
            mirror.requests.append(self.path)

        log_error = log_message

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(mirror.folder))
    ) as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()
        yield "http://127.0.0.1:%d" % server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache_home(tmp_path, monkeypatch):
    home = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the module; its warnings are at "warned", since where Ansible keeps them depends on what else is imported."""
    warned = []
    monkeypatch.setattr(
        calico_release.AnsibleModule, "warn", lambda module, text: warned.append(text)
    )

    def run_module(check=False, **options):
        warned.clear()
        options = {"version": VERSION, "_ansible_check_mode": check, **options}
        with patch_module_args(options), pytest.raises(SystemExit):
            calico_release.main()
        return {**json.loads(capsys.readouterr().out), "warned": list(warned)}

    return run_module


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_mirror_over_http(run, mirror, server, cache_home):
    found = run(mirror=server + "/")
    assert found["changed"] is False and found["version"] == VERSION
    assert [crd["metadata"]["name"] for crd in found["crds"]] == release(VERSION)["crds"]["names"]
    assert all(
        "status" not in crd
        and "preserveUnknownFields" not in crd["spec"]
        and "creationTimestamp" not in crd["metadata"]
        for crd in found["crds"]
    )
    assert found["crds_sha256"] == digest(mirror.crds) and found[
        "crds_url"
    ] == "%s/%s/crds.yaml" % (server, VERSION)
    calico, plugins = found["cni_sources"]
    assert calico == {
        "name": "calico",
        "url": "%s/%s/release-%s.tgz" % (server, VERSION, VERSION),
        "sha256": digest(mirror.archive),
        "archive": "tgz",
        "members": [
            {
                "member": "release-%s/bin/cni/{arch}/calico" % VERSION,
                "dest": "/opt/cni/bin/calico",
                "mode": "0755",
            },
            {
                "member": "release-%s/bin/cni/{arch}/calico-ipam" % VERSION,
                "dest": "/opt/cni/bin/calico-ipam",
                "mode": "0755",
            },
        ],
    }
    assert plugins["url"] == "%s/cni-plugins/%s/cni-plugins-linux-{arch}-%s.tgz" % (
        server,
        PLUGINS,
        PLUGINS,
    )
    assert plugins["sha256"] == {
        arch: digest(b"stand-in for the plugins of " + arch.encode()) for arch in ("amd64", "arm64")
    }
    assert {"member": "./portmap", "dest": "/opt/cni/bin/portmap", "mode": "0755"} in plugins[
        "members"
    ]
    assert {member["member"] for member in plugins["members"]} == {
        "./portmap",
        "./loopback",
        "./host-local",
        "./bandwidth",
        "./tuning",
    }
    [calicoctl] = found["calicoctl_sources"]
    assert (
        calicoctl["url"] == "%s/%s/calicoctl-linux-{arch}" % (server, VERSION)
        and calicoctl["archive"] == "none"
    )
    assert (
        calicoctl["sha256"] == {"amd64": digest(mirror.calicoctl)}
        and calicoctl["members"][0]["dest"] == "/usr/local/bin/calicoctl"
    )
    assert found["sources"] == found["cni_sources"] + found["calicoctl_sources"]
    assert files_of(cache_home) == ["hardway-calico/releases/%s/crds.yaml" % VERSION]


def test_the_result_is_documented(run, mirror):
    assert set(yaml.safe_load(calico_release.RETURN)) == set(run(mirror=str(mirror.folder))) - {
        "changed",
        "invocation",
        "warned",
        "warnings",
    }


def test_a_directory(run, mirror):
    found = run(mirror=str(mirror.folder))
    assert found["crds_url"] == "%s/%s/crds.yaml" % (mirror.folder, VERSION)
    assert found["cni_sources"][0]["url"] == "%s/%s/release-%s.tgz" % (
        mirror.folder,
        VERSION,
        VERSION,
    )
    assert run(mirror="file://%s/" % mirror.folder)["sources"] == found["sources"]


def test_the_second_run_asks_for_checksums_only(run, mirror, server):
    first = run(mirror=server)
    asked = list(mirror.requests)
    assert sum("crds.yaml" in line for line in asked) == 1
    mirror.requests.clear()
    assert run(mirror=server) == first
    assert len(mirror.requests) < len(asked) and not any(
        "crds.yaml" in line for line in mirror.requests
    )


def test_the_cache_is_private_and_check_mode_does_not_write_it(run, mirror, server, cache_home):
    found = run(check=True, mirror=server)
    assert found["crds"] and not cache_home.exists()
    old = os.umask(0)
    try:
        run(mirror=server)
    finally:
        os.umask(old)
    for folder in (
        "",
        "hardway-calico",
        "hardway-calico/releases",
        "hardway-calico/releases/" + VERSION,
    ):
        assert stat.S_IMODE((cache_home / folder).stat().st_mode) == 0o700
    assert (
        stat.S_IMODE(
            (cache_home / "hardway-calico/releases" / VERSION / "crds.yaml").stat().st_mode
        )
        == 0o600
    )


def test_a_spoilt_cache_does_not_count(run, mirror, server, cache_home):
    first = run(mirror=server)
    kept = cache_home / "hardway-calico/releases" / VERSION / "crds.yaml"
    kept.write_bytes(b"spoilt")
    assert run(mirror=server) == first and kept.read_bytes() == mirror.crds


def test_a_cache_that_others_may_write_to_does_not_count(tmp_path):
    cache = cache_module.Cache(VERSION, True, {"XDG_CACHE_HOME": str(tmp_path)})
    cache.put("SHA256SUMS", b"x")
    assert cache.get("SHA256SUMS") == b"x"
    os.chmod(cache.folder, 0o777)
    assert cache.get("SHA256SUMS") is None


def test_a_cache_that_cannot_be_written_is_no_error(run, mirror, cache_home):
    cache_home.write_text("a file where the folder should be")
    assert run(mirror=str(mirror.folder))["crds"]


def assert_refused(found, *words):
    assert found.get("failed"), found
    for word in (*words, "Expected: ", "Found: ", "Remedy: "):
        assert word in found["msg"], found["msg"]
    assert "Traceback" not in json.dumps(found)


def test_a_wrong_digest(run, mirror, server, cache_home):
    mirror.put("%s/crds.yaml" % VERSION, mirror.crds + b"\n# touched\n")
    assert_refused(
        run(mirror=server),
        "%s/%s/crds.yaml" % (server, VERSION),
        digest(mirror.crds),
        digest(mirror.crds + b"\n# touched\n"),
    )
    assert not cache_home.exists()


@pytest.mark.parametrize("name", ["crds.yaml", "SHA256SUMS"])
@pytest.mark.parametrize("kind", ["http", "directory"])
def test_a_missing_file(run, mirror, server, cache_home, name, kind):
    (mirror.folder / VERSION / name).unlink()
    found = run(mirror=server if kind == "http" else str(mirror.folder))
    assert_refused(
        found,
        "%s/%s cannot be %s" % (VERSION, name, "downloaded" if kind == "http" else "read"),
        "404" if kind == "http" else "no such file",
    )
    assert not cache_home.exists()


def test_an_unreachable_mirror(run, cache_home):
    assert_refused(
        run(mirror="http://127.0.0.1:1", timeout=5),
        "http://127.0.0.1:1/%s/SHA256SUMS" % VERSION,
        "refused",
    )
    assert not cache_home.exists()


@pytest.mark.parametrize(
    "mirror_url", ["mirror/calico", "ftp//x", "gopher://127.0.0.1:1/x", "http://", "file://host/x"]
)
def test_a_mirror_that_is_none(run, mirror_url):
    assert_refused(run(mirror=mirror_url), "mirror is neither a URL nor an absolute path")


def test_a_mirror_with_a_password(run):
    found = run(mirror="https://me:hunter2@mirror.example.com/calico")
    assert_refused(found, "credentials for mirror.example.com")
    assert "hunter2" not in json.dumps(found)


def test_the_archive_is_not_listed(run, mirror):
    mirror.sums("crds.yaml")
    assert_refused(run(mirror=str(mirror.folder)), "does not list release-%s.tgz" % VERSION)


def test_a_proxy_page_instead_of_checksums(run, mirror):
    mirror.put("%s/SHA256SUMS" % VERSION, b"<html>please log in</html>")
    assert_refused(run(mirror=str(mirror.folder)), "is not a list of SHA-256 sums", "<html>please")


def test_missing_plugins(run, mirror):
    for path in (mirror.folder / "cni-plugins").rglob("*.sha256"):
        path.unlink()
    assert_refused(run(mirror=str(mirror.folder)), "CNI plugins v1.9.1 cannot be verified")


def test_the_nodes_architectures_must_be_there(run, mirror):
    found = run(mirror=str(mirror.folder), architectures=["arm64"])
    assert set(found["cni_sources"][1]["sha256"]) == {"arm64"}
    assert_refused(
        run(mirror=str(mirror.folder), architectures=["amd64", "s390x"]),
        "cni-plugins-linux-s390x-v1.9.1.tgz.sha256",
    )


def test_a_patch_that_nobody_lists(run, mirror):
    (mirror.folder / VERSION).rename(mirror.folder / "v3.32.9")
    (mirror.folder / "v3.32.9" / ("release-%s.tgz" % VERSION)).rename(
        mirror.folder / "v3.32.9" / "release-v3.32.9.tgz"
    )
    sums = mirror.folder / "v3.32.9/SHA256SUMS"
    sums.write_text("%s  release-v3.32.9.tgz\n" % digest(mirror.archive))
    assert_refused(
        run(mirror=str(mirror.folder), version="v3.32.9"),
        "digest of crds.yaml of Calico v3.32.9 is not known",
        "crds_sha256",
    )
    found = run(
        mirror=str(mirror.folder), version="v3.32.9", crds_sha256=digest(mirror.crds).upper()
    )
    assert (
        found["crds_sha256"] == digest(mirror.crds)
        and found["calicoctl_sources"][0]["sha256"] == {}
    )
    assert_refused(
        run(mirror=str(mirror.folder), version="v3.32.9", crds_sha256="abc"),
        "crds_sha256 is not a SHA-256 digest",
    )


def test_crds_from_elsewhere(run, mirror, tmp_path):
    content = mirror.crds + b"\n"
    (tmp_path / "mine.yaml").write_bytes(content)
    found = run(
        mirror=str(mirror.folder),
        crds_source=str(tmp_path / "mine.yaml"),
        crds_sha256=digest(content),
    )
    assert found["crds_url"] == "%s/mine.yaml" % tmp_path and len(found["crds"]) == 23


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [", ["Expected: YAML"]),
        (b"kind: ConfigMap\n", ["kind ConfigMap"]),
        (b"- a\n", ["kind list"]),
        (
            stand_in_crds(release("3.31")["crds"]["names"]),
            ["clusternetworkpolicies.policy.networking.k8s.io"],
        ),
        (b"", ["23 CRDs"]),
    ],
)
def test_what_is_not_the_releases_crds(run, mirror, content, words):
    mirror.put("%s/crds.yaml" % VERSION, content)
    mirror.sums("crds.yaml", "release-%s.tgz" % VERSION)
    assert_refused(run(mirror=str(mirror.folder)), "is not the release's crds.yaml", *words)


def test_files_that_are_not_upstreams(run, mirror):
    found = run(mirror=str(mirror.folder))
    [text] = found["warned"]
    assert (
        "not upstream's" in text
        and "crds.yaml" in text
        and "cni-plugins-linux-amd64-v1.9.1.tgz" in text
    )
    [text] = run(mirror=str(mirror.folder), crds_sha256=digest(mirror.crds))["warned"]
    assert "crds.yaml" not in text
    assert run(mirror=str(mirror.folder), differs_from_upstream="ignore")["warned"] == []
    assert_refused(
        run(mirror=str(mirror.folder), differs_from_upstream="fail"), "not upstream's", "crds.yaml"
    )


def upstream(monkeypatch, answers):
    """Upstream as a dictionary of URLs; returns the list of those asked for."""
    asked = []

    def opened(url, timeout):
        asked.append(url)
        if url not in answers:
            raise CalicoError(
                "%s cannot be downloaded" % url,
                expected="200 OK",
                found="404 Not Found",
                remedy="none",
            )
        answer = io.BytesIO(answers[url])
        answer.headers = {}
        return answer

    monkeypatch.setattr(download, "_opened", opened)
    return asked


PARAMS = {
    "mirror": "",
    "timeout": 5,
    "cni_plugins_version": "1.9.1",
    "architectures": [],
    "crds_sha256": "",
    "crds_source": "",
    "cni_bin_dir": "/opt/cni/bin",
    "calicoctl_path": "/usr/local/bin/calicoctl",
}


@pytest.fixture
def about(mirror):
    found = release("v3.31.7")
    found["crds"]["sha256"] = digest(mirror.crds)
    found["crds"]["names"] = release(VERSION)["crds"]["names"]
    return found


def get_release(about, params, cache):
    wanted = wanted_of(about, params)
    found, problem = read(wanted, cache, params["timeout"])
    return decide(wanted, found), problem


def sums_of(about, **more):
    lines = {
        "release-v3.31.7.tgz": "a" * 64,
        "calicoctl-linux-amd64": about["calicoctl"]["sha256"]["amd64"],
        **more,
    }
    return "".join("%s  %s\n" % (value, name) for name, value in lines.items()).encode()


def test_upstream_is_asked_twice_and_then_not_at_all(monkeypatch, mirror, about, tmp_path):
    asked = upstream(
        monkeypatch,
        {about["urls"]["checksums"]: sums_of(about), about["urls"]["crds"]: mirror.crds},
    )
    cache = cache_module.Cache("v3.31.7", True, {"XDG_CACHE_HOME": str(tmp_path)})
    found, problem = get_release(about, PARAMS, cache)
    assert problem is None and asked == [about["urls"]["checksums"], about["urls"]["crds"]]
    assert found["cni_sources"][1]["sha256"] == {
        arch: about["cni_plugins"]["sha256"][arch] for arch in ("amd64", "arm64", "ppc64le")
    }
    assert found["calicoctl_sources"][0]["sha256"]["arm64"] == about["calicoctl"]["sha256"]["arm64"]
    assert get_release(about, PARAMS, cache)[0] == found and len(asked) == 2


def test_upstreams_checksums_must_agree_with_the_table(monkeypatch, mirror, about, tmp_path):
    answers = {
        about["urls"]["checksums"]: sums_of(about, **{"calicoctl-linux-amd64": "b" * 64}),
        about["urls"]["crds"]: mirror.crds,
    }
    upstream(monkeypatch, answers)
    with pytest.raises(CalicoError, match="not upstream's.*calicoctl-linux-amd64"):
        get_release(
            about, PARAMS, cache_module.Cache("v3.31.7", True, {"XDG_CACHE_HOME": str(tmp_path)})
        )


def test_plugins_of_another_version_are_verified_by_the_file_beside_them(
    monkeypatch, mirror, about, tmp_path
):
    url = "https://github.com/containernetworking/plugins/releases/download/v1.8.0/cni-plugins-linux-amd64-v1.8.0.tgz.sha256"
    answers = {
        about["urls"]["checksums"]: sums_of(about),
        about["urls"]["crds"]: mirror.crds,
        url: b"c" * 64 + b"  cni-plugins-linux-amd64-v1.8.0.tgz\n",
    }
    upstream(monkeypatch, answers)
    cache = cache_module.Cache("v3.31.7", False, {"XDG_CACHE_HOME": str(tmp_path)})
    found, _problem = get_release(about, {**PARAMS, "cni_plugins_version": "v1.8.0"}, cache)
    assert found["cni_sources"][1]["sha256"] == {"amd64": "c" * 64}


def test_checksum_lines():
    text = "%s  ./bin/a\n\n%s *b.tgz\n" % ("A" * 64, "b" * 64)
    assert checksums.strict_digests(text, "here") == {"a": "a" * 64, "b.tgz": "b" * 64}
    for bad in ("abc  name", "a" * 64, "x" * 64 + "  name"):
        with pytest.raises(CalicoError, match="here is not a list"):
            checksums.strict_digests(bad, "here")


def test_base():
    assert base("") == base(None) == ""
    assert base("https://x/y/") == "https://x/y"
    assert base("/srv/a mirror/") == base("file:///srv/a%20mirror") == "/srv/a mirror"


def test_a_directory_with_a_space(run, mirror):
    moved = mirror.folder.rename(pathlib.Path(str(mirror.folder) + " of ours"))
    assert len(run(mirror=str(moved))["crds"]) == 23


def test_parsing_keeps_what_is_true():
    content = b"kind: CustomResourceDefinition\nmetadata: {name: a}\nspec: {preserveUnknownFields: true}\n"
    assert crd_objects.parse(content, "here", ["a"])[0]["spec"] == {"preserveUnknownFields": True}
