# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Secret's data as text and back, and the words for a write that lost."""

from __future__ import annotations

import base64

import pytest
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.secret import (
    data_of,
    lost_race,
    pair_of,
    texts_of,
    write,
)

KEYS = ("tls.crt", "tls.key")


def test_text_comes_back_as_it_was_stored():
    data = data_of({"tls.crt": "Zürich\n", "tls.key": "key"})
    assert data == {"tls.crt": base64.b64encode("Zürich\n".encode()).decode(), "tls.key": "a2V5"}
    assert pair_of({"data": data}, KEYS) == ("Zürich\n", "key")


@pytest.mark.parametrize("secret", [None, {}, {"data": None}, {"data": {"other": "a2V5"}}])
def test_what_is_absent_is_empty(secret):
    assert texts_of(secret, KEYS) == ("", "")


@pytest.mark.parametrize("stored", [base64.b64encode(b"\xff\xfe").decode(), "a", "\u00fc"])
def test_what_is_no_text_is_garbage_and_not_absent(stored):
    certificate, key = pair_of({"data": {"tls.crt": stored}}, KEYS)
    assert certificate
    assert "BEGIN" not in certificate
    assert not key


def test_a_pem_among_other_bytes_stays_readable():
    stored = base64.b64encode(b"# Z\xfcrich\n-----BEGIN CERTIFICATE-----\n").decode()
    assert "-----BEGIN CERTIFICATE-----" in texts_of({"data": {"ca.crt": stored}}, ["ca.crt"])[0]


def test_a_lost_race_has_words_of_its_own():
    conflict = CalicoError("The API server refused PUT", found="409, Conflict", status=409)
    with pytest.raises(CalicoError) as error, lost_race("the Secret a/b", "as read", "run again"):
        raise conflict
    assert str(error.value) == (
        "the Secret a/b. Expected: as read. Found: 409, Conflict. Remedy: run again."
    )
    assert error.value.__cause__ is conflict


def test_other_refusals_pass_through():
    refusal = CalicoError("The API server refused PUT", found="403, Forbidden", status=403)
    with pytest.raises(CalicoError) as error, lost_race("the Secret a/b", "as read", "run again"):
        raise refusal
    assert error.value is refusal


SECRETS = "/api/v1/namespaces/kube-system/secrets"
LABELS = {"made-by": "us"}


def stored(api):
    return api.objects[SECRETS + "/one"]


def test_a_new_secret_is_created_whole():
    api = RecordedApi()
    made = write(api, "kube-system", "one", None, {"a": "1", "b": "2"}, LABELS, "Opaque")
    assert made == stored(api) and api.writes == [("POST", SECRETS)]
    assert (made["type"], made["metadata"]["labels"]) == ("Opaque", LABELS)
    assert texts_of(made, ("a", "b")) == ("1", "2")


def test_what_else_is_in_a_secret_stays():
    there = {
        "metadata": {"name": "one", "labels": {"mine": "x"}, "annotations": {"y": "z"}},
        "type": "kubernetes.io/tls",
        "data": data_of({"a": "1", "other": "3"}),
    }
    api = RecordedApi({SECRETS + "/one": there})
    write(api, "kube-system", "one", api.get(SECRETS + "/one"), {"a": "2"}, LABELS, "Opaque")
    assert texts_of(stored(api), ("a", "other")) == ("2", "3")
    assert stored(api)["type"] == "kubernetes.io/tls"
    assert stored(api)["metadata"]["labels"] == {"mine": "x", **LABELS}
    assert stored(api)["metadata"]["annotations"] == {"y": "z"}


@pytest.mark.parametrize("read_before", [True, False])
def test_a_secret_that_somebody_else_wrote_meanwhile_is_left_alone(read_before):
    api = RecordedApi()
    first = write(api, "kube-system", "one", None, {"a": "1"}, LABELS, "Opaque")
    write(api, "kube-system", "one", first, {"a": "theirs"}, LABELS, "Opaque")
    with pytest.raises(CalicoError) as refusal:
        write(api, "kube-system", "one", first if read_before else None, {"a": "2"}, {}, "Opaque")
    assert refusal.value.status == 409 and texts_of(stored(api), ("a",)) == ("theirs",)
