"""What an answer is held against."""

from __future__ import annotations

from typing import Any

import pytest

from propose_kit import INT, STR, api, body, one, thing

BOOL = {"type": "boolean"}


def verify(
    request: Any, answer: Any, *, status: str = "201", path: str = "/a/{id}", method: str = "post"
) -> Any:
    content = {"content": {"application/json": {"schema": answer}}}
    node = {"requestBody": body(request), "responses": {status: content}}
    return one(api({path: {method: node}})).get("verify")


def echoed(request: Any, answer: Any, **more: Any) -> list[str]:
    return [row["pointer"] for row in (verify(request, answer, **more) or {}).get("equal", [])]


def test_what_comes_back_as_it_was_sent() -> None:
    request = thing(
        title=STR,
        n=INT,
        on=BOOL,
        at={**STR, "format": "date-time"},
        link={**STR, "format": "uri"},
        tags={"type": "array", "items": STR},
    )
    assert echoed(request, thing(id=STR, **request["properties"])) == ["/id", "/title", "/n", "/on"]


@pytest.mark.parametrize(
    ("answer", "pointers"),
    [
        (thing(title=INT), []),
        (thing(Title=STR), []),
        (thing(data=thing(title=STR)), ["/data/title"]),
        (thing(result=thing(title=STR)), ["/result/title"]),
        (thing(other=thing(title=STR)), []),
        (thing(title={"$ref": "#/nowhere"}), []),
        (thing(title={**STR, "enum": ["a"]}), ["/title"]),
        ({"type": "array", "items": thing(title=STR)}, []),
        (STR, []),
    ],
)
def test_where_it_comes_back(answer: Any, pointers: list[str]) -> None:
    assert echoed(thing(title=STR), answer) == pointers


def test_secrets_and_other_lists_of_values_are_not_compared() -> None:
    assert echoed(thing(password=STR), thing(password=STR)) == []
    mine, theirs = {**STR, "enum": ["a", "b"]}, {**STR, "enum": ["a", "c"]}
    assert echoed(thing(state=mine), thing(state=theirs)) == []
    assert echoed(thing(state=mine), thing(state=mine)) == ["/state"]


def test_amounts() -> None:
    money = thing(amount=INT, currency=STR)
    assert echoed(money, money) == ["/amount", "/currency"]
    assert echoed(money, thing(amount=STR)) == []


def test_members_with_a_slash() -> None:
    assert echoed(thing(**{"a/b~c": STR}), thing(**{"a/b~c": STR})) == ["/a~1b~0c"]


def test_statuses_and_a_flag_of_success() -> None:
    assert verify(thing(a=STR), STR) == {"status": [201]}
    told = verify(thing(a=STR), thing(ok=BOOL, a=STR))
    assert told["failed"] == [{"pointer": "/ok", "values": [False]}]
    assert verify(thing(a=STR), thing(success=STR), status="2XX") is None


def test_a_read_is_held_against_nothing() -> None:
    assert verify(thing(a=STR), thing(a=STR), method="get") is None
