"""A control plane with a long history: what a few real calls left behind, again and again with other values.

Each kind of call goes through the whole pipeline once for each agent (``tests/gate_end.py``); its rows are then copied
in batches, each copy with its own ids, instant, order and amount. The newest are the same every time.
"""

from __future__ import annotations

import random
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, intents

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from gate_end import Gate, gate
from planes import Control, key_of, running, seeds

AGENTS = ("billing-bot", "support-bot", "devops-bot", "research-bot")
_SPAN = timedelta(days=30)
_BATCH = 5_000
_ORDER = "ORD-1"
_AMOUNT = "4321"


def _calls() -> Iterator[tuple[str, str, Any]]:
    """Method, URL and body of one call of each kind; the weight of a kind is how often it stands here."""
    api = "https://payments.example/v1"
    for _ in range(6):
        yield "GET", f"{api}/orders/{_ORDER}", None
    yield "POST", f"{api}/tickets", {"subject": f"late parcel of {_ORDER}"}
    for amount in (int(_AMOUNT), 50_000):
        yield "POST", f"{api}/refunds", {"order": _ORDER, "amount": amount, "currency": "EUR"}
    for host in ("files.example", "wiki.example"):
        yield "GET", f"https://{host}/v2/pages/{_ORDER}?expand=all", None
        yield "PUT", f"https://{host}/v2/pages/{_ORDER}", {"title": f"about {_ORDER}", "tags": ["a", "b"]}


@asynccontextmanager
async def world(folder: Path, *, pending: int, history: int) -> AsyncIterator[Control]:
    """Running, with so many approvals that wait and about so many intents."""
    agents = [{"name": name, "api_key": key_of(f"agent{at}")} for at, name in enumerate(AGENTS)]
    people = {**seeds(), "agents": agents}
    async with running(folder, bootstrap=people) as control:
        for name in AGENTS:
            async with gate(control, name) as bot:
                await _live(bot)
        await _fill(control, pending=pending, history=history)
        yield control


async def _live(bot: Gate) -> None:
    seen = set()
    for method, url, body in _calls():
        told = (method, url, str(body))
        if told not in seen:
            seen.add(told)
            await bot.consult(method, url, body)


async def _fill(control: Control, *, pending: int, history: int) -> None:
    every: Sequence[rows.Row] = await control.app.store.read(lambda conn: rows.every(conn, select(intents)))
    asked = await control.app.store.read(lambda conn: rows.every(conn, select(approvals)))
    by_id = {row["id"]: row for row in every}
    held = [(by_id[row["intent_id"]], row) for row in asked]
    done = [row for row in every if row["approval_id"] is None]
    weighted = [row for row in done for _ in range(6 if row["method"] == "GET" else 1)]
    chance = random.Random(1)  # noqa: S311  # the same world every time
    now = control.app.clock.now()

    def batch(first: int, count: int) -> Any:
        def unit(tx: Tx) -> None:
            new_intents: list[dict[str, Any]] = []
            new_approvals: list[dict[str, Any]] = []
            for number in range(first, first + count):
                at = now - _SPAN * (1 - number / history)
                if history - number <= pending * 2 and number % 2:
                    intent, approval = _pair(held[number // 2 % len(held)], number, at, chance)
                    new_approvals.append(approval)
                else:
                    intent = _intent(chance.choice(weighted), number, at, chance)
                new_intents.append(intent)
            tx.conn.execute(insert(intents), new_intents)
            if new_approvals:
                tx.conn.execute(insert(approvals), new_approvals)

        return unit

    for first in range(0, history, _BATCH):
        await control.app.store.write(batch(first, min(_BATCH, history - first)))


def _id(prefix: str, at: Any, chance: random.Random) -> str:
    """As ``new_id`` makes them, of another instant."""
    stamp, more = int(at.timestamp() * 1000), chance.getrandbits(74)
    text = f"{stamp:012x}7{more >> 62:03x}{8 + (more >> 60) % 4:x}{more % (1 << 60):015x}"
    return f"{prefix}-{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _varied(row: rows.Row, number: int, chance: random.Random) -> dict[str, Any]:
    amount, order = str(chance.randrange(100, 10_000)), f"ORD-{number}"
    return {
        name: value.replace(_ORDER, order).replace(_AMOUNT, amount) if isinstance(value, str) else value
        for name, value in row.items()
    }


def _intent(row: rows.Row, number: int, at: Any, chance: random.Random) -> dict[str, Any]:
    told = _varied(row, number, chance)
    return {
        **told,
        "id": _id("int", at, chance),
        "attempt": f"att-{number}",
        "idempotency_key": None,
        "created_at": iso(at),
        "updated_at": iso(at),
    }


def _pair(
    pair: tuple[rows.Row, rows.Row], number: int, at: Any, chance: random.Random
) -> tuple[dict[str, Any], dict[str, Any]]:
    intent = _intent(pair[0], number, at, chance)
    approval = {
        **_varied(pair[1], number, chance),
        "id": _id("apr", at, chance),
        "intent_id": intent["id"],
        "agent_waiting": chance.random() < 0.5,
        "fingerprint": f"fp-{number}",
        "created_at": iso(at),
        "expires_at": iso(at + 2 * _SPAN),
    }
    return {**intent, "approval_id": approval["id"]}, approval
