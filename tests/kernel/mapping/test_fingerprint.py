"""What must be the same for a retry to be the same call."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping_kit import action, compiled, mapped, post, post_form, request
from vienna_kernel.call.request import Call
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.fingerprint import Volatile, of_agent, parse_volatile

MAPPINGS = compiled()
BASE = post({"a": 1, "b": [1, 2], "c": {"d": "e", "f": None}}, query="?q=1&r=2", headers="X-Account: one\n")


def of(call: Call) -> str:
    return mapped(MAPPINGS.map(call)).fingerprint


def with_headers(call: Call, *lines: tuple[str, str]) -> Call:
    return replace(call, headers=(*call.headers, *lines))


@pytest.mark.parametrize(
    "name",
    [
        "user-agent",
        "date",
        "x-amz-date",
        "x-amz-security-token",
        "idempotency-key",
        "accept",
        "accept-encoding",
        "traceparent",
        "tracestate",
        "baggage",
        "x-request-id",
        "kubectl-session",
        "x-stainless-retry-count",
        "x-stainless-read-timeout",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "x-stripe-client-telemetry",
        "sentry-trace",
    ],
)
def test_what_clients_change_from_try_to_try_does_not_count(name: str) -> None:
    assert of(with_headers(BASE, (name, "1"))) == of(with_headers(BASE, (name, "2"))) == of(BASE)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"scheme": "http", "port": 443},
        {"host": "other.example"},
        {"port": 8443},
        {"path": "/pay2"},
        {"query": "q=1&r=3"},
        {"query": "r=2&q=1"},
        {"query": ""},
        {"headers": ()},
        {"headers": (("x-account", "two"),)},
        {"headers": (("x-account", "one"), ("x-account", "one"))},
        {"headers": (("x-account", "one"), ("stripe-version", "x"))},
        {"headers": (("x-account", "one"), ("cookie", "session=other"))},
        {"headers": (("x-account", "one"), ("prefer", "resolution=merge-duplicates"))},
        {"headers": (("x-account", "one"), ("accept-profile", "admin"))},
        {"body": b'{"a": 1, "b": [1, 2], "c": {"d": "e"}}'},
        {"body": b'{"a": 1, "b": [2, 1], "c": {"d": "e", "f": null}}'},
        {"body": b'{"a": "1", "b": [1, 2], "c": {"d": "e", "f": null}}'},
        {"body": b'{"a": 1.0, "b": [1, 2], "c": {"d": "e", "f": null}}'},
        {"body": b'{"a": true, "b": [1, 2], "c": {"d": "e", "f": null}}'},
        {"body": b""},
        {"content_type": "application/vnd.api+json"},
        {"content_type": "text/plain"},
        {"content_type": None},
    ],
)
def test_everything_else_counts(change: dict[str, object]) -> None:
    assert of(replace(BASE, **change)) != of(BASE)  # type: ignore[arg-type]


def test_the_order_of_keys_and_header_lines_does_not_count() -> None:
    turned = replace(BASE, body=b'{"c":{"f":null,"d":"\\u0065"},"b":[1,2],"a":1}')
    assert of(turned) == of(BASE)
    one, two = ("x-a", "1"), ("x-b", "2")
    assert of(with_headers(BASE, one, two)) == of(with_headers(BASE, two, one))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (b'{"a": 5.5}', b'{"a": "5.5"}'),
        (b'{"a": 5.5}', b'{"a": ["decimal", "5.5"]}'),
        (b'{"a": 5.5, "b": ["x"]}', b'{"a": 5.5, "b": ["list", "x"]}'),
        (b'{"a": 5.5}', b'{"a": {"$decimal": "5.5"}}'),
        (b'{"a": 5.5}', b'{"a": 5.25}'),
        (b"5", b"5.0"),
        (b'{"a": 5.5, "b": "x"}', b'{"a": 5.5, "b": "y"}'),
        (b'{"a": 5.5, "b": 1}', b'{"a": 5.5, "b": null}'),
        (b'{"a": [5.5, true]}', b'{"a": [5.5, false]}'),
    ],
)
def test_no_value_passes_for_another(left: bytes, right: bytes) -> None:
    assert of(replace(BASE, body=left)) != of(replace(BASE, body=right))


def test_a_decimal_counts_by_its_value() -> None:
    assert of(replace(BASE, body=b'{"a": 5.50, "b": [1.5]}')) == of(
        replace(BASE, body=b'{"b": [1.50], "a": 55e-1}')
    )


def test_a_form_counts_without_the_order_of_its_fields() -> None:
    base = of(post_form("a=1&b=2&c[]=1&c[]=2"))
    assert of(post_form("b=2&a=%31&c[]=1&c[]=2")) == base
    assert of(post_form("a=1&b=2&c[]=2&c[]=1")) != base
    assert of(post_form("a=2&b=1&c[]=1&c[]=2")) != base
    assert of(post_form("a=1&b=2")) != base


def test_any_other_body_counts_by_its_bytes() -> None:
    text = request("POST https://shop.example/pay\ncontent-type: text/plain\n\nabc\n")
    assert of(text) == of(replace(text))
    assert of(text) != of(replace(text, body=b"abd"))
    assert of(text) != of(replace(text, content_type="text/html"))


def test_what_a_mapping_lists_does_not_count() -> None:
    listed = compiled(
        action(
            "a: {from: json}", more="volatile: [header:X-Try, query:ts, /at, /deep/at]\nunknown_params: allow"
        )
    )

    def fingerprint(call: Call) -> str:
        return mapped(listed.map(call)).fingerprint

    base = fingerprint(post({"a": "1", "deep": {"b": 1}}, query="?x=1"))
    tried = post({"at": 7, "a": "1", "deep": {"at": 8, "b": 1}}, query="?ts=9&x=1", headers="X-Try: 2\n")
    assert fingerprint(tried) == base
    assert fingerprint(post({"a": "1", "deep": {"b": 2}}, query="?x=1")) != base
    assert fingerprint(post({"a": "1", "deep": {"b": 1}}, query="?x=2")) != base
    form = compiled(action("a: {from: form}", more="volatile: [form:ts]").replace("rest", "form"))
    one, two = (mapped(form.map(post_form(f"a=1&ts={n}"))).fingerprint for n in (1, 2))
    assert one == two


def test_what_is_volatile_is_parsed() -> None:
    assert parse_volatile(["header:X-Id", "query:q", "form:f", "/a/b"]) == Volatile(
        frozenset({"x-id"}), frozenset({"q"}), frozenset({"f"}), (("a", "b"),)
    )
    for bad in ("X-Id", "header:", "cookie:a", "", "a/b", "/a~"):
        with pytest.raises(MalformedError):
            parse_volatile([bad])


def test_an_agent_has_its_own() -> None:
    assert of_agent("sha256:1", "a") != of_agent("sha256:1", "b")
    assert of_agent("sha256:1", "a") != of_agent("sha256:2", "a")
    assert of_agent("sha256:1", "a").startswith("sha256:")


numbers = st.integers(-(2**53), 2**53) | st.decimals(
    allow_nan=False, allow_infinity=False, places=3, min_value=-99, max_value=99
)
values = st.recursive(
    st.none()
    | st.booleans()
    | numbers.map(str).map(lambda text: ("number", text))
    | st.text("ab$decimallist", max_size=7),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def write(value: object) -> str:
    """JSON of a value whose numbers are spelled as given."""
    if isinstance(value, tuple):
        return str(value[1])
    if isinstance(value, dict):
        return "{" + ",".join(f'"{key}":{write(item)}' for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(item) for item in value) + "]"
    return {None: "null", True: "true", False: "false"}.get(value) or f'"{value}"'  # type: ignore[arg-type]


@given(values, values)
def test_different_bodies_never_share_one(left: object, right: object) -> None:
    one, two = (replace(BASE, body=write(value).encode()) for value in (left, right))
    assert (of(one) == of(two)) == (left == right or _same_numbers(left, right))


def _same_numbers(left: object, right: object) -> bool:
    if isinstance(left, tuple) and isinstance(right, tuple):
        whole = ["." in str(side[1]) or "E" in str(side[1]) for side in (left, right)]
        return whole[0] == whole[1] and Decimal(str(left[1])) == Decimal(str(right[1]))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same_numbers, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same_numbers(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right


def test_lines_of_one_name_count_in_their_order() -> None:
    one, two = ("x-as", "a"), ("x-as", "b")
    assert of(with_headers(BASE, one, two)) != of(with_headers(BASE, two, one))


def parts(boundary: str, *rows: tuple[str, str], said: str = "") -> Call:
    """A form of parts at an address that nothing maps."""
    text = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in rows
    )
    return replace(
        BASE,
        headers=(("content-type", f"multipart/form-data; boundary={said or boundary}"),),
        content_type="multipart/form-data",
        body=f"{text}--{boundary}--\r\n".encode(),
    )


def test_the_boundary_of_a_body_of_parts_does_not_count() -> None:
    assert of(parts("one", ("a", "1"), ("b", "2"))) == of(parts("other", ("a", "1"), ("b", "2")))
    assert of(parts("one", ("a", "1"))) != of(parts("one", ("a", "2")))


def test_a_part_does_not_pass_for_text_that_looks_like_one() -> None:
    text = 'hi\r\n--\r\nContent-Disposition: form-data; name="b"\r\n\r\n2'
    assert of(parts("one", ("a", text))) != of(parts("other", ("a", "hi"), ("b", "2")))


def test_a_boundary_that_stands_in_the_text_too_counts() -> None:
    assert of(parts("one", ("a", "1"))) != of(parts("0", ("a", "10000")))
    assert of(parts("one", ("a", "1two"))) != of(parts("one", ("a", "1two"), said="two"))


def test_what_is_only_called_like_a_boundary_is_none() -> None:
    one, other = (
        replace(
            parts("b", ("a", f"x\r\n--{text}")),
            headers=(("content-type", f"multipart/form-data; xboundary={text}; boundary=b"),),
        )
        for text in ("keep", "erase")
    )
    assert of(one) != of(other)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ('application/soap+xml; action="urn:Get"', 'application/soap+xml; action="urn:Delete"', False),
        ("application/json; version=1", "application/json; version=2", False),
        ("application/json; version=1", "application/json", False),
        ("application/json; charset=utf-8", "application/json", True),
        ("application/json; b=1; a=2", "application/json;a=2;b=1", True),
    ],
)
def test_what_the_type_of_a_body_says_beside_it_counts(left: str, right: str, same: bool) -> None:
    rest = [line for line in BASE.headers if line[0] != "content-type"]
    calls = [
        replace(BASE, headers=(*rest, ("content-type", kind)), content_type=kind.partition(";")[0])
        for kind in (left, right)
    ]
    assert (of(calls[0]) == of(calls[1])) is same
