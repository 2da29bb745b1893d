# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: streams a file from http, https or a local path, with a timeout, a length check and a digest.

Timeouts are seconds for each network operation.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import typing as t
import urllib.error
import urllib.request

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

CHUNK = 1024 * 1024
TEXT_LIMIT = 1024 * 1024


def fetch_text(url: str, timeout: float) -> str:
    """A small text file."""
    with _opened(url, timeout) as response:
        try:
            data = response.read(TEXT_LIMIT + 1)
        except (OSError, http.client.HTTPException) as exc:
            raise _failed(url, exc, timeout) from exc
    if len(data) > TEXT_LIMIT:
        raise CalicoError(
            "%s is too large for a list of checksums" % url,
            expected="at most %d bytes" % TEXT_LIMIT,
        )
    return data.decode("utf-8", "replace")


def fetch_verified(url: str, expected: str, timeout: float) -> t.IO[bytes]:
    """The content as a temporary file at its beginning; CalicoError if its SHA-256 is not `expected`.

    The file is on disk, since archives may be larger than memory, and has no name, so that a killed
    run leaves nothing.
    """
    folder = "/var/tmp" if os.access("/var/tmp", os.W_OK) else None
    content = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - who called closes it
    try:
        _copy_verified(url, content, expected, timeout)
    except BaseException:
        content.close()
        raise
    content.seek(0)
    return content


def _copy_verified(url: str, out: t.IO[bytes], expected: str, timeout: float) -> None:
    digest, size = hashlib.sha256(), 0
    with _opened(url, timeout) as response:
        # What urllib answers with has headers, a local file has none.
        headers = getattr(response, "headers", {})
        length = headers.get("Content-Length")
        while True:
            try:
                chunk = response.read(CHUNK)
            except (OSError, http.client.HTTPException) as exc:
                raise _failed(url, exc, timeout) from exc
            if not chunk:
                break
            digest.update(chunk)
            size += len(chunk)
            try:
                out.write(chunk)
            except OSError as exc:
                raise CalicoError(
                    "there is no place for %s" % url,
                    found=exc.strerror,
                    remedy="free space in /var/tmp",
                ) from exc
    if length is not None and length.isdigit() and size != int(length):
        raise CalicoError(
            "the download of %s was cut off" % url,
            expected="%s bytes" % length,
            found="%d bytes" % size,
            remedy="run it again",
        )
    if digest.hexdigest() != expected:
        raise CalicoError(
            "checksum mismatch: %s is not the expected file" % url,
            expected="sha256 %s" % expected,
            found="sha256 %s" % digest.hexdigest(),
            remedy="nothing was replaced; compare the digest with the publisher's SHA256SUMS, "
            "and see whether a proxy or a mirror changed the file",
        )


def _opened(url: str, timeout: float) -> t.IO[bytes]:
    try:
        if url.startswith("/"):
            return open(url, "rb")
        # Not ansible.module_utils.urls: it would double what is sent to every node in every run.
        return urllib.request.build_opener().open(url, timeout=timeout)
    except urllib.error.HTTPError as exc:
        raise CalicoError(
            "%s cannot be downloaded" % url,
            expected="200 OK",
            found="%d %s" % (exc.code, exc.reason),
            remedy="check the address and the version in it",
        ) from exc
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise _failed(url, exc, timeout) from exc


def _failed(url: str, exc: Exception, timeout: float) -> CalicoError:
    reason = getattr(exc, "reason", exc)
    if isinstance(reason, TimeoutError) or "timed out" in str(reason):
        found = "no answer within %s s" % timeout
    else:
        found = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    if url.startswith("/"):
        return CalicoError(
            "%s cannot be read" % url,
            expected="a readable file",
            found=found,
            remedy="with delivery pull the path is one on the node; "
            "if the file is on the controller, use delivery push",
        )
    return CalicoError(
        "%s cannot be downloaded" % url,
        expected="an answer",
        found=found,
        remedy="check the network and the proxy, use a mirror, "
        "or let the controller send the files (delivery push)",
    )
