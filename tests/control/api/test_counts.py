"""The numbers above every page are of whoever asks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from gate_end import Gate
from planes import Control
from vienna_control.api.route import API
from vienna_control.fleet.alerts import raise_alert
from vienna_control.store import Tx
from vienna_control.store.tables import sidecars


async def counted(control: Control, who: str) -> dict[str, Any]:
    status, answer, _ = await control.ask("GET", f"{API}/counts", key=who)
    assert status == 200, answer
    found: dict[str, Any] = answer["data"]
    return found


async def test_what_waits_for_whom(control: Control, bot: Gate) -> None:
    nothing = {"pending": 0, "alerts": 0, "frozen": False, "silent_gates": 0}
    assert await counted(control, "alice") == nothing
    held = await bot.consult("POST", "https://payments.example/v1/tickets", {"subject": "x"})
    assert held.approval_id is not None
    assert (await counted(control, "alice"))["pending"] == 1
    assert (await counted(control, "victor"))["pending"] == 0, "who may not decide has nothing to decide"

    def trouble(tx: Tx) -> None:
        raise_alert(tx, tenant="default", severity="info", kind="drift", text="x")
        raise_alert(tx, tenant="north", severity="info", kind="drift", text="x")
        tx.conn.execute(update(sidecars).values(silent_at=tx.at))

    await control.app.store.write(trouble)
    assert await counted(control, "victor") == nothing | {"alerts": 1, "silent_gates": 1}
    body = {"action": "wire_money", "reason": "drill"}
    assert (await control.ask("POST", f"{API}/freeze", key="ada", body=body))[0] == 201
    assert (await counted(control, "victor"))["frozen"]
