"""The body of a call, decoded once, or refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mapping_kit import post, post_form, request
from vienna_kernel.decode import blob
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.mapping.body import decode
from vienna_kernel.verdict import Reason, Refused

JSON, FORM = post({"a": 1}), post_form("a=1")
TEXT = request("POST https://shop.example/pay\ncontent-type: text/plain\n\na=1\n")


def test_a_body_is_read_as_its_type_says() -> None:
    for kinds in ({"json"}, {"json", "form"}, None):
        assert decode(JSON, kinds) == Content("json", {"a": 1})
    assert decode(FORM, {"form"}) == Content("form", {"a": "1"}, [("a", "1")])
    assert decode(FORM, None) == Content("form", MISSING, [("a", "1")])
    assert decode(TEXT, {"text"}) == Content("text", "a=1")
    facts = blob.facts(b"a=1")
    assert decode(TEXT, None) == decode(TEXT, {"bytes"}) == Content("bytes", facts)
    assert decode(replace(JSON, content_type="application/vnd.api+json"), {"json"}) == Content(
        "json", {"a": 1}
    )
    assert isinstance(found := decode(replace(JSON, content_type="application/problem"), None), Content)
    assert found.kind == "bytes"


@pytest.mark.parametrize("expected", [{"json"}, {"form"}, set(), None])
def test_no_body_is_no_body(expected: set[str] | None) -> None:
    assert decode(replace(JSON, body=b""), expected) == Content("none", MISSING, None)


@pytest.mark.parametrize(
    ("call", "expected", "reason"),
    [
        (JSON, {"form"}, Reason.UNDECODABLE_BODY),
        (FORM, {"json"}, Reason.UNDECODABLE_BODY),
        (TEXT, {"json"}, Reason.UNDECODABLE_BODY),
        (replace(JSON, content_type=None), {"json"}, Reason.UNDECODABLE_BODY),
        (JSON, set(), Reason.UNKNOWN_PARAMETER),
        (replace(JSON, body=b"{"), {"json"}, Reason.UNDECODABLE_BODY),
        (replace(JSON, body=b'{"a":1,"a":2}'), None, Reason.UNDECODABLE_BODY),
        (replace(FORM, body=b"a=1&a=2"), None, Reason.UNDECODABLE_BODY),
        (replace(FORM, body=b"a=1;b=2"), {"form"}, Reason.UNDECODABLE_BODY),
        (replace(JSON, method="GET"), None, Reason.AMBIGUOUS_REQUEST),
        (replace(TEXT, method="DELETE"), None, Reason.AMBIGUOUS_REQUEST),
        (replace(JSON, method="HEAD"), set(), Reason.AMBIGUOUS_REQUEST),
        (replace(JSON, method="OPTIONS"), None, Reason.AMBIGUOUS_REQUEST),
        (replace(FORM, body=b"a=1&_method=DELETE"), None, Reason.METHOD_OVERRIDE),
        (replace(FORM, body=b"_METHOD=DELETE"), {"form"}, Reason.METHOD_OVERRIDE),
        (replace(JSON, body=b'{"_method": "DELETE"}'), {"json"}, Reason.METHOD_OVERRIDE),
        (
            replace(
                TEXT,
                content_type="multipart/form-data",
                body=b'--x\r\nContent-Disposition: form-data; name="_method"\r\n',
            ),
            None,
            Reason.METHOD_OVERRIDE,
        ),
    ],
)
def test_what_has_no_reading_is_refused(call: object, expected: set[str] | None, reason: Reason) -> None:
    found = decode(call, expected)  # type: ignore[arg-type]
    assert isinstance(found, Refused)
    assert found.reason is reason


def test_a_declared_body_may_come_with_any_method() -> None:
    assert decode(replace(JSON, method="DELETE"), {"json"}) == Content("json", {"a": 1})


def test_a_method_deep_in_a_body_is_just_a_word() -> None:
    assert isinstance(decode(post({"a": {"_method": 1}}), None), Content)
    assert isinstance(decode(post({"method": 1}), None), Content)
    multipart = replace(TEXT, content_type="multipart/form-data", body=b'name="_methods"; name="method"')
    assert isinstance(decode(multipart, None), Content)
    assert isinstance(decode(replace(TEXT, body=b'name="_method"'), None), Content)
    assert isinstance(decode(replace(TEXT, content_type=None, body=b'name="_method"'), None), Content)
