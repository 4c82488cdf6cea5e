"""The roster: who proposes decides nothing, a quorum of the one before it does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from keyholders import Keyholders
from planes import Control
from vienna_control.clock import FixedClock
from vienna_control.store.tables import alerts, entries
from vienna_kernel.consent import chain
from vienna_kernel.consent.chain import parse_signed
from vienna_kernel.verdict import Refused

QUORUM = {"T2": {"people": 2}}


async def begun(holders: Keyholders) -> dict[str, Any]:
    """Alice and bob are the first roster."""
    for who in ("alice", "bob", "carol", "xenia"):
        await holders.enrol(who)
    return await holders.publish("alice", "bob", add=holders.rows("alice", "bob"), quorum=QUORUM)


async def test_the_first_roster_is_signed_by_its_own_and_entered(
    control: Control, holders: Keyholders
) -> None:
    _, answer = await holders.ask("victor", "GET", "/roster")
    assert (answer["data"]["version"], answer["data"]["chain"]) == (0, [])
    found = await begun(holders)
    assert found["version"] == 1
    (signed,) = map(parse_signed, found["chain"])
    assert chain.root(signed) == signed.roster
    assert signed.roster.digest == found["digest"]
    assert {row["groups"][0] for row in found["roster"]["keys"]} == {"finance"}
    kinds = await control.app.store.read(
        lambda conn: conn.scalars(select(entries.c.type).where(entries.c.type.like("key_%"))).all()
    )
    assert kinds.count("key_added") >= 2


async def test_the_next_one_is_signed_by_the_one_before_and_verifies_from_the_first(
    holders: Keyholders,
) -> None:
    await begun(holders)
    proposal_id = await holders.propose("xenia", add=holders.rows("carol"))
    for who in ("carol", "xenia"):  # neither is in it yet
        status, answer = await holders.ask(who, "POST", f"/roster/proposals/{proposal_id}/challenge")
        assert (status, answer["error"]["code"]) == (403, "forbidden")
    status, answer = await holders.sign("alice", proposal_id)
    assert (status, answer["data"]["status"], len(answer["data"]["signed_by"])) == (200, "open", 1)
    status, answer = await holders.sign("alice", proposal_id)
    assert (status, answer["error"]["code"]) == (409, "conflict")
    status, answer = await holders.sign("bob", proposal_id)
    assert (status, answer["data"]["status"]) == (200, "published")
    _, answer = await holders.ask("alice", "GET", "/roster")
    first, second = map(parse_signed, answer["data"]["chain"])
    assert chain.walk(first.roster, (first, second)) == second.roster
    await holders.publish("carol", "bob", remove=[holders.keys["alice"].key.kid])
    _, answer = await holders.ask("alice", "GET", "/roster")
    left = {row["kid"] for row in answer["data"]["roster"]["keys"]}
    assert left == {holders.keys[who].key.kid for who in ("bob", "carol")}
    assert answer["data"]["version"] == 3


async def test_a_key_signs_until_it_expires_whenever_the_proposal_was_made(
    holders: Keyholders, clock: FixedClock
) -> None:
    for who in ("alice", "bob"):
        await holders.enrol(who)
    ends = (clock.now() + timedelta(minutes=2)).isoformat()
    rows = [{**row, "expires_at": ends} for row in holders.rows("alice")] + holders.rows("bob")
    await holders.publish("alice", "bob", add=rows, quorum=QUORUM)
    proposal = await holders.propose("bob", add=rows)
    waiting = await holders.asserted("alice", f"/roster/proposals/{proposal}/challenge")
    clock.advance(timedelta(minutes=2))
    for body in (waiting, None):
        path = f"/roster/proposals/{proposal}/{'sign' if body else 'challenge'}"
        status, answer = await holders.ask("alice", "POST", path, body)
        assert (status, answer["error"] and answer["error"]["code"]) == (403, "forbidden")
    assert (await holders.sign("bob", proposal))[0] == 200


async def test_of_two_proposals_the_second_to_be_signed_is_superseded(holders: Keyholders) -> None:
    await begun(holders)
    left, right = [await holders.propose("alice", add=holders.rows(who)) for who in ("carol", "xenia")]
    await holders.sign("alice", left)
    waiting = await holders.asserted("bob", f"/roster/proposals/{left}/challenge")
    for who in ("alice", "bob"):
        await holders.sign(who, right)
    status, answer = await holders.ask("bob", "POST", f"/roster/proposals/{left}/sign", waiting)
    assert (status, answer["error"]["code"]) == (409, "already_decided")
    _, answer = await holders.ask("victor", "GET", "/roster/proposals")
    assert [row["status"] for row in answer["data"]["proposals"]] == ["published", "superseded", "published"]


async def test_a_signature_for_one_proposal_is_none_for_another_nor_a_login(
    control: Control, holders: Keyholders
) -> None:
    await begun(holders)
    left, right = [await holders.propose("alice", add=holders.rows(who)) for who in ("carol", "xenia")]
    answer = await holders.asserted("alice", f"/roster/proposals/{left}/challenge")
    assert (await holders.ask("alice", "POST", f"/roster/proposals/{right}/sign", answer))[0] == 401
    answer = await holders.asserted("alice", f"/roster/proposals/{left}/challenge")
    assert (await control.ask("POST", "/api/v1/auth/passkey", body=answer))[0] == 401


async def test_what_could_not_be_met_is_not_proposed(holders: Keyholders) -> None:
    await holders.enrol("alice")
    for body in (
        {},
        {"add": holders.rows("alice")},  # two must sign by default, and it has one
        {"add": [{"passkey_id": "pk-none"}], "threshold": 1},
        {"add": holders.rows("alice"), "threshold": 1, "quorum": {"T2": {"people": 1, "groups": ["nobody"]}}},
        {"add": holders.rows("alice"), "threshold": 1, "remove": ["x"]},
        {"add": holders.rows("alice"), "threshold": 0},
        {"add": holders.rows("alice"), "quorum": {"T4": {"people": 1}}},
    ):
        status, answer = await holders.ask("alice", "POST", "/roster/proposals", body)
        assert (status, answer["error"]["code"]) == (422, "validation_failed"), body


async def told(control: Control) -> list[str]:
    """Kinds of the alerts."""
    return list(await control.app.store.read(lambda conn: conn.scalars(select(alerts.c.kind)).all()))


async def test_nobody_but_an_admin_begins_alone(holders: Keyholders) -> None:
    """From the first roster on nobody else's consent would count, and nobody else could change that."""
    await holders.enrol("alice")
    body = {"add": holders.rows("alice"), "threshold": 1, "quorum": {"T2": {"people": 1}}}
    status, answer = await holders.ask("alice", "POST", "/roster/proposals", body)
    assert (status, answer["error"] and answer["error"]["code"]) == (403, "forbidden")
    assert (await holders.ask("ada", "POST", "/roster/proposals", body))[0] == 201


async def test_beginning_anew_is_for_an_admin_and_gates_find_out(
    control: Control, holders: Keyholders
) -> None:
    found = await begun(holders)
    assert await told(control) == []
    body = {"anew": True, "add": holders.rows("carol", "xenia"), "quorum": QUORUM}
    assert (await holders.ask("alice", "POST", "/roster/proposals", body))[0] == 403
    status, answer = await holders.ask("ada", "POST", "/roster/proposals", body)
    assert status == 201, answer
    for who in ("carol", "xenia"):
        status, signed = await holders.sign(who, answer["data"]["proposal_id"])
        assert status == 200, signed
    _, now = await holders.ask("ada", "GET", "/roster")
    assert (now["data"]["version"], len(now["data"]["chain"])) == (1, 1)
    pinned, anew = parse_signed(found["chain"][0]).roster, parse_signed(now["data"]["chain"][0])
    assert chain.root(anew) == anew.roster
    assert isinstance(chain.walk(pinned, [anew]), Refused)
    assert await told(control) == ["roster_anew"]
