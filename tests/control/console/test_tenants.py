"""Pages are closed to other tenants: whoever asks for one with another's id is told what whoever guesses is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from gate_end import Gate
from people import People
from planes import Control, seeds
from tenant_world import MARK, fill, north
from vienna_control.console import pages

SENT: dict[str, Any] = {
    "/approvals/{id}/less": {"narrowed": {"amount": "1"}},
    "/approvals/{id}/standing": {"like": {}},
    "/approvals/{id}/refusal": {"reason": "no"},
}
"""What is sent to the previews that have an id in their address."""
NOUNS = {
    "/traffic": "/intents",
    "/settings/people": "/operators",
    "/settings/groups": "/groups",
    "/reports": "/compliance/reports",
}
"""Of addresses that are not called as the API calls it: how that does."""


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    found = seeds()
    next(one for one in found["operators"] if one["email"].startswith("carol"))["groups"].append("incident")
    place = {"listen": "127.0.0.1:0", "data_dir": tmp_path / "data", "break_glass": True}
    return {"control": place, "bootstrap": found}


async def test_no_page_shows_anything_of_another_tenant(control: Control, people: People, bot: Gate) -> None:
    ours = await fill(control, people, bot)
    theirs = await north(control)
    for one in pages():
        noun, _, named = one.path.partition("/{")
        found = ours.ids[NOUNS.get(noun, noun)] if named else ""
        path = re.sub(r"\{[^}]*\}", found, one.path)
        sent = SENT.get(one.path, {"id": ours.ids["/policies"], "intent_id": ours.ids["/intents"]})
        status, text = await _asked(control, path, theirs["admin"], sent if one.preview else None)
        refused = status in (400, 404, 409, 422)
        assert refused or not named or one.path.endswith("/refusal") or noun == "/settings/groups", one.path
        for word in (found, *(str(value) for value in sent.values())):
            text = text.replace(word or "\0", "")  # what was asked with is not told
        for secret in (MARK, "@example.com", *ours.ids.values()):
            assert secret not in text, (one.path, secret)


async def _asked(control: Control, path: str, key: str, body: Any) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as http:
        method, data = ("GET", None) if body is None else ("POST", orjson.dumps(body))
        async with http.request(method, f"{control.url}/console{path}", data=data) as response:
            return response.status, await response.text()
