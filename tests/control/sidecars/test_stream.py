"""Gates: the signed bundle, the stream and what it does not accept."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from gate_end import Gate, enrolled, gate, request
from people import People
from planes import AGENT_KEY, Control, running, seeds
from vienna_control.clock import FixedClock
from vienna_control.execution.sweep import Sweep
from vienna_control.sidecars.stream import MOST_IN_FLIGHT
from vienna_control.store.tables import intents
from vienna_kernel import wire
from vienna_kernel.verdict import Reason

ORDER = ("GET", "https://payments.example/v1/orders/ORD-1")


@pytest.fixture
async def control(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Control]:
    async with running(tmp_path / "data", clock=clock, bootstrap=seeds()) as started:
        yield started


@pytest.fixture
def people(control: Control) -> People:
    return People(control)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
async def bot(control: Control) -> AsyncIterator[Gate]:
    async with gate(control) as connected:
        yield connected


async def test_a_gate_that_does_not_listen_keeps_nothing_from_the_others(
    control: Control, bot: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vienna_control.sidecars.stream._HEAR_SECONDS", 0.5)
    deaf, bus = await enrolled(control, "deaf-bot"), control.app.store.bus
    await deaf.fetch()
    url, headers = f"{control.url}/api/v1/sidecars/stream", {"Authorization": f"Bearer {deaf.key}"}
    async with control.http.ws_connect(url, headers=headers, max_msg_size=0) as socket:
        await socket.send_str(wire.Hello(version="test", bundle=deaf.bundle["digest"]).model_dump_json())
        await socket.receive_str()
        for _ in range(32):  # more than what lies between two ends holds
            told = {"agent_id": deaf.agent["id"], "warrant_ids": ["x" * 2**20]}
            bus.publish("_revoked", told, tenant="default")
        bus.publish("_revoked", {"agent_id": bot.agent["id"], "warrant_ids": ["wrt-1"]}, tenant="default")
        assert (await bot.told(wire.Revoked)).warrant_ids == ["wrt-1"]
        await until(lambda: not control.app.hub.is_connected(deaf.sidecar_id))


async def test_the_bundle_is_told_by_its_digest_and_waited_for(
    control: Control, people: People, bot: Gate
) -> None:
    path = "/api/v1/sidecars/bundle"
    _, _, response = await control.ask("GET", path, key=bot.key)
    tag = response.headers["ETag"]
    assert tag == f'"{bot.bundle["digest"]}"'
    status, _, _ = await control.ask("GET", path, key=bot.key, headers={"If-None-Match": tag})
    assert status == 304
    waiting = asyncio.create_task(
        control.ask("GET", f"{path}?wait=20", key=bot.key, headers={"If-None-Match": tag})
    )
    await asyncio.sleep(0.1)
    rule = {"id": "x", "expression": "action == 'x'", "action": {"type": "deny"}}
    assert (await people.ask("oscar", "POST", "/policies", rule))[0] == 201
    status, _, response = await waiting
    assert (status, response.headers["ETag"] != tag) == (200, True)
    changed = await bot.told(wire.BundleChanged)
    assert f'"{changed.digest}"' == response.headers["ETag"]


async def test_a_rule_that_changes_no_mapping_does_not_stop_a_gate(people: People, bot: Gate) -> None:
    rule = {"id": "x", "expression": "action == 'x'", "action": {"type": "deny"}}
    await people.ask("oscar", "POST", "/policies", rule)
    assert (await bot.consult(*ORDER)).verdict == "granted"


async def test_a_stream_without_hello_and_one_with_nonsense_are_closed(control: Control, bot: Gate) -> None:
    url = f"{control.url}/api/v1/sidecars/stream"
    headers = {"Authorization": f"Bearer {bot.key}"}
    for said in ('{"t":"consult"}', "nonsense", '{"t":"hello","protocol":99,"version":"x","bundle":"y"}'):
        async with control.http.ws_connect(url, headers=headers) as socket:
            await socket.send_str(said)
            message = await socket.receive(timeout=60)
            assert message.type is aiohttp.WSMsgType.CLOSE
    assert (await bot.consult(*ORDER)).verdict == "granted"


async def test_an_intent_that_is_none_is_a_fault_and_the_stream_goes_on(bot: Gate) -> None:
    frame = bot.frame(request(*ORDER))
    answer = await bot.ask(frame.model_copy(update={"intents": [{"action": "x"}]}))
    assert isinstance(answer, wire.Fault)
    assert (await bot.consult(*ORDER)).verdict == "granted"


async def test_an_agents_key_opens_no_stream(control: Control) -> None:
    url = f"{control.url}/api/v1/sidecars/stream"
    for key, status in ((AGENT_KEY, 403), ("vos_side_k1_nobody", 401)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await control.http.ws_connect(url, headers={"Authorization": f"Bearer {key}"})
        assert caught.value.status == status


async def test_what_a_vanished_gate_never_told_of_is_unknown(
    control: Control, bot: Gate, clock: FixedClock
) -> None:
    decision = await bot.consult(*ORDER)
    await bot.close()
    sweep = Sweep(control.app.store, clock, control.app.pipeline.merits, lambda least: ())
    assert await sweep.sweep() == 0
    clock.advance(timedelta(seconds=61))
    assert await sweep.sweep() == 1
    status = await control.app.store.read(
        lambda conn: conn.scalar(select(intents.c.status).where(intents.c.id == decision.intent_id))
    )
    assert status == "unknown"
    async with gate(control) as again:  # the process is new, the agent the same
        await again.outcome(request(*ORDER), decision, 200, {"id": "ORD-1"})
    status = await control.app.store.read(
        lambda conn: conn.scalar(select(intents.c.status).where(intents.c.id == decision.intent_id))
    )
    assert status == "executed"


async def test_a_gate_that_hung_up_has_ten_seconds_to_come_back(
    control: Control, bot: Gate, clock: FixedClock
) -> None:
    hub, store = control.app.hub, control.app.store
    sweep = Sweep(store, clock, control.app.pipeline.merits, hub.away)
    await bot.consult(*ORDER)
    clock.advance(timedelta(seconds=30))
    assert await sweep.sweep() == 0  # it is here
    await bot.close()
    await until(lambda: not hub.connected(bot.agent["id"]))
    clock.advance(timedelta(seconds=9))
    assert await sweep.sweep() == 0
    await bot.connect()
    clock.advance(timedelta(seconds=9))
    assert await sweep.sweep() == 0  # it came back
    await bot.close()
    await until(lambda: not hub.connected(bot.agent["id"]))
    clock.advance(timedelta(seconds=10))
    assert await sweep.sweep() == 1


async def test_a_gate_that_asks_a_thousand_things_at_once_keeps_no_other_waiting(
    control: Control, bot: Gate
) -> None:
    busy = threading.Event()
    async with gate(control, "other-bot") as other:
        await control.app.sequencer.flush()  # it has nothing to write beside them
        blocked = asyncio.create_task(control.app.store.write(lambda tx: busy.wait(60)))
        asked = [asyncio.create_task(bot.consult(*ORDER)) for _ in range(1000)]
        await until(lambda: control.app.store.queued == MOST_IN_FLIGHT)
        mine = asyncio.create_task(other.consult(*ORDER))
        await until(lambda: control.app.store.queued == MOST_IN_FLIGHT + 1)
        busy.set()
        assert await blocked
        await mine
        assert sum(task.done() for task in asked) <= 2 * MOST_IN_FLIGHT
        answers = await asyncio.gather(*asked)  # none is dropped
        assert {answer.t for answer in answers} == {"decision"}


def _bad(frame: Any, path: str, value: str) -> str:
    """The frame as JSON with the text of another value at a place."""
    data = json.loads(frame.model_dump_json())
    *steps, last = path.strip("/").split("/")
    place = data
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = "@@"
    return json.dumps(data).replace('"@@"', value)


HUGE = "1" + "0" * 40


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/result", '"splendid"'),
        ("/duration_ms", "Infinity"),
        ("/duration_ms", "1e999"),
        ("/duration_ms", "NaN"),
        ("/duration_ms", "-1"),
        ("/duration_ms", "1e300"),
        ("/status", HUGE),
        ("/response_bytes", HUGE),
        ("/response_bytes", "-1"),
        ("/extracted/a", HUGE),
        ("/extracted/a", '{"b": [1e999]}'),
        ("/call/url", '"http://[::1"'),
        ("/call/url", '"http://a.example:99999/"'),
        ("/call/url", '"http://a\u2100b.example/"'),
        ("/call/body_bytes", HUGE),
        ("/call/body", HUGE),
        ("/call/current", '{"a": NaN}'),
        ("/intents/0/blast_radius", HUGE),
        ("/intents/0/blast_radius", '"many"'),
        ("/intents/0/action", "7"),
        ("/intents/0/target", "null"),
        ("/intents/0/summary", "7"),
        ("/intents/0/redacted", "[7]"),
        ("/intents/0/money", '{"a": 7}'),
        ("/intents/0/cost", '{"amount": "x", "currency": "EUR"}'),
        ("/intents/0/cost", '{"amount": "1E+999999", "currency": "EUR"}'),
        ("/intents/0/parameters", '{"a": 1.5}'),
        ("/intents/0/parameters", '{"a": {"$decimal": "x"}}'),
        ("/intents/0/parameters", '{"$decimal": "1"}'),
        ("/intents", "[]"),
    ],
)
async def test_a_field_that_has_no_reading_is_named(bot: Gate, path: str, value: str) -> None:
    consult = bot.frame(request(*ORDER))
    frame: Any = consult
    if not path.startswith(("/call", "/intents")):
        decision = await bot.ask(consult)
        frame = wire.Outcome(
            id=77, intent_id=decision.intent_id, warrant_id=decision.warrant_id, attempt="a", status=200,
            result="match", duration_ms=1,
        )  # fmt: skip
    answer = await bot.ask(frame, text=_bad(frame, path, value))
    assert isinstance(answer, wire.Fault), answer
    assert answer.reason is Reason.MALFORMED_REQUEST
    assert path in answer.detail
    assert (await bot.consult(*ORDER)).verdict == "granted"  # the stream goes on


async def test_a_refused_call_whose_url_is_none_is_recorded(people: People, bot: Gate) -> None:
    await bot.report(reason="malformed_request", detail="no URL", method="GET", url="http://[::1")
    _, answer = await people.ask("audrey", "GET", "/intents?status=denied")
    assert (answer["data"]["intents"][0]["url"], answer["data"]["intents"][0]["host"]) == ("http://[::1", "")


async def test_calls_the_gate_refused_alone_are_in_traffic_with_their_reason(
    people: People, bot: Gate
) -> None:
    await bot.report(reason="address_refused", detail="loopback", method="GET", url="http://127.0.0.1/")
    _, answer = await people.ask("audrey", "GET", "/intents?status=denied")
    one = answer["data"]["intents"][0]
    assert (one["reason"], one["host"], one["action"]) == ("address_refused", "127.0.0.1", "http.get")
    _, story = await people.ask("audrey", "GET", f"/intents/{one['intent_id']}/timeline")
    assert [event["type"] for event in story["data"]["events"]] == ["call_refused"]


async def test_a_consumed_warrant_shown_again_as_it_was_is_no_offence(people: People, bot: Gate) -> None:
    await bot.report(reason="warrant_consumed", detail="again", severity="info", method="GET", url=ORDER[1])
    _, one = await people.ask("audrey", "GET", "/fleet/billing-bot")
    assert (one["data"]["status"], one["data"]["trust_score"]) == ("active", 50)
