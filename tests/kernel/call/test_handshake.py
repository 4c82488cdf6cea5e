"""The opening of a WebSocket: one reading, its own method, and nothing near it passes for it."""

from __future__ import annotations

import pytest

from vienna_kernel.call.handshake import MESSAGE, UPGRADE, accept_of
from vienna_kernel.call.request import Call, RawRequest, canonicalise
from vienna_kernel.verdict import Reason, Refused

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
OPENING = {
    b"Connection": b"keep-alive, Upgrade",
    b"Upgrade": b"WebSocket",
    b"Sec-WebSocket-Version": b"13",
    b"Sec-WebSocket-Key": KEY,
}


def read(
    method: bytes = b"GET", body: bytes = b"", more: tuple[tuple[bytes, bytes], ...] = (), **lines: bytes
) -> Call | Refused:
    """An opening; ``lines`` by name with ``_`` for ``-`` replace those of a good one, empty ones leave them out."""
    told = OPENING | {name.replace("_", "-").encode(): value for name, value in lines.items()}
    headers = tuple((name, value) for name, value in told.items() if value)
    return canonicalise(
        RawRequest(
            scheme="https",
            connect=("a.example", 443),
            sni="a.example",
            method=method,
            target=b"/live?model=m",
            http_version=b"HTTP/1.1",
            headers=((b"Host", b"a.example"), *headers, *more),
            body=body,
        )
    )


def opened(**lines: bytes) -> Call:
    found = read(**lines)
    assert isinstance(found, Call), found
    return found


def test_an_opening_is_a_call_with_a_method_of_its_own() -> None:
    call = opened(Authorization=b"Bearer x")
    assert (call.method, call.wire_method, call.url) == (UPGRADE, "GET", "https://a.example/live?model=m")
    sent = call.wire_headers()
    assert (b"connection", b"Upgrade") in sent
    assert (b"upgrade", b"websocket") in sent
    assert (b"sec-websocket-key", KEY) in sent
    assert (b"authorization", b"Bearer x") in sent


def test_no_warrant_for_a_get_opens_anything() -> None:
    plain = read(Upgrade=b"", Connection=b"")
    assert isinstance(plain, Call)
    assert plain.method == "GET"
    assert plain.request_digest != opened().request_digest


def test_extensions_are_never_offered() -> None:
    call = opened(Sec_WebSocket_Extensions=b"permessage-deflate; client_max_window_bits")
    assert call.header("sec-websocket-extensions") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": b"POST"},
        {"method": b"HEAD"},
        {"Connection": b""},
        {"Connection": b"close"},
        {"Upgrade": b"websocket, h2c"},
        {"Upgrade": b"websocket/13"},
        {"Sec_WebSocket_Version": b""},
        {"Sec_WebSocket_Version": b"8"},
        {"Sec_WebSocket_Version": b"13, 8"},
        {"Sec_WebSocket_Key": b""},
        {"Sec_WebSocket_Key": b"AAAA"},
        {"Sec_WebSocket_Key": b"AAAAAAAAAAAAAAAAAAAAAB=="},
        {"Sec_WebSocket_Key": KEY + KEY},
        {"Content_Length": b"2", "body": b"{}"},
        {"Transfer_Encoding": b"chunked", "body": b"{}"},
    ],
    ids=str,
)
def test_what_is_near_an_opening_is_refused(wrong: dict[str, bytes]) -> None:
    found = read(**wrong)  # type: ignore[arg-type]
    assert isinstance(found, Refused)
    assert found.reason is Reason.UNSUPPORTED_PROTOCOL


@pytest.mark.parametrize(
    "name", [b"Upgrade", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Sec-WebSocket-Protocol"]
)
def test_what_tells_an_opening_stands_once(name: bytes) -> None:
    told = OPENING.get(name, b"chat")
    more = ((name, told),) if name in OPENING else ((name, told), (name, told))
    found = read(more=more)
    assert isinstance(found, Refused)
    assert found.reason is Reason.AMBIGUOUS_REQUEST


@pytest.mark.parametrize("method", [UPGRADE, MESSAGE])
def test_no_request_has_our_methods(method: str) -> None:
    for upgrade in (b"", b"websocket"):
        found = read(method.encode(), Upgrade=upgrade)
        assert isinstance(found, Refused)
        assert found.reason is Reason.UNSUPPORTED_PROTOCOL


def test_a_message_is_a_call_of_its_own() -> None:
    opening = opened(Authorization=b"Bearer x")
    text, binary = opening.message(b"{}", binary=False), opening.message(b"{}", binary=True)
    assert (text.method, text.url, text.content_type) == (MESSAGE, opening.url, "application/json")
    assert binary.content_type == "application/octet-stream"
    assert text.header("authorization") == "Bearer x"
    digests = {call.request_digest for call in (opening, text, binary, opening.message(b"[]", binary=False))}
    assert len(digests) == 4


def test_the_answer_to_a_key() -> None:
    assert accept_of(KEY.decode()) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 1.3
