"""What a gate asks of consent before a call leaves, without a gate around it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gate_end import request
from passkey_kit import Authenticator, member, roster, signed
from vectors.fixed import PLAIN, intent
from vienna_kernel.consent.roster import Quorum
from vienna_kernel.consent.statement import Subject, Terms, meaning_of
from vienna_kernel.intent import Tier
from vienna_kernel.verdict import Reason
from vienna_kernel.warrant.terms import Demand, Warrant
from vienna_proxy.config import ConsentConfig
from vienna_proxy.judge.consent import Consents, Leaving
from vienna_proxy.ports import StartError

A, B = Authenticator(), Authenticator()
PINNED = roster(member(A, "op-a"), member(B, "op-b"), quorum={Tier.T2: Quorum(2)})
CALL = request("POST", "https://payments.example/v1/refunds", {"amount": 5})
LEAVING = Leaving(call=CALL, intents=(intent(),), fingerprint="sha256:f", now=datetime.now(UTC))


def opened(folder: Path, **config: Any) -> Consents:
    pin = folder / "pin.json"
    pin.write_text(json.dumps(signed(PINNED, A, B).to_json()))
    return Consents.open(ConsentConfig(roster=pin, **config), agent="billing-bot", folder=folder)


def agreed(nonce: str = "1", *, until: float | None = None, **terms: Any) -> Warrant:
    subject = Subject(
        agent="billing-bot",
        meaning=meaning_of(LEAVING.intents),
        method="POST",
        origin="https://payments.example",
        fingerprint="sha256:f",
    )
    end = int(time.time() + 600 if until is None else until)
    at = datetime.now(UTC)
    consents = tuple(
        key.agree(
            name,
            subject,
            Terms(approval="apr-1", tier=Tier.T2, shown="sha256:s", until=end, nonce=f"{name}{nonce}"),
            at,
        )
        for name, key in (("op-a", A), ("op-b", B))
    )
    return replace(PLAIN, **{"tier": Tier.T2, "consents": consents, "demand": Demand(2, mfa=True), **terms})


async def test_what_was_agreed_to_serves_once_and_that_is_remembered(tmp_path: Path) -> None:
    consents = opened(tmp_path)
    assert await consents.take(agreed(), LEAVING) is None
    for one in (consents, opened(tmp_path)):
        refused = await one.take(agreed(), LEAVING)
        assert refused is not None
        assert refused.reason is Reason.CONSENT_UNPROVEN
    assert await opened(tmp_path).take(agreed("2"), LEAVING) is None


async def test_what_is_over_is_forgotten(tmp_path: Path) -> None:
    consents = opened(tmp_path)
    (tmp_path / "consent.json").write_text(json.dumps({"spent": {"old": int(time.time()) - 1}}))
    consents = opened(tmp_path)
    assert await consents.take(agreed(), LEAVING) is None
    assert set(json.loads((tmp_path / "consent.json").read_text())["spent"]) == {"op-a1", "op-b1"}


async def test_what_served_is_not_forgotten_by_the_control_planes_clock(tmp_path: Path) -> None:
    """It says that it is later than it is, and then that it is not."""
    consents, now = opened(tmp_path), datetime.now(UTC)
    assert await consents.take(agreed("1"), LEAVING) is None
    later = replace(LEAVING, now=now + timedelta(hours=1))
    assert await consents.take(agreed("2", until=now.timestamp() + 7200), later) is None
    assert await consents.take(agreed("1"), LEAVING) is not None


async def test_either_clock_can_say_that_it_is_over(tmp_path: Path) -> None:
    consents, now = opened(tmp_path), datetime.now(UTC)
    past = agreed("1", until=now.timestamp() - 5)
    behind = replace(LEAVING, now=now - timedelta(hours=1))
    assert await consents.take(past, behind) is not None
    ahead = replace(LEAVING, now=now + timedelta(hours=1))
    assert await consents.take(agreed("2"), ahead) is not None


async def test_what_was_agreed_to_for_one_agent_is_none_for_another(tmp_path: Path) -> None:
    consents = opened(tmp_path)
    consents.agent = "other-bot"
    assert await consents.take(agreed(), LEAVING) is not None


async def test_where_nothing_is_pinned_nothing_is_asked(tmp_path: Path) -> None:
    consents = Consents.open(ConsentConfig(), agent="billing-bot", folder=tmp_path)
    assert await consents.take(replace(PLAIN, tier=Tier.T3), LEAVING) is None
    assert consents.follow([{}]) is None


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        ({}, False),
        ({"passkey_from": "T1"}, True),
        ({"actions": [intent().action]}, True),
        ({"actions": [f"{intent().action[:3]}*"]}, True),
        ({"actions": ["other"]}, False),
        ({"requests": ["POST payments.example/v1/refunds"]}, True),
        ({"requests": ["* payments.example/*"]}, True),
        ({"requests": ["GET payments.example/*"]}, False),
        ({"requests": ["POST other.example/*"]}, False),
    ],
    ids=str,
)
async def test_the_floor_is_this_machines(tmp_path: Path, config: Any, asked: bool) -> None:
    consents = opened(tmp_path, **config)
    low = agreed(tier=Tier.T1, consents=(), demand=Demand())
    assert (await consents.take(low, LEAVING) is not None) is asked
    assert await consents.take(agreed(tier=Tier.T1), LEAVING) is None


async def test_what_cannot_be_kept_does_not_leave(tmp_path: Path) -> None:
    consents = opened(tmp_path)
    consents.kept = tmp_path / "none" / "consent.json"
    refused = await consents.take(agreed(), LEAVING)
    assert refused is not None
    assert refused.reason is Reason.AUDIT_UNAVAILABLE
    consents.kept = tmp_path / "consent.json"
    assert await consents.take(agreed(), LEAVING) is not None  # nor later


def test_a_memory_without_a_reading_stops_the_start(tmp_path: Path) -> None:
    opened(tmp_path)
    for text in ("", "{}", '{"spent": []}', '{"spent": {"a": "b"}}'):
        (tmp_path / "consent.json").write_text(text)
        with pytest.raises(StartError):
            opened(tmp_path)
