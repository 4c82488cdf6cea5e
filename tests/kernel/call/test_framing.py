"""Header lines: what refuses a call, what is taken off, what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.call.framing import MAX_HEADER_BYTES, MAX_HEADER_LINES, Framing, is_ours, read_framing
from vienna_kernel.verdict import Reason, Refused

HOST = (b"Host", b"a.example")
BOTH = frozenset({"gzip", "deflate"})


def framing(*lines: tuple[bytes, bytes]) -> Framing:
    found = read_framing((HOST, *lines))
    assert isinstance(found, Framing), found
    return found


def reason(*lines: tuple[bytes, bytes]) -> Reason:
    found = read_framing((HOST, *lines))
    assert isinstance(found, Refused), found
    return found.reason


@pytest.mark.parametrize(
    "name",
    [
        b"Vienna-Warrant",
        b"vienna-intent",
        b"VIENNA_WARRANT",
        b"Vienna_Warrant-Id",
        b"X-Vienna-Anything",
        b"x_vienna_a",
        b"Signature",
        b"signature-input",
        b"Signature-Agent",
        b"Signature_Input",
        b"Content-Digest",
        b"CONTENT_DIGEST",
    ],
)
def test_our_headers_are_taken_off_in_any_spelling(name: bytes) -> None:
    assert framing((name, b"x"), (b"A", b"b")).headers == (("a", "b"),)
    assert is_ours(name.decode())


def test_only_ours_are_taken_off() -> None:
    for name in ("x-viennese", "my-vienna-x", "x-signature", "digest", "content-digests"):
        assert not is_ours(name)
    assert framing((b"X-Signature", b"x")).headers == (("x-signature", "x"),)


@pytest.mark.parametrize(
    "name",
    [b"Keep-Alive", b"TE", b"Proxy-Authorization", b"Proxy-Connection", b"proxy-anything", b"HTTP2-Settings"],
)
def test_the_hops_headers_are_taken_off(name: bytes) -> None:
    assert framing((name, b"x"), (b"A", b"b")).headers == (("a", "b"),)


def test_what_connection_names_is_taken_off() -> None:
    found = framing((b"Connection", b"close, X-One ,x-two"), (b"Connection", b"x-three"), (b"X-One", b"1"),
                    (b"X-TWO", b"2"), (b"X-Three", b"3"), (b"X-Four", b"4"))  # fmt: skip
    assert found.headers == (("x-four", "4"),)


@pytest.mark.parametrize("name", [b"Host", b"content-length", b"Content-Type", b"Authorization", b"Expect"])
def test_connection_may_not_name_what_decides_how_to_read(name: bytes) -> None:
    assert reason((b"Connection", b"close, " + name)) is Reason.AMBIGUOUS_REQUEST


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ((b"X_One", b"x"), Reason.AMBIGUOUS_REQUEST),
        ((b"Content_Length", b"5"), Reason.AMBIGUOUS_REQUEST),
        ((b"X One", b"x"), Reason.MALFORMED_REQUEST),
        ((b"X-One ", b"x"), Reason.MALFORMED_REQUEST),
        ((b" X-One", b"x"), Reason.MALFORMED_REQUEST),
        ((b"", b"x"), Reason.MALFORMED_REQUEST),
        ((b"X:One", b"x"), Reason.MALFORMED_REQUEST),
        ((b"X-One\x00", b"x"), Reason.MALFORMED_REQUEST),
        ((b"X-\xfc", b"x"), Reason.MALFORMED_REQUEST),
        ((b"X-One", b"a\x00b"), Reason.MALFORMED_REQUEST),
        ((b"X-One", b"a\rb"), Reason.MALFORMED_REQUEST),
        ((b"X-One", b"a\nb"), Reason.MALFORMED_REQUEST),
        ((b"X-One", b"a\r\n b"), Reason.MALFORMED_REQUEST),
        ((b"X-One", b"a\x7f"), Reason.MALFORMED_REQUEST),
        ((b"X-One", b"a\x01"), Reason.MALFORMED_REQUEST),
        ((b"Vienna-Warrant", b"a\nb"), Reason.MALFORMED_REQUEST),
        ((b"Content-Length", b"+5"), Reason.MALFORMED_REQUEST),
        ((b"Content-Length", b"05"), Reason.MALFORMED_REQUEST),
        ((b"Content-Length", b"5, 5"), Reason.MALFORMED_REQUEST),
        ((b"Content-Length", b"-1"), Reason.MALFORMED_REQUEST),
        ((b"Content-Length", b"0x5"), Reason.MALFORMED_REQUEST),
        ((b"Content-Length", b""), Reason.MALFORMED_REQUEST),
        ((b"Content-Length", b"\xb2"), Reason.MALFORMED_REQUEST),
        ((b"Content-Length", b"9" * 16), Reason.MALFORMED_REQUEST),
        ((b"Transfer-Encoding", b"gzip"), Reason.UNSUPPORTED_ENCODING),
        ((b"Transfer-Encoding", b"gzip, chunked"), Reason.UNSUPPORTED_ENCODING),
        ((b"Transfer-Encoding", b"chunked, chunked"), Reason.UNSUPPORTED_ENCODING),
        ((b"Transfer-Encoding", b"identity"), Reason.UNSUPPORTED_ENCODING),
        ((b"Transfer-Encoding", b""), Reason.UNSUPPORTED_ENCODING),
        ((b"Content-Encoding", b"gzip"), Reason.UNSUPPORTED_ENCODING),
        ((b"Content-Encoding", b"aws-chunked"), Reason.UNSUPPORTED_ENCODING),
        ((b"Content-Encoding", b"identity, br"), Reason.UNSUPPORTED_ENCODING),
        ((b"Content-Type", b"application/json; charset=utf-16"), Reason.UNSUPPORTED_ENCODING),
        ((b"Content-Type", b"application/json; charset=latin1"), Reason.UNSUPPORTED_ENCODING),
        ((b"Content-Type", b'application/json; charset="utf-7"'), Reason.UNSUPPORTED_ENCODING),
        ((b"Content-Type", b"json"), Reason.MALFORMED_REQUEST),
        ((b"Content-Type", b"application/json, text/plain"), Reason.MALFORMED_REQUEST),
        ((b"Content-Type", b""), Reason.MALFORMED_REQUEST),
        ((b"Upgrade", b"websocket, h2c"), Reason.UNSUPPORTED_PROTOCOL),
        ((b"Upgrade", b"h2c"), Reason.UNSUPPORTED_PROTOCOL),
        ((b"Trailer", b"X-One"), Reason.AMBIGUOUS_REQUEST),
        ((b"Expect", b"200-ok"), Reason.MALFORMED_REQUEST),
    ],
)
def test_a_line_that_refuses_the_call(line: tuple[bytes, bytes], expected: Reason) -> None:
    assert reason(line) is expected


@pytest.mark.parametrize(
    "name",
    [
        b"X-HTTP-Method-Override",
        b"X-HTTP-Method",
        b"x-method-override",
        b"X-Original-URL",
        b"X-Rewrite-URL",
        b"X-Forwarded-Host",
        b"X-Host",
        b"Forwarded",
        b"X-Original-Host",
        b"X-Forwarded-Path",
    ],
)
def test_a_line_that_makes_another_request_of_it(name: bytes) -> None:
    assert reason((name, b"x")) is Reason.METHOD_OVERRIDE


@pytest.mark.parametrize(
    "name",
    [
        b"Content-Length",
        b"Content-Type",
        b"Content-Encoding",
        b"Content-Range",
        b"Transfer-Encoding",
        b"Authorization",
    ],
)
def test_what_decides_how_to_read_stands_once(name: bytes) -> None:
    value = {b"Transfer-Encoding": b"chunked", b"Content-Type": b"a/b", b"Content-Encoding": b"identity"}.get(
        name, b"5"
    )
    framing((name, value))
    assert reason((name, value), (name.upper(), value)) is Reason.AMBIGUOUS_REQUEST


def test_length_and_chunks_contradict_each_other() -> None:
    both = (b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")
    assert reason(*both) is Reason.AMBIGUOUS_REQUEST
    assert reason(*reversed(both)) is Reason.AMBIGUOUS_REQUEST


def test_framing_is_told() -> None:
    found = framing((b"Content-Length", b"5"), (b"Content-Type", b'Text/Plain;charset="UTF-8"; a=b'))
    assert (found.length, found.chunked, found.content_type) == (5, False, "text/plain")
    assert found.headers == (("content-type", 'Text/Plain;charset="UTF-8"; a=b'),)
    chunked = framing(
        (b"Transfer-Encoding", b"CHUNKED"), (b"Expect", b"100-Continue"), (b"Content-Encoding", b"identity")
    )
    assert (chunked.length, chunked.chunked, chunked.content_type, chunked.headers) == (None, True, None, ())
    assert framing().hosts == ("a.example",)
    assert framing((b"host", b"b")).hosts == ("a.example", "b")


def test_values_lose_surrounding_blanks_and_keep_their_bytes() -> None:
    assert framing((b"A", b" \tx y\t "), (b"B", b"\xfc"), (b"A", b"")).headers == (
        ("a", "x y"),
        ("b", "\xfc"),
        ("a", ""),
    )


def test_a_multipart_charset_is_the_parts_own_business() -> None:
    assert framing((b"Content-Type", b"multipart/form-data; boundary=x; charset=latin1")).content_type


def test_headers_are_bounded() -> None:
    assert (MAX_HEADER_LINES, MAX_HEADER_BYTES) == (100, 64 * 1024)
    many = [(b"A", b"b")] * (MAX_HEADER_LINES - 1)
    assert len(framing(*many).headers) == MAX_HEADER_LINES - 1
    assert reason(*many, (b"A", b"b")) is Reason.MALFORMED_REQUEST
    room = MAX_HEADER_BYTES - len(b"Host" + b"a.example") - 4 - len(b"A") - 4
    framing((b"A", b"x" * room))
    assert reason((b"A", b"x" * (room + 1))) is Reason.MALFORMED_REQUEST


@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=5))
def test_any_lines_give_a_framing_or_a_refusal(lines: list[tuple[bytes, bytes]]) -> None:
    assert isinstance(read_framing(tuple(lines)), Framing | Refused)


@pytest.mark.parametrize(
    ("value", "codings"),
    [
        (b"gzip", ("gzip",)),
        (b"X-Gzip", ("gzip",)),
        (b"deflate", ("deflate",)),
        (b"deflate ,\tgzip", ("deflate", "gzip")),
        (b"gzip, gzip", ("gzip", "gzip")),
        (b"identity", ()),
    ],
)
def test_a_coding_is_told_where_it_may_be(value: bytes, codings: tuple[str, ...]) -> None:
    found = read_framing((HOST, (b"Content-Encoding", value)), codings=BOTH)
    assert isinstance(found, Framing)
    assert found.codings == codings
    assert found.headers == ()


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        (b"gzip", frozenset()),
        (b"gzip", frozenset({"deflate"})),
        (b"deflate, gzip", frozenset({"gzip"})),
        (b"br", BOTH),
        (b"gzip, br", BOTH),
        (b"gzip, identity", BOTH),
        (b"gzip,", BOTH),
        (b"", BOTH),
        (b"gzip;q=1", BOTH),
        (b"gzip, gzip, gzip", BOTH),
    ],
)
def test_a_coding_that_is_not_asked_for_is_refused(value: bytes, allowed: frozenset[str]) -> None:
    found = read_framing((HOST, (b"Content-Encoding", value)), codings=allowed)
    assert isinstance(found, Refused)
    assert found.reason is Reason.UNSUPPORTED_ENCODING


def test_a_coding_is_named_in_one_line() -> None:
    found = read_framing((HOST, *[(b"Content-Encoding", b"gzip")] * 2), codings=BOTH)
    assert isinstance(found, Refused)
    assert found.reason is Reason.AMBIGUOUS_REQUEST


@pytest.mark.parametrize(
    "kind",
    [b"a/b" + b";  " * 10_000 + b'"', b"a/b" + b" ;" * 10_000 + b"x", b"a/b" + b"; a=b" * 5_000 + b'"'],
)
def test_a_type_is_judged_in_one_pass_however_odd(kind: bytes) -> None:
    """A pattern that goes back over what it read would not end here."""
    found = read_framing(((b"Host", b"x"), (b"Content-Type", kind)))
    assert isinstance(found, Refused)
