"""The answer that opens a WebSocket."""

from __future__ import annotations

import pytest
from mitmproxy import http

from vienna_proxy.transport.upgrade import switching, wrong_switch

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
RIGHT = {
    "Upgrade": "WebSocket",
    "Connection": "keep-alive, upgrade",
    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
}


def asked(**lines: str) -> http.Request:
    told = {"upgrade": "websocket", "sec-websocket-key": KEY, "sec-websocket-protocol": "a, b"} | lines
    return http.Request.make("GET", "https://a.example/", b"", {k: v for k, v in told.items() if v})


def answered(**lines: str) -> http.Response:
    told = RIGHT | {name.replace("_", "-"): value for name, value in lines.items()}
    return http.Response.make(101, b"", {name: value for name, value in told.items() if value})


def test_the_right_one() -> None:
    assert wrong_switch(asked(), answered()) == ""
    assert wrong_switch(asked(), answered(Sec_WebSocket_Protocol="b")) == ""


@pytest.mark.parametrize(
    "lines",
    [
        {"Upgrade": ""},
        {"Upgrade": "h2c"},
        {"Connection": ""},
        {"Connection": "close"},
        {"Sec_WebSocket_Accept": ""},
        {"Sec_WebSocket_Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"Sec_WebSocket_Extensions": "permessage-deflate"},
        {"Sec_WebSocket_Protocol": "c"},
        {"Sec_WebSocket_Protocol": "a, b"},
        {"Transfer_Encoding": "chunked"},
        {"Content_Length": "5"},
    ],
    ids=str,
)
def test_any_other_is_wrong(lines: dict[str, str]) -> None:
    response = answered(**lines)
    if lines.get("Content_Length"):
        response.headers["content-length"] = lines["Content_Length"]
    assert wrong_switch(asked(), response) != ""


@pytest.mark.parametrize("name", ["Upgrade", "Sec-WebSocket-Accept"])
def test_a_line_twice_is_wrong(name: str) -> None:
    response = answered()
    response.headers.add(name, RIGHT[name])
    assert wrong_switch(asked(), response) != ""


def test_who_did_not_ask_gets_none() -> None:
    assert wrong_switch(asked(upgrade=""), answered()) != ""


def test_what_the_agent_gets_of_it() -> None:
    response = answered(Sec_WebSocket_Protocol="b", Set_Cookie="a=b", Vienna_Decision="forged")
    told = switching(response, [("Vienna-Decision", "granted")])
    assert told.status_code == 101
    assert {name.lower() for name in told.headers} == {
        "sec-websocket-accept",
        "sec-websocket-protocol",
        "connection",
        "upgrade",
        "vienna-decision",
    }
    assert told.headers["vienna-decision"] == "granted"
