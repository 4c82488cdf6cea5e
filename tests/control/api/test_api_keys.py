"""Keys of operators: scoped, expiring, replaced, revoked; never more than their owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from people import People
from planes import Control, key_of
from vienna_control.api.access import ROLES, SCOPES, Who, scopes_of
from vienna_control.clock import FixedClock, iso
from vienna_control.identity import api_keys, operators, standing
from vienna_control.store import Tx

ME = "/api/v1/operators/me"
KEYS = "/api/v1/api-keys"


async def make(people: People, who: str, *scopes: str, **body: Any) -> dict[str, Any]:
    wanted = {"name": "ci", "scopes": scopes or ["read"], **body}
    status, answer = await people.ask(who, "POST", "/api-keys", wanted)
    assert status == 201, answer
    data: dict[str, Any] = answer["data"]
    return data


def test_every_row_of_the_table_has_a_scope() -> None:
    assert {who.scope for who in Who} == set(SCOPES)
    given = {role: scopes_of(role) for role in ROLES}
    assert given["admin"] == SCOPES
    assert given["approver"] == ("read", "approve", "operate", "administer")
    assert given["viewer"] == ("read", "administer")


async def test_a_key_does_what_its_scopes_and_its_owner_both_may(control: Control, people: People) -> None:
    doors = {
        "read": ("GET", "/api/v1/fleet", None),
        "approve": ("POST", "/api/v1/approvals/apr-0/deny", {"reason": "no"}),
        "operate": ("POST", "/api/v1/intent", {}),
        "audit": ("GET", "/api/v1/audit", None),
        "administer": ("GET", "/api/v1/operators", None),
    }
    for scope in SCOPES:
        key = (await make(people, "ada", scope))["api_key"]
        for door, (method, path, body) in doors.items():
            status, answer, _ = await control.ask(method, path, key=key, body=body)
            assert (status == 403) is (door != scope), (scope, door, status)
            if status == 403:
                assert answer["error"]["message"] == f"this key does not have the scope {door!r}"
    _, answer, _ = await control.ask("GET", ME, key=(await make(people, "ada", "audit", "read"))["api_key"])
    assert answer["data"]["scopes"] == ["read", "audit"]


async def test_nobody_gives_a_key_more_than_they_may(control: Control, people: People) -> None:
    for who, scopes in (("alice", ["audit"]), ("victor", ["audit"]), ("oscar", ["read", "approve"])):
        status, answer = await people.ask(who, "POST", "/api-keys", {"name": "x", "scopes": scopes})
        assert (status, answer["error"]["code"]) == (403, "forbidden"), who
    forever = {"name": "x", "never_expires": True}
    assert (await people.ask("alice", "POST", "/api-keys", forever))[0] == 403
    assert (await people.ask("ada", "POST", "/api-keys", forever))[1]["data"]["expires_at"] is None
    # a key makes none that could do more than it, and opens no console
    limited = (await make(people, "ada", "administer"))["api_key"]
    status, _, _ = await control.ask("POST", KEYS, key=limited, body={"name": "x", "scopes": ["approve"]})
    assert status == 403
    status, _, _ = await control.ask("POST", KEYS, key=limited, body={"name": "x", "scopes": ["administer"]})
    assert status == 201
    assert (await control.ask("POST", "/api/v1/auth/links", key=limited))[0] == 403
    # nor does it replace the one that its owner has without scopes
    _, answer = await people.ask("ada", "GET", "/api-keys")
    (whole,) = [one for one in answer["data"]["api_keys"] if one["scopes"] is None]
    assert (await control.ask("POST", f"{KEYS}/{whole['key_id']}/rotate", key=limited))[0] == 403


async def test_a_key_expires_and_shows_when_it_was_used(
    control: Control, people: People, clock: FixedClock
) -> None:
    made = await make(people, "alice", "read")
    assert made["expires_at"] == iso(clock.now() + timedelta(days=90))
    assert made["api_key"].startswith(made["prefix"])
    assert len(made["prefix"]) < 20

    async def last_used() -> Any:
        _, answer = await people.ask("alice", "GET", "/api-keys")
        assert made["api_key"] not in str(answer)
        (found,) = [one for one in answer["data"]["api_keys"] if one["key_id"] == made["key_id"]]
        return found["last_used_at"]

    assert await last_used() is None
    first = iso(clock.now())
    for seconds, seen in ((0, first), (59, first), (1, iso(clock.now() + timedelta(seconds=60)))):
        clock.advance(timedelta(seconds=seconds))
        assert (await control.ask("GET", ME, key=made["api_key"]))[0] == 200
        assert await last_used() == seen
    clock.advance(timedelta(days=90))
    assert (await control.ask("GET", ME, key=made["api_key"]))[0] == 401
    for days in (0, 366):
        status, _ = await people.ask("alice", "POST", "/api-keys", {"name": "x", "expires_in_days": days})
        assert status == 422


async def test_a_key_is_replaced_with_an_overlap_and_once(
    control: Control, people: People, clock: FixedClock
) -> None:
    old = await make(people, "alice", "read", "approve")
    path = f"/api-keys/{old['key_id']}/rotate"
    status, answer = await people.ask("alice", "POST", path, {"overlap_hours": 24})
    new = answer["data"]
    assert (status, new["scopes"], new["name"]) == (201, ["read", "approve"], "ci")
    assert (await people.ask("alice", "POST", path))[0] == 409
    assert (await people.ask("alice", "POST", path, {"overlap_hours": 25}))[0] == 422
    for key, holds in ((old, True), (new, True)):
        assert ((await control.ask("GET", ME, key=key["api_key"]))[0] == 200) is holds
    clock.advance(timedelta(hours=24))
    assert (await control.ask("GET", ME, key=old["api_key"]))[0] == 401
    status, answer = await people.ask(
        "alice", "POST", f"/api-keys/{new['key_id']}/rotate", {"overlap_hours": 0}
    )
    assert status == 201
    assert (await control.ask("GET", ME, key=new["api_key"]))[0] == 401
    assert (await people.ask("alice", "POST", f"/api-keys/{new['key_id']}/rotate"))[0] == 409


async def test_others_keys_are_an_admins_to_see_and_revoke_and_nobodys_to_replace(
    control: Control, people: People
) -> None:
    made = await make(people, "alice")
    path = f"/api-keys/{made['key_id']}"
    for who, method, tail, code in (
        ("bob", "DELETE", "", 404),
        ("bob", "POST", "/rotate", 404),
        ("ada", "POST", "/rotate", 404),
    ):
        status, answer = await people.ask(who, method, path + tail)
        assert status == code, (who, method)
        assert answer["error"]["message"] == f"there is no key {made['key_id']!r}"
    owner = made["operator_id"]
    for query in ("all=true", f"operator_id={owner}"):
        assert (await people.ask("bob", "GET", f"/api-keys?{query}"))[0] == 403
        _, answer = await people.ask("ada", "GET", f"/api-keys?{query}")
        assert made["key_id"] in {one["key_id"] for one in answer["data"]["api_keys"]}
    assert (await people.ask("ada", "DELETE", path))[0] == 200
    assert (await control.ask("GET", ME, key=made["api_key"]))[0] == 401
    _, trail = await people.ask("audrey", "GET", "/audit?type=key_retired")
    assert trail["data"]["entries"][0]["data"]["key"] == made["key_id"]


async def test_keys_of_another_tenant_are_not_there_and_keys_are_counted(
    control: Control, people: People
) -> None:
    app = control.app

    def elsewhere(tx: Tx) -> str:
        new = operators.Entered(tenant="other", email="zoe@other.example", role="admin")
        zoe = operators.create(tx, new, actor="system").id
        app.identity.credentials.issue(tx, "operator", zoe, tenant="other", actor="system")
        (row,) = standing.own_keys(tx.conn, zoe)
        return str(row["id"])

    theirs = await app.store.write(elsewhere)
    assert (await people.ask("ada", "DELETE", f"/api-keys/{theirs}"))[0] == 404
    _, answer = await people.ask("ada", "GET", "/api-keys?all=true&limit=500")
    assert theirs not in {one["key_id"] for one in answer["data"]["api_keys"]}
    statuses = [
        (await people.ask("victor", "POST", "/api-keys", {"name": str(n)}))[0]
        for n in range(api_keys.MOST_KEYS)
    ]
    assert statuses == [201] * (api_keys.MOST_KEYS - 1) + [409]  # one was there already


async def test_what_the_seeds_gave_keeps_the_whole_of_its_role(control: Control) -> None:
    _, answer, _ = await control.ask("GET", ME, key=key_of("ada"))
    assert answer["data"]["scopes"] == list(SCOPES)
