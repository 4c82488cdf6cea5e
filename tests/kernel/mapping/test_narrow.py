"""An approver's "yes, but less"."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mapping_kit import HEAD, action, compiled, post, post_form, request
from vienna_kernel.document import DocumentError
from vienna_kernel.mapping.reading import Mapped, Narrowed
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
      note: {from: json}
    effect: spend
    default_tier: T2
    writable: [amount, to]
"""
)
FORM = JSON.replace("from: json", "from: form").replace("/money/amount", "amount").replace("rest", "form")
BODY: dict[str, Any] = {
    "order": "O1",
    "money": {"amount": 5000},
    "to": ["a@x.example", "b@x.example"],
    "note": "ü",
}


def narrowed(text: str, call: Any, **wanted: Any) -> Narrowed | Refused:
    mappings = compiled(text)
    found = mappings.map(call)
    assert isinstance(found, Mapped), found
    return mappings.narrow(call, found, wanted)


def test_an_amount_is_lowered_and_nothing_else() -> None:
    found = narrowed(JSON, post(BODY), amount=Decimal("30.00"))
    assert isinstance(found, Narrowed)
    assert found.call.body.decode() == (
        '{"order":"O1","money":{"amount":3000},"to":["a@x.example","b@x.example"],"note":"ü"}'
    )
    assert [change.shown() for change in found.changes] == ["amount 50→30"]
    assert found.mapped.fingerprint != compiled(JSON).map(post(BODY)).fingerprint  # type: ignore[union-attr]


def test_a_list_is_cut() -> None:
    found = narrowed(JSON, post(BODY), to=["b@x.example"])
    assert isinstance(found, Narrowed)
    assert found.mapped.intents[0].parameters["to"] == ["b@x.example"]
    assert found.changes[0].shown() == "to 2 items→1 items"


def test_a_form_is_rewritten_in_place() -> None:
    found = narrowed(FORM, post_form("order=O1&amount=5000&note=%C3%BC+x"), amount=Decimal("12.34"))
    assert isinstance(found, Narrowed)
    assert found.call.body == b"order=O1&amount=1234&note=%C3%BC%20x"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"amount": Decimal("50.00")}, "only be lowered"),
        ({"amount": Decimal("60.00")}, "only be lowered"),
        ({"amount": Decimal(0)}, "only be lowered"),
        ({"amount": Decimal(-1)}, "only be lowered"),
        ({"amount": Decimal("0.001")}, "smallest unit"),
        ({"amount": True}, "only be lowered"),
        ({"amount": "10"}, "only be lowered"),
        ({"to": []}, "only be lowered"),
        ({"to": ["a@x.example", "evil@y.example"]}, "only be lowered"),
        ({"to": ["evil@y.example"]}, "only be lowered"),
        ({"note": "x"}, "may not be changed"),
        ({"order": "O2"}, "may not be changed"),
        ({}, "nothing is changed"),
    ],
)
def test_what_does_not_narrow_is_refused(wanted: dict[str, Any], why: str) -> None:
    found = narrowed(JSON, post(BODY), **wanted)
    assert isinstance(found, Refused)
    assert why in found.detail


@pytest.mark.parametrize(
    "line", ["Authorization: AWS4-HMAC-SHA256 Credential=x", "x-amz-content-sha256: abc"]
)
def test_a_signed_request_cannot_be_changed(line: str) -> None:
    found = narrowed(JSON, post(BODY, headers=line + "\n"), amount=Decimal(1))
    assert isinstance(found, Refused)
    assert "signature" in found.detail


def test_what_is_not_in_the_request_is_not_put_there() -> None:
    found = narrowed(JSON, post({"order": "O1"}), amount=Decimal(1))
    assert isinstance(found, Refused)
    assert "not known" in found.detail


def test_a_request_without_writable_parameters_stays_as_it_is() -> None:
    found = narrowed(JSON.replace("    writable: [amount, to]\n", ""), post(BODY), amount=Decimal(1))
    assert isinstance(found, Refused)
    call = request("GET https://other.example/x\n\n")
    assert isinstance(narrowed(JSON, call, amount=Decimal(1)), Refused)


def test_an_item_of_a_list_is_lowered_and_the_list_stays_one() -> None:
    text = action(
        "count: {from: json, name: /items/0/count, type: int}, "
        "second: {from: json, name: /items/1/count, type: int}",
        more="writable: [count]\nunknown_params: allow",
    )
    found = narrowed(text, post({"items": [{"count": 5}, {"count": 7}]}), count=3)
    assert isinstance(found, Narrowed)
    assert found.call.body == b'{"items":[{"count":3},{"count":7}]}'


def test_a_list_that_stands_in_many_places_is_not_writable() -> None:
    with pytest.raises(DocumentError, match="cannot be narrowed"):
        compiled(action('to: {from: json, name: "/rows/*/to", type: string_list}', more="writable: [to]"))


def test_what_is_left_stands_there_no_more_often_than_before() -> None:
    before = {**BODY, "to": ["a@x.example", "b@x.example", "c@x.example"]}
    assert isinstance(narrowed(JSON, post(before), to=["a@x.example", "a@x.example"]), Refused)
