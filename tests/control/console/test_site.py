"""The console's frame: who gets in, what a page is served as, and that it has no power of its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from yarl import URL

from people import People
from planes import ONE_OF_EACH, PASSWORD, Control
from routes_watched import ENTERS_NOTHING
from vienna_control.api import all_routes
from vienna_control.api.edge import PAGE_POLICY, answer
from vienna_control.api.inside import askable
from vienna_control.console import pages
from vienna_control.console.page import Page
from vienna_control.console.render import render

PAGES = [one for one in pages() if not one.preview]
PREVIEWS = [one for one in pages() if one.preview]
CLOSED = [one for one in PAGES if not one.public]


def address(one: Page) -> str:
    """Of the page, its parameters named like nothing that exists."""
    return "/console" + re.sub(r"\{[^}]*\}", "nothing-like-it", one.path)


async def test_a_page_is_strict_whoever_asks_for_it(control: Control) -> None:
    _, _, response = await control.ask("GET", "/console/login")
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Frame-Options"] == "DENY"


async def test_nobody_sees_a_page_before_they_come_in(control: Control) -> None:
    for one in CLOSED:
        status, _, response = await control.ask("GET", address(one), allow_redirects=False)
        assert status == 303, one.path
        assert URL(response.headers["Location"]).path == "/console/login"
        assert URL(response.headers["Location"]).query["next"] == address(one)


async def test_an_agent_or_its_gate_is_shown_no_page(control: Control) -> None:
    for one in CLOSED:
        status, page, _ = await control.ask("GET", address(one), key="agent", allow_redirects=False)
        assert status == 403, one.path
        assert b"this is for: any operator" in page


async def test_an_agent_has_nothing_previewed(control: Control) -> None:
    for one in PREVIEWS:
        status, page, _ = await control.ask("POST", address(one), key="agent", body={})
        assert status == 403, one.path
        assert b"this is for: any operator" in page


async def test_a_page_tells_its_head_as_it_would_be_read(control: Control) -> None:
    for path in (*map(address, PAGES), "/console", "/console/sw.js"):
        for key in (None, "viewer"):
            read, _, got = await control.ask("GET", path, key=key, allow_redirects=False)
            status, body, told = await control.ask("HEAD", path, key=key, allow_redirects=False)
            assert (status, body) == (read, b""), path
            for name in ("Content-Type", "Location", "Content-Security-Policy"):
                assert told.headers.get(name) == got.headers.get(name), path


async def test_a_page_is_read_and_nothing_else(control: Control) -> None:
    for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "POST"):
        for path in ("/console/", "/console/settings", "/console/nothing"):
            status, _, _ = await control.ask(method, path, key="admin")
            assert status == 405, (method, path)


@pytest.mark.parametrize("who", sorted(ONE_OF_EACH))
async def test_every_page_is_there_for_every_role_or_says_why_not(control: Control, who: str) -> None:
    for one in CLOSED:
        status, page, response = await control.ask("GET", address(one), key=who)
        assert status in (200, 403, 404), f"{one.path}: {status}"
        assert response.content_type == "text/html"
        assert page.count(b"<h1") == 1, one.path


async def test_the_data_of_a_page_is_there_as_json(control: Control) -> None:
    status, told, _ = await control.ask(
        "GET", "/console/", key="alice", headers={"Accept": "application/json"}
    )
    assert (status, told["success"]) == (200, True)
    asked: dict[str, Any] = {"Accept": "application/json"}
    status, told, _ = await control.ask("GET", "/console/nothing", key="alice", headers=asked)
    assert (status, told["error"]["code"]) == (404, "not_found")


async def test_a_part_that_renews_itself_sends_the_window_to_the_login_once_the_session_is_over(
    control: Control,
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "div#queue"}
    status, _, response = await control.ask("GET", "/console/", headers=headers, allow_redirects=False)
    assert (status, response.headers["HX-Redirect"]) == (401, "/console/login?ended=1")


ELSEWHERE = (
    "https://evil.example/console/",
    "//evil.example/console/",
    "/\\evil.example",
    "/console/../api/v1/auth/logout",
    "/console/%2e%2E/api/v1/auth/logout",
    "javascript:alert(1)",
    "/console/\r\nSet-Cookie: a=b",
    "/elsewhere",
)


async def test_a_login_leads_nowhere_but_into_the_console(control: Control) -> None:
    for asked in ELSEWHERE:
        url = URL("/console/login").with_query(next=asked)
        _, page, _ = await control.ask("GET", str(url))
        assert re.findall(rb'data-then="go:([^"]*)"', page) == [b"/console/"], asked


async def test_a_login_leads_back_to_where_one_wanted_to_go(control: Control) -> None:
    url = URL("/console/login").with_query(next="/console/traffic?q=host:x")
    _, page, _ = await control.ask("GET", str(url))
    assert b'data-then="go:/console/traffic?q=host:x"' in page


async def test_a_login_puts_nothing_of_its_answer_into_an_address(control: Control) -> None:
    url = URL("/console/login").with_query(next="/console/traffic?q={apiKey}{csrfToken}")
    _, page, _ = await control.ask("GET", str(url))
    assert b'data-then="go:/console/traffic?q=%7BapiKey%7D%7BcsrfToken%7D"' in page


async def test_a_preview_of_what_is_no_object_is_a_refusal(control: Control) -> None:
    for one in PREVIEWS:
        for body in ([1], "text", 1, True):
            status, page, _ = await control.ask("POST", address(one), key="ada", body=body)
            assert status == 400, body
            assert b"the body must be a JSON object" in page


async def test_a_preview_by_cookie_wants_the_token_of_the_session(control: Control, people: People) -> None:
    assert PREVIEWS
    body = {"email": "alice@example.com", "password": PASSWORD}
    status, _, _ = await control.ask("POST", "/api/v1/auth/login", body=body)
    assert status == 200
    for one in PREVIEWS:
        status, page, _ = await control.ask("POST", address(one), body={})
        assert status == 403
        assert b"X-CSRF-Token" in page


def test_pages_can_ask_only_for_what_changes_nothing() -> None:
    """That what declares no entry changes no row either is watched in every test (``routes_watched``)."""
    reachable = askable(all_routes()).values()
    assert len(reachable) > 80
    for one in reachable:
        assert one.method == "GET" or one.pure
        assert not one.writes, one.path
        assert not one.step_up, f"{one.path}: a page shows no second factor"
        assert one.method == "GET" or (one.method, one.path) not in ENTERS_NOTHING, one.path


async def test_a_page_says_up_to_where_it_has_heard(control: Control) -> None:
    """Its stream goes on from there: what happens before that is open is not missed."""
    for _ in range(2):
        heard = control.app.bus.last_id
        _, page, _ = await control.ask("GET", "/console/alerts", key="ada")
        assert f'<meta name="heard" content="{heard}">' in page.decode()
        await control.app.store.write(lambda tx: tx.publish("freeze_changed", {}))
        assert control.app.bus.last_id > heard


async def test_what_nobody_foresaw_is_told_as_a_page_without_its_frame(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(template: str, *rest: Any, **named: Any) -> str:
        if template != "problem.html":
            raise RuntimeError("the secret of it")
        return render(template, *rest, **named)

    monkeypatch.setattr("vienna_control.console.site.render", broken)
    status, page, response = await control.ask("GET", "/console/", key="ada")
    assert (status, response.content_type) == (500, "text/html")
    assert response.headers["Content-Security-Policy"] == PAGE_POLICY
    text = page.decode()
    assert f"it is in the log as {response.headers['Vienna-Request-Id']}" in text
    assert "the secret of it" not in text
    assert "<nav" not in text
    asked = {"Accept": "application/json"}
    monkeypatch.setattr("vienna_control.console.site.answer", raising_once())
    status, told, _ = await control.ask("GET", "/console/", key="ada", headers=asked)
    assert (status, told["error"]["code"]) == (500, "internal")


def raising_once() -> Any:
    """``answer``, which fails the first time."""
    left = [RuntimeError("the secret of it")]

    def told(*rest: Any, **named: Any) -> Any:
        if left:
            raise left.pop()
        return answer(*rest, **named)

    return told
