"""Cases of a proposal."""

from __future__ import annotations

from typing import Any

from propose_kit import INT, NUM, STR, api, body, failing, proposed, thing
from vienna_kernel.document import parse

ALL = thing(
    "text n price on at mail link map any list",
    text=STR,
    n=INT,
    price=NUM,
    on={"type": "boolean"},
    at={**STR, "format": "date-time"},
    mail={**STR, "format": "email"},
    link={**STR, "format": "uri"},
    map={"type": "object"},
    any={},
    list={"type": "array", "items": STR},
)


def cases(paths: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    finished = proposed(api(paths, **more))
    assert failing(finished) == []
    found: list[dict[str, Any]] = parse(finished.cases, name="cases").data["cases"]
    return found


def test_a_request_holds_what_must_be_there_and_no_more() -> None:
    (case,) = cases(
        {
            "/a/{id}": {
                "post": {
                    "parameters": [
                        {"in": "query", "name": "q r", "required": True, "schema": STR},
                        {"in": "query", "name": "more", "schema": STR},
                        {"in": "header", "name": "X-A", "required": True, "schema": INT},
                    ],
                    "requestBody": body(thing("b", b=thing("c", c=INT, d=STR))),
                    "responses": {"201": {}},
                }
            }
        }
    )
    assert case == {
        "name": "create_a as it is described",
        "request": "POST https://api.shop.example/v1/a/id-1?q%20r=q-r-1\nx-a: 1\ncontent-type: application/json\n\n"
        '{"b": {"c": 1}}\n',
        "expect": [{"action": "create_a", "parameters": {"id": "id-1", "q_r": "q-r-1", "x_a": 1, "b_c": 1}}],
        "response": {"status": 201},
        "verification": "match",
    }


def test_every_type_in_every_kind_of_body() -> None:
    for media in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        (case,) = cases({"/a": {"post": {"requestBody": body(ALL, media)}}})
        assert len(case["expect"][0]["parameters"]) >= 9, media


def test_money_comes_with_its_currency_and_the_answer_with_both() -> None:
    money = thing("amount", amount=INT, currency=STR)
    node = {
        "requestBody": body(money),
        "responses": {"200": {"content": {"application/json": {"schema": money}}}},
    }
    (case,) = cases({"/refunds": {"post": node}})
    assert case["expect"][0]["parameters"] == {"amount": 5, "currency": "EUR"}
    assert case["response"] == {"status": 200, "json": {"amount": 500, "currency": "EUR"}}


def test_what_was_only_accepted_is_not_verified() -> None:
    (case,) = cases({"/a": {"post": {"responses": {"202": {}}}}})
    assert (case["response"], case["verification"]) == ({"status": 202}, "unverifiable")
    (both,) = cases({"/a": {"post": {"responses": {"202": {}, "200": {}}}}})
    assert (both["response"], both["verification"]) == ({"status": 200}, "match")


def test_an_example_that_a_more_literal_route_takes_is_replaced() -> None:
    found = cases(
        {
            "/a/{id}": {"get": {}},
            "/a/id-1": {"get": {"operationId": "getOne"}},
            "/a/{x}-2": {"get": {"operationId": "getTwo"}},
        }
    )
    assert [case["request"].split("/a/")[1].strip() for case in found] == ["id-3", "id-1", "x-1-2"]


def test_a_star_in_a_host_stands_for_something() -> None:
    (case,) = cases({"/a": {"get": {}}}, servers=[{"url": "https://{t}.shop.example"}])
    assert case["request"].startswith("GET https://example.shop.example/a")
    assert case["expect"][0]["parameters"] == {"t": "example"}
    first, *_ = cases(
        {"/a": {"get": {}}}, servers=[{"url": "https://a.example.com"}, {"url": "https://b.example.com"}]
    )
    assert first["expect"][0]["parameters"] == {"host": "a.example.com"}


def test_bodies_that_are_one_value() -> None:
    (array,) = cases({"/a": {"post": {"requestBody": body({"type": "array", "items": STR})}}})
    assert array["request"].endswith('\n\n["items-1"]\n')
    (text,) = cases({"/a": {"post": {"requestBody": body(STR, "text/plain")}}})
    assert "parameters" not in text["expect"][0]
    (form,) = cases({"/a": {"post": {"requestBody": body({}, "application/x-www-form-urlencoded")}}})
    assert "content=" in form["request"]
