"""Webhooks: what arrives, how it is signed, and what happens when it does not arrive."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from gate_end import Gate
from people import People
from planes import Control, running
from receivers import Receiver, verified
from vienna_control import rows
from vienna_control.clock import FixedClock
from vienna_control.store.tables import deliveries, entries, integrations

TICKETS = "https://payments.example/v1/tickets"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def tried(control: Control, integration_id: str) -> Any:
    """The newest delivery, once everything that is due was tried."""
    async with asyncio.timeout(60):
        await control.app.notify.sender.drain()
    query = select(deliveries).where(deliveries.c.integration_id == integration_id)
    return await control.app.store.read(lambda c: rows.first(c, query.order_by(deliveries.c.id.desc())))


async def test_an_event_arrives_signed_twice_and_nothing_tells_the_secret(
    control: Control, bot: Gate, people: People, add_webhook: Any, service: Receiver
) -> None:
    integration_id = await add_webhook()
    held = await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    came = await service.next()
    verified(came, SECRET, control.app.clock.now().timestamp())
    assert came.json["type"] == "approval_required"
    assert came.json["data"]["approval_id"] == held.approval_id
    assert came.json["data"]["link"].endswith(f"/console/approvals/{held.approval_id}")
    row = await tried(control, integration_id)
    assert (row["status"], row["response_code"], row["attempts"]) == ("sent", 200, 1)
    assert came.headers["webhook-id"] == came.json["id"] == row["id"]
    _, one = await people.ask("oscar", "GET", f"/integrations/{integration_id}")
    _, list_ = await people.ask("oscar", "GET", "/integrations")
    kept = await control.app.store.read(lambda c: rows.first(c, select(integrations)))
    trail = await control.app.store.read(lambda c: c.execute(select(entries.c.body)).scalars().all())
    for told in (one, list_, dict(kept), trail, dict(row)):
        assert SECRET not in str(told)
        assert "/hook" not in str(told)
    assert one["data"]["config"] == {"url_host": "127.0.0.1"}
    assert one["data"]["secrets_set"] == ["secret", "url"]


@pytest.mark.parametrize(
    ("data", "page"), [({"intent_id": "int-1"}, "traffic/int-1"), ({"kind": "x", "text": "t"}, "")]
)
async def test_it_leads_to_what_it_is_about(
    control: Control, add_webhook: Any, service: Receiver, data: dict[str, str], page: str
) -> None:
    await add_webhook(events=["alert"])
    await control.app.store.write(lambda tx: tx.publish("alert", data))
    assert (await service.next()).json["data"]["link"] == f"{control.url}/console/{page}"


async def of_all(people: People, integration_id: str) -> dict[str, Any]:
    """A channel as the API tells it, alone and in the list, and as the doctor sees it."""
    _, one = await people.ask("oscar", "GET", f"/integrations/{integration_id}")
    _, listed = await people.ask("oscar", "GET", "/integrations")
    assert listed["data"]["integrations"] == [one["data"]]
    _, doctor = await people.ask("ada", "GET", "/doctor")
    status = {check["name"]: check["status"] for check in doctor["data"]["checks"]}
    assert status["channels"] == ("warn" if one["data"]["retrying"] else "ok")
    return dict(one["data"])


async def test_it_is_tried_again_under_the_same_id_and_in_order(
    control: Control, bot: Gate, people: People, add_webhook: Any, service: Receiver, clock: FixedClock
) -> None:
    service.answer = lambda _: web.Response(status=503, headers={"Retry-After": "120"})
    integration_id = await add_webhook()
    first_held = await bot.consult("POST", TICKETS, {"subject": "one"})
    first = await service.next()
    await tried(control, integration_id)
    told = await of_all(people, integration_id)
    assert told["failing_since"] is None
    assert told["retrying"]["attempts"] == 1
    assert "503" in told["retrying"]["error"]
    for path in ("", f"/{integration_id}"):
        _, page, _ = await control.ask("GET", f"/console/integrations{path}", key="oscar")
        assert all(said in page.decode() for said in (">fails</span>", "503")), path
        assert '<span class="tag yes">on</span>' not in page.decode()
    second_held = await bot.consult("POST", TICKETS, {"subject": "two"})
    clock.advance(timedelta(seconds=119))
    await tried(control, integration_id)
    service.answer = lambda _: web.Response(status=204)
    assert service.came.empty()
    clock.advance(timedelta(seconds=2))
    await tried(control, integration_id)
    again, other = await service.next(), await service.next()
    assert again.headers["webhook-id"] == first.headers["webhook-id"]
    assert again.json["data"]["approval_id"] == first_held.approval_id
    assert other.json["data"]["approval_id"] == second_held.approval_id
    assert (await of_all(people, integration_id))["retrying"] is None


async def test_what_is_refused_is_given_up_told_once_and_redelivered_by_hand(
    control: Control, bot: Gate, people: People, add_webhook: Any, service: Receiver
) -> None:
    service.answer = lambda _: web.Response(status=302, headers={"Location": f"{service.url}/elsewhere"})
    integration_id = await add_webhook()
    with control.app.bus.subscribe(["alert"]) as alerts:
        await bot.consult("POST", TICKETS, {"subject": "one"})
        row = await tried(control, integration_id)
        async with asyncio.timeout(60):
            told = (await anext(alerts)).data
    assert (row["status"], row["response_code"]) == ("dead", 302)
    assert (await service.next()).path == "/hook"
    assert service.came.empty()
    assert (told["kind"], "our webhook" in told["text"]) == ("delivery_dead", True)
    service.answer = lambda _: web.Response(status=200)
    at = f"/integrations/{integration_id}/deliveries"
    _, listed = await people.ask("oscar", "GET", f"{at}?status=dead")
    (dead,) = listed["data"]["deliveries"]
    status, _ = await people.ask("oscar", "POST", f"{at}/{dead['delivery_id']}/redeliver")
    assert status == 200
    assert (await service.next()).headers["webhook-id"] == dead["delivery_id"]
    assert (await tried(control, integration_id))["status"] == "sent"
    assert control.app.metrics.registry.get_sample_value(
        "vienna_control_deliveries_total", {"type": "webhook", "result": "dead"}
    )


async def test_it_is_given_up_after_so_many_attempts(
    control: Control, bot: Gate, add_webhook: Any, service: Receiver, clock: FixedClock
) -> None:
    service.answer = lambda _: web.Response(status=500)
    integration_id = await add_webhook()
    await bot.consult("POST", TICKETS, {"subject": "one"})
    for _ in range(12):
        row = await tried(control, integration_id)
        clock.advance(timedelta(minutes=15))
    assert row["status"] == "dead"
    assert service.came.qsize() == 10


async def test_a_slow_receiver_delays_nobody_else(
    control: Control, bot: Gate, add_webhook: Any, service: Receiver
) -> None:
    service.stall = "/slow"
    await add_webhook("/slow", name="slow")
    await add_webhook("/quick")
    for subject in ("one", "two"):
        await bot.consult("POST", TICKETS, {"subject": subject})
    # the second of a channel leaves only when its first is done
    assert sorted([(await service.next()).path for _ in range(3)]) == ["/quick", "/quick", "/slow"]


async def test_a_test_says_what_the_service_answered(
    people: People, add_webhook: Any, service: Receiver
) -> None:
    integration_id = await add_webhook(enabled=False)
    _, answer = await people.ask("oscar", "POST", f"/integrations/{integration_id}/test")
    assert (answer["data"]["ok"], answer["data"]["response_code"]) == (True, 200)
    assert answer["data"]["latency_ms"] >= 0
    assert (await service.next()).json["data"]["kind"] == "test"
    service.answer = lambda _: web.Response(status=401)
    _, answer = await people.ask("oscar", "POST", f"/integrations/{integration_id}/test")
    assert (answer["data"]["ok"], answer["data"]["error"]) == (False, "it answered 401")


async def test_a_unit_that_is_taken_back_tells_nobody(control: Control, add_webhook: Any) -> None:
    def unit(tx: Any) -> None:
        tx.publish("alert", {"kind": "x", "severity": "info", "text": "t"})
        raise ValueError

    await add_webhook(events=["alert"])
    with contextlib.suppress(ValueError):
        await control.app.store.write(unit)
    assert await control.app.store.read(lambda c: rows.first(c, select(deliveries))) is None


async def test_what_was_not_sent_is_sent_after_a_restart(
    tmp_path: Path, settings: dict[str, Any], service: Receiver, clock: FixedClock
) -> None:
    service.answer = lambda _: web.Response(status=503)
    body = {"name": "n", "type": "webhook", "events": ["alert"]}
    body["secrets"] = {"url": f"{service.url}/hook", "secret": SECRET}  # type: ignore[assignment]
    async with running(tmp_path / "data", clock=clock, **settings) as first:
        made = await first.ask("POST", "/api/v1/integrations", key="ada", body=body)
        await first.app.store.write(lambda tx: tx.publish("alert", {"kind": "x"}))
        await tried(first, made[1]["data"]["integration_id"])
        before = await service.next()
    clock.advance(timedelta(minutes=1))
    service.answer = lambda _: web.Response(status=200)
    async with running(tmp_path / "data", clock=clock, **settings):
        after = await service.next()
    assert after.headers["webhook-id"] == before.headers["webhook-id"]
    verified(after, SECRET, clock.now().timestamp())


async def test_what_is_not_subscribed_to_reads_and_writes_nothing(control: Control, add_webhook: Any) -> None:
    asked: list[str] = []
    await add_webhook(events=["freeze_changed"])

    def unit(tx: Any) -> None:
        before = tx.conn.connection.dbapi_connection
        before.set_trace_callback(asked.append)
        tx.publish("alert", {"kind": "x", "severity": "info", "text": "t"})
        tx.publish("_bundle", {})
        before.set_trace_callback(None)

    await control.app.store.write(lambda tx: tx.publish("alert", {"kind": "y"}))  # looks once
    await control.app.store.write(unit)
    assert asked == []


async def test_what_may_be_set_up_and_by_whom(control: Control, people: People, add_webhook: Any) -> None:
    integration_id = await add_webhook(who="oscar")
    bad: list[tuple[dict[str, Any], str]] = [
        ({"secrets": {"url": "https://10.0.0.1/x", "secret": SECRET}}, "/secrets/url"),
        ({"secrets": {"url": "https://[::ffff:169.254.169.254]/x", "secret": SECRET}}, "/secrets/url"),
        ({"secrets": {"url": "https://me:pw-canary@example.com/", "secret": SECRET}}, "/secrets/url"),
        ({"secrets": {"url": "https://example.com/", "secret": "whsec_canary"}}, "/secrets/secret"),
        ({"events": ["everything"]}, "/events/0"),
        ({"routing": {"zone": "Mars/Base"}}, "/routing/zone"),
        ({"config": {"colour": "red"}}, "/config/colour"),
    ]
    for change, field in bad:
        given = {"url": "https://example.com/", "secret": SECRET}
        body = {"name": "n", "type": "webhook", "events": ["alert"], "secrets": given} | change
        status, answer = await people.ask("oscar", "POST", "/integrations", body)
        assert (status, field in json.dumps(answer)) == (422, True), answer
        assert "canary" not in json.dumps(answer)
    status, answer = await people.ask("oscar", "PATCH", f"/integrations/{integration_id}", {"enabled": False})
    assert (status, answer["data"]["enabled"], answer["data"]["secrets_set"]) == (
        200,
        False,
        ["secret", "url"],
    )
    assert (await people.ask("alice", "GET", "/integrations"))[0] == 403
    assert (await people.ask("oscar", "DELETE", f"/integrations/{integration_id}"))[0] == 200
    assert (await people.ask("oscar", "GET", f"/integrations/{integration_id}"))[0] == 404
    bodies = await control.app.store.read(lambda c: c.execute(select(entries.c.body)).scalars().all())
    assert len([body for body in bodies if b'"what":"integration"' in body]) == 3
