"""A narrowed request told from what people saw of it is what the gate makes of the request itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mapping_kit import HEAD, compiled, post, post_form
from vienna_kernel.call.request import Call
from vienna_kernel.mapping.lower import Lowered, lowered
from vienna_kernel.mapping.narrow import judge
from vienna_kernel.mapping.reading import Mapped, Narrowed
from vienna_kernel.value import Value, plain
from vienna_kernel.verdict import Refused

JSON = (
    HEAD
    + """\
  - action: pay
    match: {methods: [POST], path: /pay}
    target: "shop:{order}"
    params:
      order: {from: json}
      amount: {from: json, name: /money/amount, type: minor_units, currency_from: "const:EUR"}
      to: {from: json, type: email_list}
      people: {from: derived, of: [to], derive: count}
      note: {from: json, redact: true}
    effect: spend
    default_tier: T2
    cost: {amount: params.amount, currency: EUR}
    summary: "Pay {amount|money} for {order}, {note}"
    writable: [amount, to]
"""
)
FORM = JSON.replace("from: json", "from: form").replace("/money/amount", "amount").replace("rest", "form")
QUERY = JSON.replace("amount: {from: json, name: /money/amount", "amount: {from: query")
BODY: dict[str, Any] = {"order": "O1", "money": {"amount": 500000}, "to": ["a@x.example"], "note": "secret"}
PAIRS = "order=O1&amount=500000&to=a%40x.example&note=secret"


@pytest.mark.parametrize(
    ("text", "call"),
    [
        (JSON, post(BODY)),
        (FORM, post_form(PAIRS)),
        (QUERY, post({name: BODY[name] for name in ("order", "to")}, query="?amount=500000")),
    ],
    ids=["json", "form", "query"],
)
def test_it_is_what_the_gate_will_make_of_it(text: str, call: Call) -> None:
    mappings = compiled(text)
    before = mappings.map(call)
    assert isinstance(before, Mapped), before
    told = _lowered(text, before, call, {"amount": Decimal(3000)})
    made = mappings.narrow(call, before, {"amount": Decimal(3000)})
    assert isinstance(made, Narrowed), made
    assert isinstance(told, Lowered), told
    assert told.intent == made.mapped.intents[0]
    assert told.url == made.mapped.shown_url
    assert plain(told.body) == plain(made.mapped.shown_body)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [({"amount": Decimal("0.001")}, "smallest unit"), ({"to": ["a@x.example"]}, "people is told from it")],
    ids=["no such coin", "derived"],
)
def test_what_the_gate_could_not_write_is_refused_before(wanted: dict[str, Value], why: str) -> None:
    call = post({**BODY, "to": ["a@x.example", "b@x.example"]})
    before = compiled(JSON).map(call)
    assert isinstance(before, Mapped), before
    told = _lowered(JSON, before, call, wanted)
    assert isinstance(told, Refused)
    assert why in told.detail


def _lowered(text: str, mapped: Mapped, call: Call, wanted: dict[str, Value]) -> Lowered | Refused:
    (intent,) = mapped.intents
    action = compiled(text).action_at(call.host, call.method, call.path, intent.action)
    assert action is not None
    changes = judge(intent, mapped.writable, wanted)
    assert isinstance(changes, list), changes
    return lowered(action, intent, changes, url=mapped.shown_url, body=mapped.shown_body)
