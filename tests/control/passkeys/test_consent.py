"""Yes by passkey: what is signed is this call, this approval, this sight of it, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gate_end import Gate, request
from keyholders import Keyholders
from people import People
from planes import Control
from vienna_control import rows
from vienna_control.clock import FixedClock
from vienna_control.store.tables import alerts, entries, votes
from vienna_kernel import wire
from vienna_kernel.consent.quorum import Asked, judge
from vienna_kernel.consent.roster import Member, Quorum, Roster
from vienna_kernel.consent.statement import Subject, meaning_of
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.keyring import unb64url
from vienna_kernel.verdict import Refused
from vienna_kernel.warrant.claims import parse_claims

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
OTHER = {"order": "ORD-2", "amount": 5000, "currency": "EUR"}


def approve(approval_id: str) -> str:
    return f"/approvals/{approval_id}/approve"


def challenge(approval_id: str) -> str:
    return f"/approvals/{approval_id}/challenge"


async def test_two_passkeys_are_consent_and_the_warrant_proves_it_to_whoever_sends_the_call(
    control: Control, bot: Gate, holders: Keyholders, clock: FixedClock
) -> None:
    for who in ("alice", "bob"):
        await holders.enrol(who)
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert held.verdict == "held"
    for who in ("alice", "bob"):
        status, answer = await holders.agree(who, held.approval_id)
        assert status == 200, answer
    granted = await bot.consult("POST", REFUNDS, REFUND)
    assert granted.verdict == "granted"
    warrant = parse_claims(unb64url(granted.warrant.split(".")[1]))
    assert [row.mfa for row in warrant.consents] == ["passkey", "passkey"]

    # As a gate, which knows the call by itself: of the warrant it takes the consents.
    frame = bot.frame(request("POST", REFUNDS, REFUND))
    subject = Subject(
        agent="billing-bot",
        meaning=meaning_of([Intent.from_json(row) for row in frame.intents]),
        method="POST",
        origin="https://payments.example",
        fingerprint=frame.fingerprint,
    )
    people = {row.proof.kid: row.operator for row in warrant.consents if row.proof}
    members = tuple(
        Member(key=one.key, operator=people[one.key.kid], groups=(), added_at=0)
        for one in holders.keys.values()
    )
    roster = Roster(
        version=1,
        previous=None,
        made_at=0,
        party=holders.party,
        threshold=1,
        quorum={Tier.T2: Quorum(2)},
        members=members,
    )
    asked = Asked(subject=subject, tier=Tier.T2, people=2, at=clock.now().timestamp())
    assert isinstance(judge(warrant.consents, asked, roster), tuple)
    # A consent outlasts the longest way to its use, and no longer: four hours to decide, four to redeem.
    late = Asked(subject=subject, tier=Tier.T2, people=2, at=(clock.now() + timedelta(hours=9)).timestamp())
    assert isinstance(judge(warrant.consents, late, roster), Refused)


async def test_the_vote_keeps_what_was_signed_and_the_trail_its_digest(
    control: Control, bot: Gate, holders: Keyholders
) -> None:
    key = await holders.enrol("alice")
    held = await bot.consult("POST", REFUNDS, REFUND)
    await holders.agree("alice", held.approval_id)
    row = await control.app.store.read(lambda conn: rows.first(conn, select(votes)))
    assert row is not None
    assert (row["mfa"], row["passkey"]) == ("passkey", key.key.kid)
    proof = rows.load(row["proof"])
    assert (proof["approval"], proof["tier"]) == (held.approval_id, "T2")
    bodies = await control.app.store.read(
        lambda conn: conn.scalars(select(entries.c.body).where(entries.c.type == "approval_vote")).all()
    )
    assert key.key.kid.encode() in bodies[0]
    assert proof["sig"].encode() not in bodies[0]
    assert b'"proof":"sha256:' in bodies[0]


async def test_an_answer_counts_for_its_approval_its_person_and_once(bot: Gate, holders: Keyholders) -> None:
    for who in ("alice", "bob"):
        await holders.enrol(who)
    one = await bot.consult("POST", REFUNDS, REFUND)
    other = await bot.consult("POST", REFUNDS, OTHER)
    for who, approval_id in (("alice", other.approval_id), ("bob", one.approval_id)):
        answer = await holders.asserted("alice", challenge(one.approval_id))
        status, said = await holders.ask(who, "POST", approve(approval_id), {"webauthn": answer})
        assert (status, said["error"]["code"]) == (401, "mfa_required")
    answer = await holders.asserted("alice", challenge(one.approval_id))
    assert (await holders.ask("alice", "POST", approve(one.approval_id), {"webauthn": answer}))[0] == 200
    status, said = await holders.ask("alice", "POST", approve(one.approval_id), {"webauthn": answer})
    assert (status, said["error"]["code"]) == (409, "conflict")
    status, said = await holders.ask("bob", "POST", approve(one.approval_id), {"webauthn": answer})
    assert (status, said["error"]["code"]) == (401, "mfa_required")


async def test_an_answer_is_for_a_yes_and_never_beside_a_code(
    bot: Gate, holders: Keyholders, people: People
) -> None:
    await holders.enrol("alice")
    held = await bot.consult("POST", REFUNDS, REFUND)
    answer = await holders.asserted("alice", challenge(held.approval_id))
    deny = {"reason": "no", "webauthn": answer}
    assert (await holders.ask("alice", "POST", f"/approvals/{held.approval_id}/deny", deny))[0] == 422
    both = {"webauthn": answer, "otp": people.code()}
    assert (await holders.ask("alice", "POST", approve(held.approval_id), both))[0] == 422
    body = {"verdict": "deny"}
    assert (await holders.ask("alice", "POST", challenge(held.approval_id), body))[0] == 422


LIES: dict[str, dict[str, Any]] = {
    "on another origin": {"origin": "https://evil.example"},
    "for another party": {"rp_id": "evil.example"},
    "without verification": {"flags": 0x01},
    "another challenge": {"challenge": "AA"},
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_answer_that_does_not_hold_is_no_vote(bot: Gate, holders: Keyholders, lie: str) -> None:
    await holders.enrol("alice")
    held = await bot.consult("POST", REFUNDS, REFUND)
    status, answer = await holders.agree("alice", held.approval_id, **LIES[lie])
    assert (status, answer["error"]["code"]) == (401, "mfa_required")
    assert (await holders.agree("alice", held.approval_id))[0] == 200


async def test_a_copied_key_is_no_vote_and_an_alert(control: Control, bot: Gate, holders: Keyholders) -> None:
    key = await holders.enrol("alice", holders.key(count=5))
    held = await bot.consult("POST", REFUNDS, REFUND)
    key.count = 2
    assert (await holders.agree("alice", held.approval_id))[0] == 401
    kinds = await control.app.store.read(lambda conn: conn.scalars(select(alerts.c.kind)).all())
    assert kinds == ["passkey_copied"]


async def test_after_five_minutes_one_looks_again(bot: Gate, holders: Keyholders, clock: FixedClock) -> None:
    await holders.enrol("alice")
    held = await bot.consult("POST", REFUNDS, REFUND)
    answer = await holders.asserted("alice", challenge(held.approval_id))
    clock.advance(timedelta(minutes=5))
    assert (await holders.ask("alice", "POST", approve(held.approval_id), {"webauthn": answer}))[0] == 401


async def test_who_agrees_to_less_signs_the_less_and_a_yes_to_the_whole_falls(
    bot: Gate, holders: Keyholders
) -> None:
    for who in ("alice", "bob"):
        await holders.enrol(who)
    held = await bot.consult("POST", REFUNDS, REFUND)
    before = await holders.asserted("bob", challenge(held.approval_id))
    narrowed = {"amount": "3000"}
    answer = await holders.asserted("alice", challenge(held.approval_id), {"narrowed": narrowed})
    body = {"webauthn": answer, "narrowed": narrowed}
    status, said = await holders.ask("alice", "POST", approve(held.approval_id), body)
    assert status == 200, said
    status, said = await holders.ask("bob", "POST", approve(held.approval_id), {"webauthn": before})
    assert (status, said["error"]["code"]) == (401, "mfa_required")
    assert (await holders.agree("bob", held.approval_id))[0] == 200


async def test_who_has_no_passkey_and_what_is_decided_get_no_challenge(
    bot: Gate, holders: Keyholders, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    status, answer = await holders.ask("alice", "POST", challenge(held.approval_id))
    assert (status, answer["error"]["code"]) == (401, "mfa_required")
    await holders.enrol("alice")
    await people.deny("bob", held.approval_id)
    status, answer = await holders.ask("alice", "POST", challenge(held.approval_id))
    assert (status, answer["error"]["code"]) == (409, "already_decided")
    assert (await holders.ask("alice", "POST", challenge("none-such")))[0] == 404


async def test_once_there_is_a_roster_its_tiers_take_its_passkeys_and_nothing_else(
    bot: Gate, holders: Keyholders, people: People
) -> None:
    for who in ("alice", "bob", "xenia"):
        await holders.enrol(who)
    await holders.publish("alice", "bob", add=holders.rows("alice", "bob"), quorum={"T2": {"people": 2}})
    held = await bot.consult("POST", REFUNDS, REFUND)
    status, answer = await people.approve("alice", held.approval_id)
    assert (status, answer["error"]["code"]) == (401, "mfa_required")
    status, answer = await holders.ask("xenia", "POST", challenge(held.approval_id))
    assert (status, answer["error"]["code"]) == (401, "mfa_required")  # hers is not in it
    status, answer = await people.deny("xenia", held.approval_id)
    assert status == 200  # a no needs none
    again = await bot.consult("POST", REFUNDS, OTHER)
    assert (await holders.agree("alice", again.approval_id))[0] == 200
    low = await bot.consult("POST", "https://payments.example/v1/tickets", {"subject": "x"})
    assert (await people.approve("carol", low.approval_id, otp=None))[0] == 200  # T1 is none of its tiers


async def test_a_key_agrees_until_it_expires(bot: Gate, holders: Keyholders, clock: FixedClock) -> None:
    for who in ("alice", "bob"):
        await holders.enrol(who)
    ends = (clock.now() + timedelta(minutes=2)).isoformat()
    rows = [{**row, "expires_at": ends} for row in holders.rows("alice")] + holders.rows("bob")
    await holders.publish("alice", "bob", add=rows, quorum={"T2": {"people": 2}})
    held = await bot.consult("POST", REFUNDS, REFUND)
    answer = await holders.asserted("alice", challenge(held.approval_id))
    clock.advance(timedelta(minutes=2))
    status, said = await holders.ask("alice", "POST", approve(held.approval_id), {"webauthn": answer})
    assert (status, said["error"] and said["error"]["code"]) == (401, "mfa_required")
    assert (await holders.ask("alice", "POST", challenge(held.approval_id)))[0] == 401
    assert (await holders.agree("bob", held.approval_id))[0] == 200


async def test_a_bundle_brings_every_version_of_the_roster(
    control: Control, bot: Gate, holders: Keyholders
) -> None:
    assert bot.bundle["rosters"] == []
    for who in ("alice", "bob"):
        await holders.enrol(who)
    found = await holders.publish(
        "alice", "bob", add=holders.rows("alice", "bob"), quorum={"T2": {"people": 2}}
    )
    await bot.told(wire.BundleChanged)
    await bot.fetch()
    assert bot.bundle["rosters"] == found["chain"]
