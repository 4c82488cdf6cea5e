"""The inventory of gates, and what revoking one ends."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from sqlalchemy import select, update

from gate_end import Gate, application, enrolled, gate, join_token
from people import People
from planes import Control
from vienna_control.store.tables import consumptions, warrants

ORDER = ("GET", "https://payments.example/v1/orders/ORD-1")


async def test_a_gate_is_listed_with_its_agent_and_its_state(
    control: Control, bot: Gate, people: People
) -> None:
    other = await enrolled(control, "other-bot")
    _, answer = await people.ask("victor", "GET", "/sidecars")
    found = {row["sidecar_id"]: row for row in answer["data"]["sidecars"]}
    mine = found[bot.sidecar_id]
    assert (mine["agent"], mine["state"], mine["version"]) == ("billing-bot", "connected", "test")
    assert mine["ca_expires_at"] == mine["certificate_expires_at"] == "2026-03-03T10:00:00.000Z"
    assert found[other.sidecar_id]["state"] == "silent"
    status, _ = await people.ask("victor", "GET", "/sidecars/side-nobody")
    assert status == 404


async def test_revoking_a_gate_ends_its_key_its_stream_and_its_unused_warrants(
    control: Control, bot: Gate, people: People
) -> None:
    store = control.app.store
    unused, used = await bot.consult(*ORDER), await bot.consult("GET", f"{ORDER[1]}0")
    async with gate(control) as another:
        anothers = await another.consult("GET", f"{ORDER[1]}1")

        def reopen(tx: object) -> None:  # as if they had been handed out, and not used yet
            ids = (unused.warrant_id, anothers.warrant_id)
            tx.conn.execute(consumptions.delete().where(consumptions.c.warrant_id.in_(ids)))  # type: ignore[attr-defined]
            tx.conn.execute(update(warrants).where(warrants.c.id.in_(ids)).values(status="issued"))  # type: ignore[attr-defined]

        await store.write(reopen)
        for who, status in (("oscar", 403), ("audrey", 403), ("ada", 200)):
            code, answer = await people.ask(who, "DELETE", f"/sidecars/{bot.sidecar_id}", {"reason": "lost"})
            assert code == status
        assert (answer["data"]["keys_revoked"], answer["data"]["warrants_revoked"]) == (1, 1)
        query = select(warrants.c.id, warrants.c.status)
        after = dict(await store.read(lambda conn: conn.execute(query).all()))
        assert [after[one.warrant_id or ""] for one in (unused, used, anothers)] == [
            "revoked",
            "consumed",
            "issued",
        ]
        async with asyncio.timeout(60):
            assert bot._reader is not None
            await bot._reader  # the control plane hung up
        assert (await another.consult(*ORDER)).verdict == "granted"
    url = f"{control.url}/api/v1/sidecars/stream"
    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        await control.http.ws_connect(url, headers={"Authorization": f"Bearer {bot.key}"})
    _, shown = await people.ask("audrey", "GET", f"/sidecars/{bot.sidecar_id}")
    assert shown["data"]["state"] == "revoked"


async def test_a_revoked_key_does_not_come_back(control: Control, people: People) -> None:
    made, token = await enrolled(control), join_token(control)
    for _ in range(2):
        status, _ = await people.ask("ada", "DELETE", f"/sidecars/{made.sidecar_id}")
        assert status == 200
    body = application(control, made.holder, token=token)
    status, answer, _ = await control.ask("POST", "/api/v1/sidecars/enrol", key=token, body=body)
    assert (status, "revoked" in answer["error"]["message"]) == (403, True)
