"""Server-sent events: live, resumable, and only one's own tenant's public ones."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from planes import Control, key_of


async def frames(response: aiohttp.ClientResponse, names: int) -> list[dict[str, Any]]:
    """So many named events."""
    found: list[dict[str, Any]] = []
    current: dict[str, Any] = {}
    async with asyncio.timeout(60):
        async for line in response.content:
            text = line.decode().rstrip("\n")
            if not text:
                if "event" in current:
                    found.append(current)
                current = {}
                if len(found) == names:
                    break
            elif not text.startswith(":"):
                name, _, value = text.partition(": ")
                current[name] = value
    return found


def headers(role: str = "viewer", **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_of(role)}", **more}


async def submit(control: Control, subject: str) -> None:
    body = {"action": "create_ticket", "parameters": {"subject": subject}}
    await control.ask("POST", "/api/v1/agent/intent", key="agent", body=body)


async def test_what_happens_is_told_and_can_be_resumed(control: Control) -> None:
    url = f"{control.url}/api/v1/events?names=approval_required"
    async with control.http.get(url, headers=headers()) as response:
        assert response.content_type == "text/event-stream"
        await submit(control, "one")
        first = (await frames(response, 1))[0]
    assert first["event"] == "approval_required"
    await submit(control, "two")
    await submit(control, "three")
    resumed = headers(**{"Last-Event-ID": first["id"]})
    async with control.http.get(url, headers=resumed) as response:
        missed = await frames(response, 2)
    assert [int(one["id"]) > int(first["id"]) for one in missed] == [True, True]


async def test_somebody_who_missed_too_much_is_told_to_read_anew(control: Control) -> None:
    async with control.http.get(
        f"{control.url}/api/v1/events", headers=headers(**{"Last-Event-ID": "1"})
    ) as response:
        assert (await frames(response, 1))[0]["event"] == "reset"


async def test_agents_hear_nothing_and_internal_events_are_nobodys(control: Control) -> None:
    status, _, _ = await control.ask("GET", "/api/v1/events", key="agent")
    assert status == 403
    status, answer, _ = await control.ask("GET", "/api/v1/events?names=_wake", key="viewer")
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    status, _, _ = await control.ask(
        "GET", "/api/v1/events", key="viewer", headers={"Last-Event-ID": "yesterday"}
    )
    assert status == 400
