"""Alerts: found by what they are about, tied to the trail, and acknowledged once, by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from planes import Control
from vienna_control.api.route import API
from vienna_control.fleet.alerts import raise_alert
from vienna_control.store import Tx
from vienna_control.store.tables import entries
from vienna_kernel.ledger.trail import EntryType

AGENT = "billing-bot"


async def raised(control: Control, **more: Any) -> str:
    told = {
        "tenant": "default",
        "severity": "warning",
        "kind": "drift",
        "text": "it is not as approved",
    } | more
    return await control.app.store.write(lambda tx: raise_alert(tx, **told))


async def listed(control: Control, who: str = "victor", **params: str) -> list[dict[str, Any]]:
    status, answer, _ = await control.ask("GET", f"{API}/alerts", key=who, params=params)
    assert status == 200, answer
    found: list[dict[str, Any]] = answer["data"]["alerts"]
    return found


async def acknowledge(control: Control, alert_id: str, who: str, **body: Any) -> tuple[int, Any]:
    path = f"{API}/alerts/{alert_id}/acknowledge"
    status, answer, _ = await control.ask("POST", path, key=who, body=body)
    return status, answer


async def agent_id(control: Control) -> str:
    _, answer, _ = await control.ask("GET", f"{API}/fleet/{AGENT}", key="ada")
    return str(answer["data"]["agent_id"])


async def test_what_is_listed_leads_to_what_it_is_about(control: Control) -> None:
    body = {"action": "create_ticket", "parameters": {"subject": "x"}}
    _, answer, _ = await control.ask("POST", f"{API}/agent/intent", key="agent", body=body)
    intent, agent = answer["data"]["intent_id"], await agent_id(control)
    first = await raised(control)
    alert_id = await raised(control, agent_id=agent, intent_id=intent)
    assert [one["alert_id"] for one in await listed(control)] == [alert_id, first]
    (one, _) = await listed(control)
    assert (one["agent"], one["intent_id"], one["state"]) == (AGENT, intent, "open")
    assert one["approval_id"] == answer["data"]["approval"]["approval_id"]
    assert one["acknowledged"] is None
    _, entry, _ = await control.ask("GET", f"{API}/audit/{one['entry_id']}", key="audrey")
    assert entry["data"]["data"]["alert_id"] == alert_id  # and not that of the other, of the same instant


async def test_it_is_found_by_state_kind_severity_and_agent(control: Control) -> None:
    agent = await agent_id(control)
    quiet = await raised(control, kind="sidecar_silent", severity="critical", agent_id=agent)
    other = await raised(control)
    assert (await acknowledge(control, other, "oscar"))[0] == 200
    for params, wanted in (
        ({"state": "open"}, [quiet]),
        ({"state": "acknowledged"}, [other]),
        ({"kind": "drift"}, [other]),
        ({"severity": "critical"}, [quiet]),
        ({"agent": AGENT}, [quiet]),
        ({"agent": agent}, [quiet]),
        ({"agent": "nobody"}, []),
    ):
        assert [one["alert_id"] for one in await listed(control, **params)] == wanted, params


async def test_it_is_acknowledged_once_and_by_name(control: Control) -> None:
    alert_id = await raised(control)
    for who in ("audrey", "victor"):
        assert (await acknowledge(control, alert_id, who))[0] == 403
    status, answer = await acknowledge(control, alert_id, "oscar", note="a test of ours")
    assert status == 200
    seen = answer["data"]["acknowledged"]
    assert (seen["email"], seen["note"]) == ("oscar@example.com", "a test of ours")
    status, answer = await acknowledge(control, alert_id, "alice", note="mine")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    _, shown, _ = await control.ask("GET", f"{API}/alerts/{alert_id}", key="victor")
    assert shown["data"]["acknowledged"] == seen
    kind = EntryType.ALERT_ACKNOWLEDGED.value
    _, trail, _ = await control.ask("GET", f"{API}/audit", key="audrey", params={"type": kind})
    (entry,) = trail["data"]["entries"]
    assert (entry["data"]["alert_id"], entry["data"]["note"]) == (alert_id, "a test of ours")


async def test_a_trail_that_somebody_edited_does_not_keep_alerts_from_being_read(control: Control) -> None:
    await raised(control)

    def edit(tx: Tx) -> None:
        tx.conn.execute(update(entries).where(entries.c.type == "alert").values(body=b"\xff{"))

    await control.app.store.write(edit)
    (one,) = await listed(control)
    assert one["entry_id"] is None
