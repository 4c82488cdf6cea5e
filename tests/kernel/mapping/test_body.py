"""The body of a call, decoded once, or refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mapping_kit import post, post_form, request
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.mapping.body import decode
from vienna_kernel.mapping.fingerprint import Body
from vienna_kernel.verdict import Reason, Refused

JSON, FORM = post({"a": 1}), post_form("a=1")
TEXT = request("POST https://shop.example/pay\ncontent-type: text/plain\n\na=1\n")


def test_a_body_is_read_as_its_type_says() -> None:
    for expected in ("json", None):
        assert decode(JSON, expected) == Body(json={"a": 1})  # type: ignore[arg-type]
    for expected in ("form", None):
        assert decode(FORM, expected) == Body(form=[("a", "1")])  # type: ignore[arg-type]
    assert decode(TEXT, None) == Body()
    assert decode(replace(JSON, content_type="application/vnd.api+json"), "json") == Body(json={"a": 1})
    assert decode(replace(JSON, content_type="application/problem"), None) == Body()


@pytest.mark.parametrize("expected", ["json", "form", "none", None])
def test_no_body_is_no_body(expected: str | None) -> None:
    found = decode(replace(JSON, body=b""), expected)  # type: ignore[arg-type]
    assert isinstance(found, Body)
    assert found.json is MISSING
    assert found.form is None


@pytest.mark.parametrize(
    ("call", "expected", "reason"),
    [
        (JSON, "form", Reason.UNDECODABLE_BODY),
        (FORM, "json", Reason.UNDECODABLE_BODY),
        (TEXT, "json", Reason.UNDECODABLE_BODY),
        (replace(JSON, content_type=None), "json", Reason.UNDECODABLE_BODY),
        (JSON, "none", Reason.UNKNOWN_PARAMETER),
        (replace(JSON, body=b"{"), "json", Reason.UNDECODABLE_BODY),
        (replace(JSON, body=b'{"a":1,"a":2}'), None, Reason.UNDECODABLE_BODY),
        (replace(FORM, body=b"a=1&a=2"), None, Reason.UNDECODABLE_BODY),
        (replace(FORM, body=b"a=1;b=2"), "form", Reason.UNDECODABLE_BODY),
        (replace(JSON, method="GET"), None, Reason.AMBIGUOUS_REQUEST),
        (replace(TEXT, method="DELETE"), None, Reason.AMBIGUOUS_REQUEST),
        (replace(JSON, method="HEAD"), "none", Reason.AMBIGUOUS_REQUEST),
        (replace(JSON, method="OPTIONS"), None, Reason.AMBIGUOUS_REQUEST),
        (replace(FORM, body=b"a=1&_method=DELETE"), None, Reason.METHOD_OVERRIDE),
        (replace(FORM, body=b"_METHOD=DELETE"), "form", Reason.METHOD_OVERRIDE),
        (replace(JSON, body=b'{"_method": "DELETE"}'), "json", Reason.METHOD_OVERRIDE),
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
def test_what_has_no_reading_is_refused(call: object, expected: str | None, reason: Reason) -> None:
    found = decode(call, expected)  # type: ignore[arg-type]
    assert isinstance(found, Refused)
    assert found.reason is reason


def test_a_declared_body_may_come_with_any_method() -> None:
    assert decode(replace(JSON, method="DELETE"), "json") == Body(json={"a": 1})


def test_a_method_deep_in_a_body_is_just_a_word() -> None:
    assert isinstance(decode(post({"a": {"_method": 1}}), None), Body)
    assert isinstance(decode(post({"method": 1}), None), Body)
    multipart = replace(TEXT, content_type="multipart/form-data", body=b'name="_methods"; name="method"')
    assert isinstance(decode(multipart, None), Body)
    assert isinstance(decode(replace(TEXT, body=b'name="_method"'), None), Body)
    assert isinstance(decode(replace(TEXT, content_type=None, body=b'name="_method"'), None), Body)
