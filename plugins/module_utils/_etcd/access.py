# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a module's options to an EtcdClient."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd import discovery, endpoints
from ansible_collections.hardway.calico.plugins.module_utils._etcd.arguments import DATASTORE_ARGS
from ansible_collections.hardway.calico.plugins.module_utils._etcd.client import EtcdClient

__all__ = ["DATASTORE_ARGS", "connect"]


def connect(params: dict[str, t.Any]) -> EtcdClient:
    """An EtcdClient for a module's parameters (those of DATASTORE_ARGS). Sends nothing yet.

    Raises CalicoError: a package is missing, the options do not go together, a file cannot be read.
    """
    # Or gRPC writes about each connection that fails to standard error.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import aetcd.rpc
        import grpc
    # Too old a grpc or protobuf is told by RuntimeError and by protobuf's VersionError, an Exception.
    except Exception as exc:
        raise CalicoError(
            "The Python package aetcd cannot be imported",
            expected="aetcd >= 1.0 for the Python of the API host, with the grpcio and protobuf that it asks for",
            found=exc,
            remedy="pip install --upgrade aetcd grpcio protobuf on the API host,"
            " or name another one in calico_api_host",
        ) from exc
    members = endpoints.parse(_addresses(params["etcd_endpoints"], params["etcd_discovery_srv"]))
    login = _login(params["etcd_username"], params["etcd_password"])
    credentials = None
    if login and not members[0].tls:
        raise CalicoError(
            "etcd_password would be sent without TLS",
            expected="members with https",
            found=", ".join(map(str, members)),
            remedy="give the members' addresses with https, or leave etcd_username and etcd_password out",
        )
    if members[0].tls:
        root, certificate, key = (
            _content(params, name) for name in ("etcd_ca_cert", "etcd_cert", "etcd_key")
        )
        _require_both("etcd_cert", certificate, "etcd_key", key)
        credentials = grpc.ssl_channel_credentials(root, key, certificate)
    else:
        _require_no_certificates(params)
    return EtcdClient(members, grpc, aetcd.rpc, credentials, login)


def _addresses(given: list[str] | None, domain: str | None) -> list[str]:
    if bool(given) == bool(domain):
        raise CalicoError(
            "etcd_endpoints and etcd_discovery_srv are both %s" % ("set" if given else "missing"),
            expected="one of them, such as etcd_endpoints with https://192.0.2.11:2379",
            remedy="set one, or leave datastore_type at kubernetes",
        )
    return given or discovery.members(domain or "")


def _login(name: str | None, password: str | None) -> tuple[str, str] | None:
    _require_both("etcd_username", name, "etcd_password", password)
    return (name, password) if name and password else None


def _require_both(first: str, one: t.Any, second: str, other: t.Any) -> None:
    if bool(one) != bool(other):
        raise CalicoError(
            "%s is set without %s" % ((first, second) if one else (second, first)),
            expected="both or none",
            remedy="set both",
        )


def _require_no_certificates(params: dict[str, t.Any]) -> None:
    names = (
        name + form
        for name in ("etcd_ca_cert", "etcd_cert", "etcd_key")
        for form in ("", "_content")
    )
    given = [name for name in names if params[name]]
    if given:
        raise CalicoError(
            "%s: etcd is not reached with TLS" % ", ".join(given),
            expected="https in etcd_endpoints",
            found="http",
            remedy="give the members' addresses with https, or leave the certificates out",
        )


def _content(params: dict[str, t.Any], name: str) -> bytes | None:
    """The PEM that an option gives by path or by content, None if it is not given."""
    path, content = params[name], params[name + "_content"]
    if path and content:
        raise CalicoError(
            "%s and %s_content are both set" % (name, name),
            expected="one of them",
            remedy="remove one",
        )
    if not path and not content:
        return None
    found = content.encode() if content else _read(name, path)
    if b"-----BEGIN " not in found:
        raise CalicoError(
            "%s holds no PEM" % (path or name + "_content"),
            expected="-----BEGIN ... for %s" % name,
            remedy="give the file that etcd's owner issued, PEM and not DER",
        )
    return found


def _read(name: str, path: str) -> bytes:
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except OSError as exc:
        raise CalicoError(
            "%s: %s cannot be read" % (name, path),
            found=exc.strerror or exc,
            remedy="give a path on the host where the module runs, or the content in %s_content"
            % name,
        ) from exc
