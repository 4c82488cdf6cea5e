"""The big list of naughty strings through every reader of text: read whole, or refused; never another exception.

Each string is put where an agent could put it. What comes back is the same string, so nothing was dropped, folded or
cut on the way; what a place cannot hold is refused there.
"""

from __future__ import annotations

import json as stdlib
import unicodedata
from pathlib import Path
from urllib.parse import quote, unquote, urlencode

import pytest
import rfc8785

from vienna_kernel.call.authority import canonical_host
from vienna_kernel.call.request import Call, RawRequest, canonicalise
from vienna_kernel.decode import form, json
from vienna_kernel.document import parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.template import for_people
from vienna_kernel.policy import expression
from vienna_kernel.value import canonical, pack, unpack
from vienna_kernel.verdict import Refused

LIST = Path(__file__).parents[3] / "shared" / "vectors" / "naughty_strings.json"
NAUGHTY: list[str] = stdlib.loads(LIST.read_bytes()) if LIST.exists() else []

pytestmark = pytest.mark.skipif(not NAUGHTY, reason="the public vectors are not beside this checkout")

HOST = b"api.example.com"


def sent(*lines: tuple[bytes, bytes], target: bytes = b"/") -> Call | Refused:
    return canonicalise(
        RawRequest(
            scheme="https",
            connect=("api.example.com", 443),
            sni="api.example.com",
            method=b"GET",
            target=target,
            http_version=b"HTTP/1.1",
            headers=((b"Host", HOST), *lines),
            body=b"",
        )
    )


def test_the_list_is_whole() -> None:
    assert len(NAUGHTY) == 515


def test_in_json() -> None:
    for text in NAUGHTY:
        assert json.loads(stdlib.dumps({text: [text]}).encode()) == {text: [text]}
        assert json.loads(stdlib.dumps({text: [text]}, ensure_ascii=False).encode()) == {text: [text]}


def test_in_a_form() -> None:
    for text in NAUGHTY:
        if "\x00" in text:
            with pytest.raises(MalformedError):
                form.loads(urlencode({"a": text}).encode())
        else:
            assert form.loads(urlencode({"a": text}).encode()) == [("a", text)]


def test_in_a_query() -> None:
    passed = 0
    for text in NAUGHTY:
        found = sent(target=b"/?q=" + quote(text, safe="~").encode())
        if isinstance(found, Call):
            assert form.pairs(found.query.encode()) == [("q", text)]
            passed += 1
        else:
            assert "\x00" in text
    assert passed > 500


def test_in_a_path() -> None:
    passed = 0
    for text in NAUGHTY:
        found = sent(target=b"/v1/" + quote(text, safe="").encode())
        if isinstance(found, Call):
            assert unquote(found.path) == "/v1/" + text
            assert not set(text) & set("\\;\x00\n")
            assert text not in (".", "..")
            passed += 1
    assert passed > 250


def test_in_a_header() -> None:
    for text in NAUGHTY:
        found = sent((b"X-A", text.encode()))
        held = isinstance(found, Call)
        assert held == all(char == "\t" or (char >= " " and char != "\x7f") for char in text), text
        if isinstance(found, Call):
            assert found.headers[0][1].encode("latin-1") == text.strip(" \t").encode()
        assert isinstance(sent((text.encode(), b"1")), Call | Refused)


def test_as_a_host() -> None:
    for text in NAUGHTY:
        found = canonical_host(text)
        assert isinstance(found, Refused) or (found.isascii() and canonical_host(found) == found)


def test_in_a_document() -> None:
    """Escaped as JSON does, which YAML reads too, but for characters beyond the first plane."""
    read = 0
    for text in NAUGHTY:
        escaped = f"a: {stdlib.dumps(text)}\n"
        if max(text, default="") > "\uffff":
            with pytest.raises(MalformedError, match="surrogate"):
                parse(escaped, name="f")
        else:
            assert parse(escaped, name="f").data == {"a": text}
            read += 1
    assert read > 480


def test_in_a_document_as_it_is() -> None:
    for text in NAUGHTY:
        try:
            found = parse(f"a: {stdlib.dumps(text, ensure_ascii=False)}\n", name="f").data
        except MalformedError:
            assert not text.isprintable()
        else:
            assert found == {"a": text}


def test_as_an_expression() -> None:
    for text in NAUGHTY:
        try:
            assert isinstance(expression.parse(text), dict)
        except expression.ExpressionError as error:
            assert error.column >= 1  # noqa: PT017  # either is right


def test_as_a_value() -> None:
    for text in NAUGHTY:
        assert canonical({text: text}) == rfc8785.dumps({text: text})
        assert unpack(pack([text])) == [text]


def test_for_people() -> None:
    """What an approver is shown has no control, format or bidirectional character left in it."""
    for text in NAUGHTY:
        shown = for_people(text, limit=10_000)
        assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")], (
            text
        )
