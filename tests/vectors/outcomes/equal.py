"""What stands there is what was approved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vectors.outcomes.asked import (
    REFUND,
    REFUNDED,
    ROWS,
    VERIFY,
    Vector,
    came,
    promise,
    refund,
    unseen,
    vector,
)


def equals() -> Iterator[Vector]:
    yield refund("equal_match", "all that was approved stands there", {}, "match")
    yield refund(
        "equal_match_expanded", "the charge is an object with its id", {"charge": {"id": "ch_1"}}, "match"
    )
    other: dict[str, tuple[str, Any, str]] = {
        "more_money": ("a hundred times the amount", {"amount": 50000}, "amount"),
        "a_cent_more": ("one cent more", {"amount": 501}, "amount"),
        "amount_as_text": (
            "the amount as a string, where a number was promised",
            {"amount": "500"},
            "amount",
        ),
        "amount_in_unicode_digits": ("the amount in full-width digits", {"amount": "５００"}, "amount"),
        "amount_in_major_units": ("the amount in major units", {"amount": 5}, "amount"),
        "amount_true": ("true for an amount", {"amount": True}, "amount"),
        "amount_negative": ("the amount below zero", {"amount": -500}, "amount"),
        "amount_in_an_object": ("the amount deeper than promised", {"amount": {"value": 500}}, "amount"),
        "amount_in_a_list": ("the amount in a list", {"amount": [500]}, "amount"),
        "other_currency": ("the approved amount in another currency", {"currency": "usd"}, "currency"),
        "currency_homoglyph": ("a currency with a Cyrillic letter", {"currency": "ЕUR"}, "currency"),
        "other_charge": ("another charge", {"charge": "ch_2"}, "charge"),
        "charge_in_another_case": ("an identifier in another case", {"charge": "CH_1"}, "charge"),
        "charge_with_a_space": ("an identifier with a space behind it", {"charge": "ch_1 "}, "charge"),
        "charge_expanded_other": ("another charge, expanded", {"charge": {"id": "ch_2"}}, "charge"),
        "other_account": ("the charge is right, the account another", {"account": "acct_2"}, "account"),
    }
    for name, (says, change, param) in other.items():
        yield refund(f"equal_drift_{name}", says, change, "drift", wrong={param: "drift"})
    fewer = {key: value for key, value in REFUNDED.items() if key != "amount"}
    yield refund(
        "equal_missing",
        "the amount is not in the answer",
        json.dumps(fewer),
        "ambiguous",
        wrong={"amount": "ambiguous"},
    )
    yield refund(
        "equal_null", "the amount is null", {"amount": None}, "ambiguous", wrong={"amount": "ambiguous"}
    )
    yield refund(
        "equal_missing_and_drift",
        "no amount, and another charge",
        json.dumps({**fewer, "charge": "x"}),
        "drift",
        wrong={"amount": "ambiguous", "charge": "drift"},
    )
    yield vector(
        "equal_unseen",
        "the answer was streamed past",
        promise(REFUND, VERIFY),
        unseen(),
        "unverifiable",
        wrong={"body": "unverifiable"},
    )
    partial = {**REFUND, "parameters": {"charge": "ch_1"}}
    yield vector(
        "equal_not_approved",
        "what was not approved is not compared",
        promise(partial, VERIFY),
        came({"charge": "ch_1", "amount": 7, "status": "pending"}),
        "match",
    )
    homeless = {**REFUND, "parameters": {**REFUND["parameters"]}, "money": {}}
    yield vector(
        "equal_without_currency",
        "an amount of which no currency is known",
        promise(homeless, VERIFY),
        came(REFUNDED),
        "ambiguous",
        wrong={"amount": "ambiguous"},
    )
    yen = {**REFUND, "parameters": {**REFUND["parameters"], "amount": {"$decimal": "500"}, "currency": "JPY"}}
    yield vector(
        "equal_yen", "yen have no cents", promise(yen, VERIFY), came({**REFUNDED, "currency": "jpy"}), "match"
    )
    yield vector(
        "equal_yen_as_cents",
        "yen answered as if they had cents",
        promise(yen, VERIFY),
        came({**REFUNDED, "currency": "jpy", "amount": 50000}),
        "drift",
        wrong={"amount": "drift"},
    )
    hidden = {**REFUND, "redacted": ["charge"]}
    yield vector(
        "equal_redacted",
        "a redacted value is compared, and not shown",
        promise(hidden, VERIFY),
        came({**REFUNDED, "charge": "ch_2"}),
        "drift",
        wrong={"charge": "drift"},
    )
    rate = {**ROWS, "parameters": {"region": "eu"}}
    spec = {"equal": [{"header": "X-Region", "param": "region"}]}
    yield vector(
        "equal_header",
        "a header says the same",
        promise(rate, spec),
        came("", headers=[["x-region", "eu"]]),
        "match",
    )
    yield vector(
        "equal_header_other",
        "a header says otherwise",
        promise(rate, spec),
        came("", headers=[["x-region", "us"]]),
        "drift",
        wrong={"region": "drift"},
    )
    yield vector(
        "equal_header_twice",
        "a header twice, once otherwise",
        promise(rate, spec),
        came("", headers=[["x-region", "eu"], ["x-region", "us"]]),
        "drift",
        wrong={"region": "drift"},
    )
    yield vector(
        "equal_header_missing",
        "no such header",
        promise(rate, spec),
        came(""),
        "ambiguous",
        wrong={"region": "ambiguous"},
    )
    every = {"equal": [{"pointer": "/rows/*/tenant", "param": "region"}]}
    yield vector(
        "equal_every",
        "every row is of the approved tenant",
        promise(rate, every),
        came({"rows": [{"tenant": "eu"}, {"tenant": "eu"}]}),
        "match",
    )
    yield vector(
        "equal_every_but_one",
        "one row is of another tenant",
        promise(rate, every),
        came({"rows": [{"tenant": "eu"}, {"tenant": "us"}]}),
        "drift",
        wrong={"region": "drift"},
    )
    yield vector(
        "equal_every_but_untold",
        "one row does not say",
        promise(rate, every),
        came({"rows": [{"tenant": "eu"}, {}]}),
        "ambiguous",
        wrong={"region": "ambiguous"},
    )
