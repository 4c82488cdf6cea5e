"""Parameters: types, secrets, money, names."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.parameter import ParamType
from vienna_kernel.propose.field import (
    Field,
    Names,
    distinct,
    field_of,
    held_secret,
    kind_of,
    name_of,
    secret,
    usable,
    with_money,
)
from vienna_kernel.propose.shape import Shape
from vienna_kernel.propose.words import words

TEXT = Shape(kind="string")


@pytest.mark.parametrize(
    ("shape", "typed", "text"),
    [
        (TEXT, "string", "string"),
        (Shape(kind="string", format="email"), "email", "email"),
        (Shape(kind="string", format="date-time"), "timestamp", "timestamp"),
        (Shape(kind="string", format="uri"), "url", "url"),
        (Shape(kind="string", format="uuid"), "string", "string"),
        (Shape(kind="integer", format="int64"), "int", "int"),
        (Shape(kind="number"), "decimal", "decimal"),
        (Shape(kind="boolean"), "bool", "bool"),
        (Shape(kind="array", item=TEXT), "string_list", "string"),
        (Shape(kind="array", item=Shape(kind="string", format="email")), "email_list", "string"),
        (Shape(kind="array", item=Shape(kind="integer")), "any", "string"),
        (Shape(kind="array"), "any", "string"),
        (Shape(kind="object"), "map", "string"),
        (Shape(kind="file"), "any", "string"),
        (Shape(), "any", "string"),
    ],
)
def test_types(shape: Shape, typed: str, text: str) -> None:
    assert kind_of(shape, textual=False).value == typed
    assert kind_of(shape, textual=True).value == text


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("password", "password"),
        ("new_password", "password"),
        ("clientSecret", "secret"),
        ("access_token", "token"),
        ("token", "token"),
        ("api_key", "api key"),
        ("apikey", "apikey"),
        ("ssh_keys", "ssh key"),
        ("ssn", "ssn"),
        ("credentials", "credential"),
        ("page_token", ""),
        ("nextPageToken", ""),
        ("max_tokens", ""),
        ("secret_name", ""),
        ("password_reset", ""),
        ("key", ""),
        ("passport", ""),
        ("", ""),
    ],
)
def test_secrets_by_their_names(name: str, why: str) -> None:
    assert secret(words(name)) == why


def test_a_secret_is_redacted_and_required_nowhere() -> None:
    found = field_of("api_key", "json", "/api_key", TEXT, required=True)
    assert (found.redact, found.required, found.guessed) == (True, False, ("redact, by api key",))
    assert not field_of("token", "path", "token", TEXT).redact
    assert not field_of("token", "query", "token", Shape(kind="integer")).redact
    assert not field_of("secret", "json", "/secret", Shape(kind="string", enum=("on", "off"))).redact


def test_what_holds_a_secret_is_one() -> None:
    users = Shape(kind="array", item=Shape(kind="object", members={"name": TEXT, "password": TEXT}))
    assert held_secret(users) == "password"
    assert field_of("users", "json", "/users", users).redact
    deep = TEXT
    for _ in range(5):
        deep = Shape(kind="object", members={"a": deep, "password": TEXT} if deep is TEXT else {"a": deep})
    assert held_secret(deep) == ""


@pytest.mark.parametrize(
    ("kind", "enum", "kept"),
    [
        ("string", ("a", "b"), ("a", "b")),
        ("string", ("a", ""), ()),
        ("string", tuple(f"v{i}" for i in range(61)), ()),
        ("integer", (1, 2), (1, 2)),
        ("integer", (True,), ()),
        ("boolean", (True,), (True,)),
        ("boolean", (True, False), ()),
        ("number", (1,), ()),
    ],
)
def test_values_listed(kind: Any, enum: Any, kept: Any) -> None:
    assert field_of("a", "json", "/a", Shape(kind=kind, enum=enum)).enum == kept


def money(*fields: tuple[str, ParamType, bool]) -> dict[str, Field]:
    made = [
        Field(name=name.strip("/").replace("/", "_"), source="json", key=name, kind=kind, required=must)
        for name, kind, must in fields
    ]
    return {field.name: field for field in with_money(made)}


def test_an_amount_with_a_currency_beside_it_is_money() -> None:
    found = money(
        ("/amount", ParamType.INT, True),
        ("/unit_amount", ParamType.DECIMAL, False),
        ("/price", ParamType.STRING, False),
        ("/price_list", ParamType.STRING, False),
        ("/count", ParamType.INT, False),
        ("/currency", ParamType.STRING, False),
        ("/tip/amount", ParamType.INT, False),
        ("/fee/value", ParamType.STRING, False),
        ("/fee/currency_code", ParamType.STRING, False),
    )
    assert found["amount"].kind is ParamType.MINOR_UNITS
    assert (found["amount"].currency, found["amount"].required) == ("currency", False)
    assert found["unit_amount"].kind is ParamType.DECIMAL
    assert found["price"].kind is ParamType.DECIMAL
    assert found["fee_value"].currency == "fee_currency_code"
    assert [name for name, field in found.items() if field.currency] == [
        "amount",
        "unit_amount",
        "price",
        "fee_value",
    ]
    assert all(found[name].guessed for name in ("amount", "unit_amount", "price", "fee_value"))


def test_an_amount_that_must_be_there_must_with_its_currency() -> None:
    found = money(("/amount", ParamType.INT, True), ("/currency", ParamType.STRING, True))
    assert found["amount"].required
    assert money(("/amount", ParamType.DECIMAL, True), ("/currency", ParamType.STRING, False))[
        "amount"
    ].required


def test_what_stands_where_another_does_is_left_out() -> None:
    rows = [
        Field(name="a", source="query", key="a"),
        Field(name="a2", source="query", key="a"),
        Field(name="b", source="form", key="b", prefix=True),
        Field(name="b2", source="form", key="b[x]"),
        Field(name="b3", source="query", key="b[x]"),
        Field(name="h", source="header", key="X-A"),
        Field(name="h2", source="header", key="x-a"),
    ]
    assert [one.name for one in distinct(rows)] == ["a", "b", "b3", "h"]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("userId", "user_id"),
        ("2fa", "x_2_fa"),
        ("money", "money_field"),
        ("日本", "field"),
        ("a" * 99, "a" * 64),
    ],
)
def test_names(key: str, name: str) -> None:
    assert name_of(key) == name


@given(st.lists(st.text(max_size=80) | st.sampled_from(["a", "A", "money", "a" * 70, "a_body"]), max_size=30))
def test_names_are_different_and_fit_the_format(keys: list[str]) -> None:
    names = Names()
    given = [names.give(key, otherwise="body") for key in keys]
    assert len(set(given)) == len(given)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name) and name != "money" for name in given)


@pytest.mark.parametrize(
    ("key", "good"),
    [("a b", True), ("é", True), ("", False), ("a\n", False), ("\ud800", False), ("x" * 191, False)],
)
def test_keys(key: str, good: bool) -> None:
    assert usable(key) is good
