"""A closed installation whose warrants are signed with one shared secret: everything works, and everything says so."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from harness.upstream import Upstream
from harness.vienna import Vienna, in_background

pytestmark = pytest.mark.journey

REFUND = {"order": "ORD-12345", "amount": "5000.00", "currency": "EUR"}


def test_warrants_by_hmac_are_used_and_labelled(start: Callable[..., Vienna], upstream: Upstream) -> None:
    vienna = start(environ={"VIENNA_WARRANT_ALGORITHM": "hmac-sha256"})
    url = "https://payments.example/v1/refunds"
    with in_background(lambda: vienna.call("POST", url, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "bob")
        vienna.approve(approval, "alice")
        answer = call.result()
    assert answer.status_code == 200
    warrant_id = answer.headers["vienna-warrant-id"]
    shown = vienna.get(f"/warrants/{warrant_id}")
    label, kid, _ = shown["signature"].split(":")
    assert label == "hmac-sha256"
    published = httpx.get(f"{vienna.url}/.well-known/jwks.json", timeout=60, trust_env=False).json()
    assert published["warrant_algorithm"] == "hmac-sha256"
    assert kid not in {row["kid"] for row in published["keys"]}
    assert not any("k" in row for row in published["keys"])
    verified = vienna.post("/warrants/verify", token=shown["token"])
    assert (verified["valid"], verified["reason"]) == (False, "warrant_consumed")
    assert "warrants.symmetric" in vienna.control.log.read_text()
