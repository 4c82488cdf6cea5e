"""Stripe's own client over real sockets, and what Vienna makes of its requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from harness.standin import Answer, Asked, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, read, rejoined, through, verified

CHARGE = {"id": "ch_1", "object": "charge", "amount": 2000, "currency": "eur", "amount_refunded": 0}


def refund(asked: Asked) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": int(asked.form.get("amount", CHARGE["amount"])),
        "charge": asked.form["charge"],
        "currency": "eur",
        "status": "succeeded",
    }


ANSWERS = [
    Answer("GET", "/v1/charges/{id}", body=lambda asked: {**CHARGE, "id": asked.vars["id"]}),
    Answer("POST", "/v1/refunds", body=refund),
]


@pytest.fixture
def api() -> Iterator[Standin]:
    with Standin("api.stripe.com", ANSWERS) as standin, through(standin):
        yield standin


def client(api: Standin, **settings: Any) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_1", http_client=stripe.RequestsClient(verify_ssl_certs=True), **settings
    )


@pytest.fixture(autouse=True)
def trust(api: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe's client brings its own roots."""
    monkeypatch.setattr(stripe, "ca_bundle_path", str(api.ca))


def test_a_refund(api: Standin) -> None:
    done = client(api).v1.refunds.create({"charge": "ch_1", "amount": 500, "reason": "duplicate"})
    assert done.status == "succeeded"
    expect(
        api.last,
        action="create_refund",
        target="stripe:charge/ch_1",
        tier="T2",
        effect="spend",
        parameters={"amount": "5.00", "currency": "EUR", "charge": "ch_1"},
    )
    assert [call.asked.path for call in api.preflights] == ["/v1/charges/ch_1"]
    assert verified(api.last).result is Result.MATCH
    other = Answer("", "", 200, {**refund(api.last.asked), "amount": 5000})
    assert verified(api.last, answer=other).result is Result.DRIFT


def test_the_clients_own_retry_is_the_same_call(api: Standin) -> None:
    api.fail_next(500)
    client(api, max_network_retries=2).v1.refunds.create({"charge": "ch_1", "amount": 500})
    assert [call.answer.status for call in api.calls] == [500, 200]
    rejoined(*api.calls)


def test_a_base_url_is_a_road_too(api: Standin) -> None:
    client(api, base_addresses={"api": api.url}).v1.charges.retrieve("ch_1")
    assert read(api.last).intents[0].effect == "read"
    assert api.last.asked.host == "api.stripe.com"
