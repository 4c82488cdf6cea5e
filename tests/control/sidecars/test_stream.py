"""Gates: enrolment, the signed bundle, the stream and what it does not accept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import select

from gate_end import Gate, csr, enrolled, gate, request
from people import AGENT_KEY, People, key_of, seeds
from planes import Control, running
from vienna_control.clock import FixedClock
from vienna_control.execution.sweep import Sweep
from vienna_control.store.tables import intents
from vienna_kernel import wire

ORDER = ("GET", "https://payments.example/v1/orders/ORD-1")


@pytest.fixture
async def control(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Control]:
    async with running(tmp_path / "data", clock=clock, bootstrap=seeds()) as started:
        yield started


@pytest.fixture
def people(control: Control) -> People:
    return People(control)


@pytest.fixture
async def bot(control: Control) -> AsyncIterator[Gate]:
    async with gate(control) as connected:
        yield connected


async def test_only_a_join_token_enrols(control: Control) -> None:
    body = {"agent": "billing-bot", "public_jwk": {"kty": "OKP"}, "csr_pem": csr()}
    for key in (AGENT_KEY, key_of("ada")):
        status, _, _ = await control.ask("POST", "/api/v1/sidecars/enrol", key=key, body=body)
        assert status == 403
    assert (await control.ask("POST", "/api/v1/sidecars/enrol", body=body))[0] == 401


async def test_a_bad_request_for_a_certificate_enrols_nobody(control: Control) -> None:
    token = (control.folder.path / "sidecar.join").read_text().strip()
    made = await enrolled(control)
    body = {"agent": "billing-bot", "public_jwk": made.holder.jwk(), "csr_pem": "nonsense"}
    status, answer, _ = await control.ask("POST", "/api/v1/sidecars/enrol", key=token, body=body)
    assert (status, answer["error"]["code"]) == (400, "invalid_request")


async def test_an_agent_nobody_registered_is_registered_at_enrolment(
    control: Control, people: People
) -> None:
    await enrolled(control, "new-bot")
    status, answer = await people.ask("audrey", "GET", "/fleet/new-bot")
    assert (status, answer["data"]["enforcement"]) == (200, "enforce")


async def test_the_same_key_enrolling_again_is_the_same_sidecar(control: Control) -> None:
    token = (control.folder.path / "sidecar.join").read_text().strip()
    made = await enrolled(control)
    body = {"agent": "billing-bot", "public_jwk": made.holder.jwk(), "csr_pem": csr()}
    _, answer, _ = await control.ask("POST", "/api/v1/sidecars/enrol", key=token, body=body)
    assert answer["data"]["sidecar_id"] == made.sidecar_id
    assert answer["data"]["api_key"] != made.key


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
            message = await socket.receive(timeout=5)
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
    sweep = Sweep(control.app.store, clock, control.app.pipeline.merits)
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


async def test_a_heartbeat_tells_the_current_bundle(control: Control, bot: Gate) -> None:
    body = {"bundle": bot.bundle["digest"], "counts": {"seen": 3}}
    status, answer, _ = await control.ask("POST", "/api/v1/sidecars/heartbeat", key=bot.key, body=body)
    assert (status, answer["data"]["bundle"]) == (200, bot.bundle["digest"])
    _, listed, _ = await control.ask("GET", "/api/v1/sidecars", key=key_of("audrey"))
    assert (listed["data"]["sidecars"][0]["counts"], listed["data"]["sidecars"][0]["connected"]) == (
        {"seen": 3},
        True,
    )


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
