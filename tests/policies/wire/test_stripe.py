"""Stripe's own client over real sockets, and what Vienna makes of its requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from harness.standin import Answer, Asked, Standin
from vienna_kernel.call.request import Call, canonicalise
from vienna_kernel.mapping.cases import parse_request
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result
from wire_kit import expect, only, read, rejoined, through, verified

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
    Answer("GET", "/v1/refunds/{id}", body={"id": "re_1", "amount": 500, "currency": "eur"}),
    Answer("GET", "/v1/{kind}/{id}", body=lambda asked: {**STATE, "id": asked.vars["id"]}),
    Answer("GET", "/v1/{path+}", body={"object": "list", "data": []}),
    Answer("POST", "/v2/{path+}", body=lambda asked: {"id": "x_1", **asked.json}),
    Answer("POST", "/v1/{path+}", body=lambda asked: changed(asked)),
    Answer(
        "DELETE",
        "/v1/{kind}/{id}",
        body=lambda asked: {"id": asked.vars["id"], "deleted": True, "status": "canceled"},
    ),
]
GONE = {"deleted": True, "status": "canceled"}
# What an object of any kind says of itself, as far as a mapping asks.
STATE = {
    "amount": 2000,
    "amount_capturable": 2000,
    "amount_due": 2000,
    "amount_paid": 2000,
    "amount_reversed": 0,
    "currency": "eur",
    "customer": "cus_1",
}
STATE_V2 = {"id": "x_1", "amount": {"value": 1000, "currency": "usd"}}
STATUSES = {"cancel": "canceled", "close": "lost", "pay": "paid", "void": "void"}


def changed(asked: Asked) -> dict[str, Any]:
    """The object that a request makes or changes: what was said of it, typed as Stripe does."""
    _, _, kind, *way = asked.path.split("/")
    form = asked.form
    amount = int(form.get("amount") or form.get("amount_to_capture") or STATE["amount"])
    found: dict[str, Any] = {
        "object": kind.rstrip("s"),
        "id": way[0] if way else f"{kind[:2]}_1",
        "amount": amount,
        "amount_received": amount,
        "currency": form.get("currency", "eur"),
        "status": STATUSES.get(way[-1] if way else "", "succeeded"),
    }
    for name in ("customer", "destination", "url"):
        if name in form:
            found[name] = form[name]
    if kind == "payouts" and not way:
        found["status"] = "pending"
    return found


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


def calls(api: Standin) -> Iterator[tuple[str, str, str, dict[str, Any], Any]]:
    """Action, tier, summary, parameters, and the client's own call of it."""
    v1 = client(api).v1
    money = {"amount": 5000, "currency": "eur"}
    yield (
        "create_payment_intent",
        "T2",
        "Ask customer cus_1 for 50.00 EUR (confirm: true)",
        {"amount": "50.00", "currency": "EUR", "destination": "acct_9", "confirm": True},
        lambda: v1.payment_intents.create(
            {**money, "customer": "cus_1", "confirm": True, "transfer_data": {"destination": "acct_9"}}  # type: ignore[typeddict-item]
        ),
    )
    yield (
        "confirm_payment_intent",
        "T2",
        "Take 20.00 EUR of payment pi_1",
        {"amount": "20.00", "currency": "EUR"},
        lambda: v1.payment_intents.confirm("pi_1", {"payment_method": "pm_1"}),
    )
    yield (
        "capture_payment_intent",
        "T2",
        "Capture 12.50 EUR of payment pi_1",
        {"amount": "12.50"},
        lambda: v1.payment_intents.capture("pi_1", {"amount_to_capture": 1250}),
    )
    yield (
        "cancel_payment_intent",
        "T1",
        "Cancel payment pi_1",
        {},
        lambda: v1.payment_intents.cancel("pi_1"),
    )
    yield (
        "create_charge",
        "T2",
        "Charge customer cus_1 50.00 EUR",
        {"amount": "50.00"},
        lambda: v1.charges.create({**money, "customer": "cus_1", "metadata": {"a": "b"}}),  # type: ignore[typeddict-item]
    )
    yield ("pay_invoice", "T2", "Take the money of invoice in_1", {}, lambda: v1.invoices.pay("in_1"))
    yield (
        "create_payout",
        "T2",
        "Pay out 50.00 EUR to ba_1",
        {"destination": "ba_1"},
        lambda: v1.payouts.create({**money, "destination": "ba_1"}),  # type: ignore[typeddict-item]
    )
    yield ("cancel_payout", "T2", "Stop payout po_1 (reverse)", {}, lambda: v1.payouts.reverse("po_1"))
    yield (
        "create_transfer",
        "T2",
        "Transfer 50.00 EUR to acct_9",
        {"destination": "acct_9"},
        lambda: v1.transfers.create({**money, "destination": "acct_9"}),  # type: ignore[typeddict-item]
    )
    yield (
        "reverse_transfer",
        "T2",
        "Take back 20.00 EUR of transfer tr_1",
        {"amount": "20.00"},
        lambda: v1.transfers.reversals.create("tr_1"),
    )
    yield ("cancel_refund", "T1", "Cancel refund re_1", {}, lambda: v1.refunds.cancel("re_1"))
    yield ("create_topup", "T2", "Top up the balance by 50.00 EUR", {}, lambda: v1.topups.create({**money}))  # type: ignore[typeddict-item]
    yield (
        "create_credit_note",
        "T2",
        "Credit 10.00 EUR of invoice in_1",
        {"amount": "10.00"},
        lambda: v1.credit_notes.create({"invoice": "in_1", "amount": 1000}),
    )
    yield (
        "create_customer",
        "T1",
        "Create a customer",
        {"email": "eve@x.example", "metadata": {"a": "b"}},
        lambda: v1.customers.create({"email": "eve@x.example", "metadata": {"a": "b"}}),
    )
    yield (
        "update_customer",
        "T1",
        "Change customer cus_1",
        {"customer": "cus_1"},
        lambda: v1.customers.update("cus_1", {"name": "Eve"}),
    )
    yield (
        "credit_customer",
        "T2",
        "Set the balance of customer cus_1 to -5 (smallest unit; less than zero is credit)",
        {"balance": -5},
        lambda: v1.customers.update("cus_1", {"balance": -5}),
    )
    yield (
        "delete_customer",
        "T2",
        "Delete customer cus_1 and end its subscriptions",
        {"customer": "cus_1"},
        lambda: v1.customers.delete("cus_1"),
    )
    yield (
        "create_subscription",
        "T2",
        'Subscribe customer cus_1 to {"0":{"price":"price_1","quantity":"2"}}',
        {"customer": "cus_1"},
        lambda: v1.subscriptions.create(
            {"customer": "cus_1", "items": [{"price": "price_1", "quantity": 2}]}
        ),
    )
    yield (
        "update_subscription",
        "T2",
        "Change subscription sub_1",
        {"cancel_at_period_end": True},
        lambda: v1.subscriptions.update("sub_1", {"cancel_at_period_end": True}),
    )
    yield (
        "cancel_subscription",
        "T2",
        "End subscription sub_1",
        {},
        lambda: v1.subscriptions.cancel("sub_1"),
    )
    yield (
        "finalize_invoice",
        "T2",
        "Invoice in_1: void",
        {"verb": "void"},
        lambda: v1.invoices.void_invoice("in_1"),
    )
    yield ("close_dispute", "T2", "Accept dispute dp_1 and lose it", {}, lambda: v1.disputes.close("dp_1"))
    yield (
        "create_webhook_endpoint",
        "T2",
        "Send events to https://x.example/hook",
        {"url": "https://x.example/hook"},
        lambda: v1.webhook_endpoints.create(
            {"url": "https://x.example/hook", "enabled_events": ["charge.failed"]}
        ),
    )
    yield (
        "delete_connected_account",
        "T3",
        "Delete the connected account acct_9",
        {},
        lambda: v1.accounts.delete("acct_9"),
    )
    yield (
        "update_connected_account",
        "T2",
        "Change the connected account acct_9",
        {"external_account": "btok_1"},
        lambda: v1.accounts.update("acct_9", {"external_account": "btok_1"}),
    )
    yield (
        "stripe_write",
        "T2",
        "Write coupons of Stripe",
        {},
        lambda: v1.coupons.create({"percent_off": 10}),
    )
    yield ("stripe_delete", "T2", "Delete coupons/c_1 of Stripe", {}, lambda: v1.coupons.delete("c_1"))
    yield ("stripe_read", "T0", "Read balance of Stripe", {}, lambda: v1.balance.retrieve())


def test_every_named_action_by_the_clients_own_call(api: Standin) -> None:
    for action, tier, summary, parameters, call in calls(api):
        call()
        unknown = read(api.last).unknown
        assert not unknown or action in ("stripe_write", "stripe_delete"), (action, unknown)
        expect(api.last, action=action, tier=tier, summary=summary, parameters=parameters, unknown=unknown)
        told = verified(api.last).result
        assert told in (Result.MATCH, Result.UNVERIFIABLE), (action, verified(api.last))


def test_money_that_went_elsewhere_is_drift(api: Standin) -> None:
    client(api).v1.transfers.create({"amount": 5000, "currency": "eur", "destination": "acct_9"})
    good = {"id": "tr_1", "amount": 5000, "currency": "eur", "destination": "acct_9"}
    for name, value in (("amount", 500000), ("currency", "kwd"), ("destination", "acct_evil")):
        answer = Answer("", "", 200, {**good, name: value})
        assert verified(api.last, answer=answer).result is Result.DRIFT, name
    assert verified(api.last, answer=Answer("", "", 200, good)).result is Result.MATCH


def test_money_that_moves_by_the_second_api(api: Standin) -> None:
    money = client(api).v2.money_management
    amount = {"value": 1000, "currency": "usd"}
    source = {"financial_account": "fa_1", "currency": "usd"}
    for action, target, call in [
        (
            "create_outbound_payment",
            "stripe:account/acct_9",
            lambda: money.outbound_payments.create(
                {"amount": amount, "from": source, "to": {"recipient": "acct_9", "currency": "usd"}}
            ),
        ),
        (
            "create_payout_intent",
            "stripe:account/acct_9",
            lambda: money.payout_intents.create(
                {"amount": amount, "from": source, "to": {"recipient": "acct_9"}}
            ),
        ),
        (
            "create_inbound_transfer",
            "stripe:account/fa_1",
            lambda: money.inbound_transfers.create(
                {"amount": amount, "from": {"payment_method": "pm_1"}, "to": source}  # type: ignore[typeddict-item]
            ),
        ),
    ]:
        call()
        expect(
            api.last, action=action, tier="T2", target=target, parameters={"amount": "10", "currency": "USD"}
        )
        assert verified(api.last).result is Result.MATCH
        more = Answer("", "", 200, {"id": "x_1", "amount": {**amount, "value": 100000}})
        assert verified(api.last, answer=more).result is Result.DRIFT


def test_secrets_of_customers_are_not_shown(api: Standin) -> None:
    client(api).v1.customers.create({"email": "eve@x.example", "name": "Eve", "source": "tok_secret"})
    assert not {"eve@x.example", "Eve", "tok_secret"} & set(
        str(read(api.last).shown_body).replace("'", " ").split()
    )


def test_every_method_of_the_client_is_mapped() -> None:
    """The paths that the library knows, each with the method that it calls it by."""
    known: set[tuple[str, str]] = set()
    for path in sorted(Path(stripe.__file__).parent.glob("**/*_service.py")):
        found = re.findall(r'_request\(\s*"(\w+)",\s*"(/v[12]/[^"]*)"', path.read_text())
        found += re.findall(r'_request\(\s*"(\w+)",\s*"(/v[12]/[^"]*)"\.format', path.read_text())
        known |= set(found)
    named = 0
    for method, template in sorted(known):
        url = f"https://api.stripe.com{re.sub(r'{[^}]*}', 'x_1', template)}"
        call = canonicalise(parse_request(f"{method.upper()} {url}\n\n"))
        assert isinstance(call, Call), call
        meant = only("stripe", "stripe_v2").map(call, preflight=STATE_V2 if "/v2/" in url else STATE)
        # A refusal names a parameter that this bare call lacks: a mapping read it.
        assert meant.mapped if isinstance(meant, Mapped) else meant.reason is Reason.INVALID_PARAMETER, url  # type: ignore[union-attr]
        named += not (isinstance(meant, Mapped) and meant.intents[0].action.startswith("stripe_"))
    assert len(known) > 400
    assert named > 30
