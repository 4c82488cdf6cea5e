"""Bodies of proposed actions."""

from __future__ import annotations

from typing import Any

import pytest

from propose_kit import INT, STR, api, body, failing, one, post, proposed, thing

FORM = "application/x-www-form-urlencoded"


def params(schema: Any, media: str = "application/json", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = post(schema, media, **more).get("params", {})
    return found


def test_members_of_small_objects_two_levels_down() -> None:
    deep = thing("b", b=thing("c", c=thing(d=STR)), big=thing(**{f"m{i}": STR for i in range(13)}))
    found = params(thing("a", a=deep, n=INT))
    assert found["a_b_c"] == {"from": "json", "name": "/a/b/c", "type": "map", "required": True}
    assert found["a_big"] == {"from": "json", "name": "/a/big", "type": "map"}
    assert found["n"] == {"from": "json", "type": "int"}
    assert len(found) == 3


def test_a_member_of_something_optional_is_optional() -> None:
    assert "required" not in params(thing(a=thing("b", b=STR)))["a_b"]


def test_an_object_that_is_open_is_one_value() -> None:
    schema = thing(a={**thing(b=STR), "additionalProperties": True}, c={"type": "object"})
    assert params(schema) == {"a": {"from": "json", "type": "map"}, "c": {"from": "json", "type": "map"}}


def test_what_is_only_read_is_left_out() -> None:
    assert list(params(thing("id a", id={**STR, "readOnly": True}, a=STR))) == ["a"]


def test_an_open_body_flags_what_is_not_listed_and_a_closed_one_refuses_it() -> None:
    assert post(thing(a=STR))["unknown_params"] == "reject"
    assert post({**thing(a=STR), "additionalProperties": True})["unknown_params"] == "flag"
    assert post(thing(a=STR, **{"*": STR}))["unknown_params"] == "flag"
    assert post(thing(a=STR, _method=STR))["unknown_params"] == "flag"


@pytest.mark.parametrize(
    ("schema", "name", "kind"),
    [
        ({"type": "array", "items": STR}, "items", "string_list"),
        ({"type": "array", "items": thing(a=STR)}, "items", "any"),
        ({"type": "object"}, "content", "map"),
        ({"oneOf": [STR, INT]}, "content", "any"),
        ({"$ref": "#/nowhere"}, "content", "any"),
    ],
)
def test_a_body_without_members_is_one_parameter(schema: Any, name: str, kind: str) -> None:
    action = post(schema)
    assert action["params"] == {name: {"from": "body", "name": "", "type": kind, "required": True}}
    assert (action["body"], action["unknown_params"]) == (["json"], "reject")


def test_a_form() -> None:
    schema = thing(
        "a", a=STR, metadata=thing(k=STR), tags={"type": "array", "items": STR}, **{"x[y]": STR, "b[]": STR}
    )
    assert params(schema, FORM) == {
        "a": {"from": "form", "required": True},
        "metadata": {"from": "form", "prefix": "metadata["},
        "tags": {"from": "form", "type": "string_list"},
        "x_y": {"from": "form", "name": "x[y]"},
        "b": {"from": "form", "name": "b[]", "type": "string_list"},
    }


def test_a_body_that_may_be_sent_in_two_ways() -> None:
    node = body(thing("a", a=INT))
    node["content"][FORM] = node["content"]["application/json"]
    action = one(api({"/a": {"post": {"requestBody": node}}}))
    assert action["body"] == ["json", "form"]
    assert action["params"] == {"a": {"from": "body", "type": "int", "required": True}}


def test_a_multipart_body() -> None:
    schema = thing(
        "file",
        file={"type": "string", "format": "binary"},
        title=STR,
        meta=thing(a=STR),
        **{"tags[]": {"type": "array", "items": STR}},
    )
    action = post(schema, "multipart/form-data")
    assert action["body"] == ["multipart"]
    assert action["params"] == {
        "file": {"from": "body", "type": "any", "required": True},
        "title": {"from": "body"},
        "meta_a": {"from": "body", "name": "/meta/a"},
        "tags": {"from": "body", "type": "any"},
    }


@pytest.mark.parametrize(
    ("media", "kind", "read"),
    [
        ("text/plain", "text", "digest"),
        ("application/octet-stream", "bytes", "any"),
        ("image/*", "bytes", "any"),
    ],
)
def test_a_body_that_is_no_structure(media: str, kind: str, read: str) -> None:
    finished = proposed(api({"/a": {"put": {"requestBody": body(STR, media)}}}))
    action = one(api({"/a": {"put": {"requestBody": body(STR, media)}}}))
    assert action["body"] == [kind]
    assert action["params"]["content"]["type"] == read
    assert failing(finished) == []


def test_what_else_it_takes_is_told() -> None:
    node = body(thing(a=STR))
    node["content"]["application/sdp"] = {"schema": STR}
    finished = proposed(api({"/a": {"post": {"requestBody": node}}}))
    assert "  # also takes application/sdp, which is not proposed\n" in finished.mapping


def test_a_null_body_is_none() -> None:
    assert "params" not in post({"type": "null"})


def test_addresses_in_lists_are_told_beside_the_list() -> None:
    people = {"type": "array", "items": thing(email=STR, name=STR)}
    found = params(
        thing(groups={"type": "array", "items": thing(to=people)}, mails={"type": "array", "items": STR})
    )
    assert found["groups"] == {"from": "json", "type": "any"}
    assert found["groups_to_email"] == {"from": "json", "name": "/groups/*/to/*/email", "type": "email_list"}
    assert found["mails"] == {"from": "json", "type": "string_list"}


def test_a_list_that_holds_secrets_tells_no_address() -> None:
    people = {"type": "array", "items": thing(email=STR, password=STR)}
    assert params(thing(people=people)) == {"people": {"from": "json", "type": "any", "redact": True}}
