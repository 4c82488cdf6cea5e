"""Which bodies an action reads."""

from __future__ import annotations

import pytest

from mapping_kit import HEAD, compiled, request
from vienna_kernel.document import DocumentError
from vienna_kernel.mapping.reading import Mapped, MappingSet
from vienna_kernel.verdict import Refused


def mapping(protocol: str, more: str = "", methods: str = "POST", top: str = "") -> MappingSet:
    head = HEAD.replace("protocol: rest\n", f"protocol: {protocol}\n{top}")
    text = f"""\
  - action: act
    match: {{methods: [{methods}], path: /pay}}
    target: shop
    unknown_params: allow
    effect: write
    default_tier: T1
{more}"""
    return compiled(head + text)


def reads(mappings: MappingSet, content_type: str, body: str, method: str = "POST") -> bool:
    call = request(f"{method} https://shop.example/pay\ncontent-type: {content_type}\n\n{body}\n")
    found = mappings.map(call)
    assert isinstance(found, (Mapped, Refused))
    return isinstance(found, Mapped)


@pytest.mark.parametrize(
    ("protocol", "content_type", "body"),
    [
        ("rest", "application/json", "{}"),
        ("json", "application/json", "{}"),
        ("form", "application/x-www-form-urlencoded", "a=1"),
        ("graphql", "application/json", '{"query": "{a}"}'),
        ("jsonrpc", "application/json", '{"jsonrpc": "2.0", "method": "a", "id": 1}'),
        ("aws-query", "application/x-www-form-urlencoded", "Action=A&Version=2016-11-15"),
        ("opaque", "application/octet-stream", "x"),
        ("opaque", "application/json", "{"),
    ],
)
def test_a_protocol_has_its_bodies(protocol: str, content_type: str, body: str) -> None:
    assert reads(mapping(protocol), content_type, body)
    if protocol != "opaque":
        assert not reads(mapping(protocol), "application/x-something", body)


def test_a_file_says_which_bodies_it_reads() -> None:
    both = mapping("rest", "    body: [xml, text]\n")
    assert reads(both, "application/xml", "<a/>")
    assert reads(both, "text/plain", "a")
    assert not reads(both, "application/json", "{}")
    none = mapping("rest", "    body: none\n")
    assert not reads(none, "application/json", "{}")


def test_a_method_without_a_body_reads_none_unless_told() -> None:
    assert not reads(mapping("rest", methods="DELETE"), "application/json", "{}", "DELETE")
    assert reads(mapping("rest", "    body: json\n", methods="DELETE"), "application/json", "{}", "DELETE")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("    params: {a: {from: json}, b: {from: form}}\n", "use from: body"),
        ("    body: none\n    params: {a: {from: body}}\n", "there is none"),
        ("    body: form\n    params: {a: {from: json}}\n", "read from a json body"),
        ("    params: {a: {from: operation}}\n", "names no operations"),
    ],
)
def test_parameters_of_a_body_that_is_not_read_do_not_load(more: str, why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        mapping("rest", more)
