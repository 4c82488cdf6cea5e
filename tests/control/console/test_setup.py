"""The setup: the way to be first for whoever comes, the steps for admins, each as the API has it."""

from __future__ import annotations

from typing import Any

from people import People
from planes import Control

STEPS = ["factor", "second", "token", "gate", "call", "policy", "held", "channel", "device", "doctor"]


async def steps(control: Control) -> dict[str, Any]:
    status, told, _ = await control.ask(
        "GET", "/console/setup", key="ada", headers={"Accept": "application/json"}
    )
    assert status == 200
    return {one["name"]: one for one in told["data"]["steps"]}


async def test_whoever_is_not_logged_in_is_shown_how_to_be_first_and_nothing_of_the_installation(
    control: Control,
) -> None:
    status, page, _ = await control.ask("GET", "/console/setup")
    assert status == 200
    assert b"POST /auth/setup" in page
    assert b"data-step" not in page
    assert b"@example.com" not in page


async def test_an_agents_key_is_nobody_here(control: Control) -> None:
    status, page, _ = await control.ask("GET", "/console/setup", key="agent")
    assert status == 200
    assert b"data-step" not in page


async def test_the_steps_are_for_admins(control: Control) -> None:
    for who in ("alice", "oscar", "audrey", "victor"):
        assert (await control.ask("GET", "/console/setup", key=who))[0] == 403


async def test_each_step_has_what_does_it(control: Control) -> None:
    status, page, _ = await control.ask("GET", "/console/setup", key="ada")
    assert status == 200
    assert list(await steps(control)) == STEPS
    for action in (b"POST /operators", b"POST /join-tokens", b"POST /push/subscriptions", b"POST /push/ring"):
        assert action in page


async def test_a_step_is_done_when_the_api_says_so(control: Control, people: People) -> None:
    before = await steps(control)
    assert (before["factor"]["done"], before["gate"]["done"], before["call"]["done"]) == (True, False, False)
    assert before["channel"]["done"] is False
    status, _ = await people.ask("ada", "POST", "/join-tokens", {"agent": "ledger-bot"})
    assert status == 201
    after = await steps(control)
    assert after["token"]["done"]
    assert "ledger-bot" in after["token"]["detail"]


async def test_an_invitation_is_opened_by_whoever_holds_it(control: Control) -> None:
    status, page, _ = await control.ask("GET", "/console/invitation")
    assert status == 200
    assert b"POST /auth/invitation" in page


async def test_what_a_telephone_installs_is_there_by_name(control: Control) -> None:
    status, told, response = await control.ask("GET", "/console/app.webmanifest")
    assert (status, response.content_type) == (200, "application/manifest+json")
    assert b'"scope": "/console/"' in told
    for name in ("icon-192.png", "icon-512.png", "icon-maskable-512.png"):
        status, image, response = await control.ask("GET", f"/console/{name}")
        assert (status, response.content_type, image[:4]) == (200, "image/png", b"\x89PNG")
        assert f"/console/{name}".encode() in told
    status, _, response = await control.ask("GET", "/console/sw.js")
    assert (status, response.content_type) == (200, "text/javascript")
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
    assert response.headers["Cache-Control"] == "no-cache"
