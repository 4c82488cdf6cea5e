"""Parameters read off the wire, filled in, and put into major units."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vienna_kernel.decode.content import Content
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.origin import Origin, parse_origin
from vienna_kernel.mapping.param import Param, Reading, Wire, declared, read_wire
from vienna_kernel.mapping.settle import settle
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused


def reading(*params: Param, **wire: object) -> Reading | Refused:
    if "body" in wire:
        wire["content"] = Content("json", wire.pop("body"))  # type: ignore[arg-type]
    if "form" in wire:
        wire["content"] = Content("form", MISSING, wire.pop("form"))  # type: ignore[arg-type]
    return read_wire(params, Wire(**wire))  # type: ignore[arg-type]


def settled(params: list[Param], values: dict[str, Value], facts: Value = None) -> Reading:
    found = settle(params, Reading(values), facts)
    assert isinstance(found, Reading), found
    return found


A = Param(name="a", place="json", kind=ParamType.STRING, pointer=("a",))


@pytest.mark.parametrize(
    ("param", "wire", "value"),
    [
        (A, {"body": {"a": "x"}}, "x"),
        (Param(name="p", place="path", kind=ParamType.INT, key="p"), {"path": {"p": "5"}}, 5),
        (Param(name="q", place="query", kind=ParamType.BOOL, key="q"), {"query": [("q", "true")]}, True),
        (
            Param(name="f", place="form", kind=ParamType.STRING, key="f"),
            {"form": [("f", "x"), ("g", "y")]},
            "x",
        ),
        (Param(name="h", place="header", kind=ParamType.STRING, key="h"), {"headers": [("h", "x")]}, "x"),
        (
            Param(name="p", place="path", kind=ParamType.STRING, key="p", lower=True),
            {"path": {"p": "AcmeÉ"}},
            "acmeÉ",
        ),
        (
            Param(name="l", place="json", kind=ParamType.STRING_LIST, pointer=("l",), lower=True),
            {"body": {"l": ["A", "b"]}},
            ["a", "b"],
        ),
        (
            Param(name="e", place="path", kind=ParamType.STRING, key="p", lower=True, enum=("acme",)),
            {"path": {"p": "ACME"}},
            "acme",
        ),
        (Param(name="c", place="const", kind=ParamType.BOOL, constant=True), {}, True),
        (Param(name="o", place="host", kind=ParamType.STRING, key="o"), {"host": "a.b.c"}, "a.b.c"),
        (
            Param(name="o", place="host", kind=ParamType.STRING, key="label"),
            {"host": "a.b.c", "labels": ("a",)},
            "a",
        ),
        (Param(name="o", place="host", kind=ParamType.STRING, key="last_label"), {"labels": ("a", "b")}, "b"),
        (
            Param(name="m", place="query", kind=ParamType.MAP, prefix="m["),
            {"query": [("m[a]", "1"), ("m[b][]", "2"), ("n[a]", "3")]},
            {"a": "1", "b": ["2"]},
        ),
        (Param(name="n", place="json", kind=ParamType.ANY, pointer=("n",)), {"body": {"n": None}}, None),
    ],
)
def test_each_place_is_read(param: Param, wire: dict[str, object], value: Value) -> None:
    assert reading(param, **wire) == Reading({param.name: value})


@pytest.mark.parametrize(
    ("param", "wire"),
    [
        (A, {}),
        (A, {"body": {}}),
        (A, {"body": {"a": None}}),
        (A, {"body": [1]}),
        (Param(name="p", place="path", kind=ParamType.INT, key="p"), {}),
        (Param(name="m", place="form", kind=ParamType.MAP, prefix="m["), {"form": [("m", "1")]}),
        (Param(name="h", place="header", kind=ParamType.STRING, key="h"), {"headers": [("g", "x")]}),
    ],
)
def test_what_is_not_there_is_left_out(param: Param, wire: dict[str, object]) -> None:
    assert reading(param, **wire) == Reading({})


@pytest.mark.parametrize(
    ("param", "wire", "reason"),
    [
        (A, {"body": {"a": 5}}, Reason.INVALID_PARAMETER),
        (
            Param(name="q", place="query", kind=ParamType.STRING, key="q"),
            {"query": [("q", "1"), ("q", "1")]},
            Reason.AMBIGUOUS_REQUEST,
        ),
        (
            Param(name="h", place="header", kind=ParamType.STRING, key="h"),
            {"headers": [("h", "1"), ("h", "1")]},
            Reason.AMBIGUOUS_REQUEST,
        ),
        (
            Param(name="m", place="form", kind=ParamType.MAP, prefix="m["),
            {"form": [("m[a", "1")]},
            Reason.UNDECODABLE_BODY,
        ),
        (
            Param(name="e", place="json", kind=ParamType.STRING, pointer=("e",), enum=("x", "y")),
            {"body": {"e": "X"}},
            Reason.INVALID_PARAMETER,
        ),
    ],
)
def test_what_does_not_fit_refuses(param: Param, wire: dict[str, object], reason: Reason) -> None:
    found = reading(param, **wire)
    assert isinstance(found, Refused)
    assert found.reason is reason


def money(kind: ParamType = ParamType.MINOR_UNITS, **change: object) -> Param:
    facts: dict[str, object] = {
        "name": "amount",
        "place": "json",
        "kind": kind,
        "pointer": ("amount",),
        "currency": Origin(param="cur"),
        "currency_name": "cur",
    }
    return Param(**{**facts, **change})  # type: ignore[arg-type]


CUR = Param(name="cur", place="json", kind=ParamType.CURRENCY, pointer=("cur",))


@pytest.mark.parametrize("kind", [ParamType.MINOR_UNITS, ParamType.DECIMAL])
def test_no_amount_is_negative(kind: ParamType) -> None:
    assert isinstance(reading(money(kind), body={"amount": -1}), Refused)
    assert isinstance(reading(money(kind), body={"amount": 0}), Reading)
    loss = Param(name="amount", place="json", kind=ParamType.DECIMAL, pointer=("amount",))
    assert reading(loss, body={"amount": -1}) == Reading({"amount": Decimal(-1)})


def test_minor_units_become_major_by_their_currency() -> None:
    assert settled([money(), CUR], {"amount": 500, "cur": "EUR"}).values == {
        "amount": Decimal(5),
        "cur": "EUR",
    }
    assert settled([money(), CUR], {"amount": 500, "cur": "JPY"}).values == {
        "amount": Decimal(500),
        "cur": "JPY",
    }
    fixed = money(currency=Origin(constant="USD"), currency_name="currency")
    assert settled([fixed], {"amount": 1}).values == {"amount": Decimal("0.01"), "currency": "USD"}
    told = money(currency=Origin(fact=("c",)), currency_name="currency")
    assert settled([told], {"amount": 1}, {"c": "usd"}).values == {
        "amount": Decimal("0.01"),
        "currency": "USD",
    }


def test_an_amount_whose_currency_cannot_be_told_is_undetermined() -> None:
    found = settled([money(), CUR], {"amount": 500})
    assert found.values == {}
    assert found.undetermined == {"amount", "cur"}
    whole = settled([money(ParamType.DECIMAL), CUR], {"amount": Decimal(5)})
    assert whole.values == {"amount": Decimal(5)}
    assert whole.undetermined == {"cur"}


def test_a_currency_is_told_even_without_an_amount() -> None:
    told = money(currency=Origin(fact=("c",)), currency_name="currency")
    found = settled([told], {}, {"c": "usd"})
    assert found.values == {"currency": "USD"}
    assert found.undetermined == {"amount"}


def missing(*origins: Origin, kind: ParamType = ParamType.INT, **change: object) -> Param:
    return Param(name="a", place="json", kind=kind, pointer=("a",), when_missing=origins, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("param", "values", "facts", "value"),
    [
        (missing(Origin(constant="5")), {}, None, 5),
        (missing(Origin(constant="5")), {"a": 6}, None, 6),
        (missing(Origin(constant="true"), kind=ParamType.BOOL), {}, None, True),
        (missing(Origin(param="b")), {"b": 7}, None, 7),
        (missing(Origin(fact=("x",))), {}, {"x": 8}, 8),
        (missing(Origin(fact=("x",), minus=("y",))), {}, {"x": 8, "y": 3}, 5),
        (missing(Origin(fact=("x",), minus=("y",))), {}, {"x": 8}, 8),
        (missing(Origin(fact=("x",), minus=("y",))), {}, {"x": 8, "y": None}, 8),
        (missing(Origin(fact=("x",)), Origin(fact=("y",))), {}, {"y": 9}, 9),
        (missing(Origin(fact=("x",)), Origin(fact=("y",))), {}, {"x": 1, "y": 9}, 1),
        (missing(Origin(fact=("x",)), Origin(constant="3")), {}, {"x": None}, 3),
    ],
)
def test_what_is_left_out_takes_its_meaning(
    param: Param, values: dict[str, Value], facts: Value, value: Value
) -> None:
    assert settled([param], values, facts).values["a"] == value


@pytest.mark.parametrize(
    ("param", "facts", "reason"),
    [
        (missing(required=True), None, Reason.INVALID_PARAMETER),
        (missing(Origin(param="b"), required=True), None, Reason.INVALID_PARAMETER),
        (missing(Origin(constant="x")), None, Reason.INVALID_PARAMETER),
        (missing(Origin(fact=("x",))), {}, Reason.PREFLIGHT_FAILED),
        (missing(Origin(fact=("x",))), {"x": "5"}, Reason.PREFLIGHT_FAILED),
        (missing(Origin(fact=("x",), minus=("y",))), {"x": 5, "y": "3"}, Reason.PREFLIGHT_FAILED),
        (missing(Origin(fact=("x",), minus=("y",))), {"x": "a", "y": 3}, Reason.PREFLIGHT_FAILED),
        (money(currency=Origin(fact=("c",))), {"c": None}, Reason.PREFLIGHT_FAILED),
        (money(currency=Origin(fact=("c",))), {"c": ["eur"]}, Reason.PREFLIGHT_FAILED),
    ],
)
def test_what_cannot_be_told_refuses(param: Param, facts: Value, reason: Reason) -> None:
    found = settle([param], Reading({}), facts)
    assert isinstance(found, Refused)
    assert found.reason is reason


def test_a_required_parameter_may_be_filled_in() -> None:
    assert settled([missing(Origin(constant="5"), required=True)], {}).values == {"a": 5}


def test_the_given_reading_is_not_changed() -> None:
    given: dict[str, Value] = {"amount": 500, "cur": "EUR"}
    settled([money(), CUR], given)
    assert given == {"amount": 500, "cur": "EUR"}


def test_names_include_derived_currencies() -> None:
    assert list(declared([A, money()])) == ["a", "amount", "cur"]


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("const:EUR", Origin(constant="EUR")),
        ("const:", Origin(constant="")),
        ("params.a", Origin(param="a")),
        ("preflight:/a/b", Origin(fact=("a", "b"))),
        ("preflight:/a-/b/c", Origin(fact=("a",), minus=("b", "c"))),
    ],
)
def test_an_origin_is_read(text: str, origin: Origin) -> None:
    assert parse_origin(text, params=["a"], where="here") == origin


@pytest.mark.parametrize(
    "text", ["", "EUR", "params.b", "params.", "preflight:", "preflight:a", "preflight:/a-", "preflight:/a-b"]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="here"):
        parse_origin(text, params=["a"], where="here")


def test_a_host_that_is_named_exactly_has_no_label() -> None:
    named = Param(name="o", place="host", kind=ParamType.STRING, key="label")
    assert reading(named, host="a.b.c") == Reading({})
