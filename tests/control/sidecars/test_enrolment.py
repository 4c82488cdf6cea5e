"""Enrolment: who may, what is proven, and that a proof is used once."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest

from gate_end import application, enrolled, join_token
from people import People
from planes import AGENT_KEY, Control, key_of
from vienna_control.clock import FixedClock, iso
from vienna_control.fleet.registry import OWN
from vienna_kernel.signing import SigningKey

ENROL = "/api/v1/sidecars/enrol"


@pytest.fixture
def holder() -> SigningKey:
    return SigningKey.generate_from(os.urandom(32))


async def apply(control: Control, body: dict[str, Any], *, key: str | None = None) -> tuple[int, Any]:
    status, answer, _ = await control.ask("POST", ENROL, key=key or join_token(control), body=body)
    return status, answer


async def test_only_a_join_token_enrols(control: Control, holder: SigningKey) -> None:
    for key in (AGENT_KEY, key_of("ada"), (await enrolled(control)).key):
        body = application(control, holder, token=key)
        assert (await apply(control, body, key=key))[0] == 403
    assert (await control.ask("POST", ENROL, body=body))[0] == 401


async def test_nobody_enrols_somebody_elses_key(control: Control, holder: SigningKey) -> None:
    token, other = join_token(control), SigningKey.generate_from(os.urandom(32))
    honest = application(control, holder, token=token)
    of_another = application(control, other, token=token)
    for lie in (
        {**honest, "public_jwk": other.jwk()},
        {**honest, "csr_pem": of_another["csr_pem"]},
        {**honest, "proof": of_another["proof"]},
        application(control, holder, token="vos_join_k1_of_another_place"),
    ):
        status, answer = await apply(control, lie)
        assert (status, answer["error"]["code"]) == (403, "forbidden")
    status, _ = await apply(control, {name: honest[name] for name in honest if name != "proof"})
    assert status == 422
    assert (await apply(control, honest))[0] == 200


@pytest.mark.parametrize("agent", sorted(OWN))
async def test_no_gate_speaks_for_an_agent_of_ours(
    control: Control, holder: SigningKey, people: People, agent: str
) -> None:
    body = application(control, holder, token=join_token(control), agent=agent)
    status, answer = await apply(control, body)
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert "control plane's own" in answer["error"]["message"]
    status, answer = await people.ask("oscar", "POST", "/fleet", {"name": agent})
    assert (status, answer["error"]["code"]) == (409, "conflict")


async def test_a_proof_is_used_once(control: Control, holder: SigningKey) -> None:
    body = application(control, holder, token=join_token(control))
    assert (await apply(control, body))[0] == 200
    status, answer = await apply(control, body)
    assert (status, answer["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_proof_is_of_now_and_whose_clock_is_off_is_told_ours(
    control: Control, clock: FixedClock, holder: SigningKey, minutes: int
) -> None:
    token = join_token(control)
    at = iso(clock.now() + timedelta(minutes=minutes))
    status, answer = await apply(control, application(control, holder, token=token, at=at))
    assert (status, answer["error"]["details"]) == (400, {"now": iso(clock.now())})
    for wrong in ("now", "2026-03-02T10:00:00", "2026-03-02T10:00:00+00:00"):
        assert (await apply(control, application(control, holder, token=token, at=wrong)))[0] == 400


async def test_a_bad_request_for_a_certificate_enrols_nobody(control: Control, holder: SigningKey) -> None:
    body = application(control, holder, token=join_token(control), request="nonsense")
    status, answer = await apply(control, body)
    assert (status, answer["error"]["code"]) == (400, "invalid_request")
    _, listed, _ = await control.ask("GET", "/api/v1/sidecars", key="audrey")
    assert listed["data"]["sidecars"] == []


async def test_an_agent_nobody_registered_is_registered_at_enrolment(
    control: Control, people: People
) -> None:
    await enrolled(control, "new-bot")
    status, answer = await people.ask("audrey", "GET", "/fleet/new-bot")
    assert (status, answer["data"]["enforcement"]) == (200, "enforce")


async def test_the_same_key_enrolling_again_is_the_same_sidecar(control: Control) -> None:
    made = await enrolled(control)
    token = join_token(control)
    _, answer = await apply(control, application(control, made.holder, token=token))
    assert answer["data"]["sidecar_id"] == made.sidecar_id
    assert answer["data"]["api_key"] != made.key
    of_another = application(control, made.holder, token=token, agent="other-bot")
    assert (await apply(control, of_another))[0] == 403
