"""The people of an installation: invited, changed, taken out; and what ends with the power they had."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from keyholders import Keyholders
from people import People
from planes import PASSWORD, Control
from push_kit import Browser
from vienna_control.clock import FixedClock
from vienna_control.identity import operators, standing
from vienna_control.identity.invitations import LIFETIME
from vienna_control.store import Tx
from vienna_control.store.tables import operators as table

NEW = "a slow green tram to Vienna"


async def op(control: Control, who: str) -> str:
    found = await control.app.store.read(lambda conn: operators.by_email(conn, f"{who}@example.com"))
    assert found is not None
    return found.id


async def log_in(control: Control, email: str, password: str = PASSWORD) -> tuple[int, Any]:
    status, answer, _ = await control.ask(
        "POST", "/api/v1/auth/login", body={"username": email, "password": password}
    )
    control.http.cookie_jar.clear()
    return status, answer


async def test_a_person_comes_in_by_an_invitation_and_no_admin_knows_the_password(
    control: Control, people: People
) -> None:
    body = {"email": "Nora@Example.com", "role": "approver", "groups": ["finance", "finance"]}
    status, answer = await people.ask("ada", "POST", "/operators", body)
    assert status == 201, answer
    made = answer["data"]
    assert made["operator"]["groups"] == ["finance"]
    assert made["url"] == f"{control.url}/console/invitation#token={made['token']}"
    assert not {"password", "api_key"} & made.keys()
    accept = {"token": made["token"], "password": "too short"}
    path = "/api/v1/auth/invitation"
    status, answer, _ = await control.ask("POST", path, body=accept)
    assert (status, answer["error"]["details"][0]["got"]) == (422, "(not shown)")  # and the link still works
    accept["password"] = NEW
    status, answer, _ = await control.ask("POST", path, body=accept)
    assert (status, answer["data"]["email"]) == (200, "nora@example.com"), answer
    assert (await control.ask("POST", path, body=accept))[0] == 401  # once
    status, answer = await log_in(control, "nora@example.com", NEW)
    assert (status, answer["data"]["mfaEnrolled"]) == (200, False)
    assert (await people.ask("ada", "POST", "/operators", body))[0] == 409


async def test_an_invitation_ends_with_the_next_with_time_and_with_the_person(
    control: Control, people: People, clock: FixedClock
) -> None:
    async def invited() -> str:
        status, answer = await people.ask("ada", "POST", f"/operators/{who}/invitation")
        assert status == 201, answer
        return str(answer["data"]["token"])

    async def accepted(token: str) -> int:
        body = {"token": token, "password": NEW}
        return (await control.ask("POST", "/api/v1/auth/invitation", body=body))[0]

    who = await op(control, "bob")
    first, second = await invited(), await invited()
    assert await accepted(first) == 401
    clock.advance(LIFETIME)
    assert await accepted(second) == 401
    third = await invited()
    assert (await people.ask("ada", "DELETE", f"/operators/{who}"))[0] == 200
    assert await accepted(third) == 401
    assert (await people.ask("ada", "POST", f"/operators/{who}/invitation"))[0] == 409


async def test_a_reset_takes_password_and_sessions_and_tells(control: Control, people: People) -> None:
    _, answer = await log_in(control, "alice@example.com")
    key = answer["data"]["apiKey"]
    status, answer = await people.ask("ada", "POST", f"/operators/{await op(control, 'alice')}/invitation")
    assert status == 201
    assert (await log_in(control, "alice@example.com"))[0] == 401
    assert (await control.ask("GET", "/api/v1/operators/me", key=key))[0] == 401
    assert (await people.ask("alice", "GET", "/operators/me"))[0] == 200  # a key of its own stays
    _, trail = await people.ask("audrey", "GET", "/audit?type=alert")
    assert trail["data"]["entries"][0]["data"]["kind"] == "password_reset"
    assert answer["data"]["token"] not in str(trail)


async def test_the_list_by_filters_and_one_person(control: Control, people: People) -> None:
    async def listed(query: str) -> set[str]:
        status, answer = await people.ask("ada", "GET", f"/operators?{query}")
        assert status == 200, answer
        return {one["name"] for one in answer["data"]["operators"]}

    await people.ask("ada", "PATCH", f"/operators/{await op(control, 'victor')}", {"disabled": True})
    assert await listed("role=approver") == {"alice", "bob", "carol", "xenia"}
    assert await listed("group=executive") == {"xenia"}
    assert await listed("group=exec") == await listed("group=%25") == set()
    assert await listed("disabled=true") == {"victor"}
    assert await listed("q=CARO") == {"carol"}
    _, answer = await people.ask("ada", "GET", f"/operators/{await op(control, 'bob')}")
    assert (answer["data"]["email"], "password" in answer["data"]) == ("bob@example.com", False)


@pytest.mark.parametrize(
    ("change", "key_holds"),
    [({"role": "viewer"}, False), ({"groups": ["devops"]}, False), ({"name": "Al"}, True)],
    ids=["role", "groups", "name"],
)
async def test_what_carried_the_power_of_before_ends_with_it(
    control: Control, people: People, change: dict[str, Any], key_holds: bool
) -> None:
    _, answer = await log_in(control, "alice@example.com")
    session = answer["data"]["apiKey"]
    keys = {}
    for scope in ("read", "approve"):
        body = {"name": scope, "scopes": [scope]}
        _, answer = await people.ask("alice", "POST", "/api-keys", body)
        keys[scope] = answer["data"]["api_key"]
    who = await op(control, "alice")
    status, answer = await people.ask("ada", "PATCH", f"/operators/{who}", change)
    assert status == 200, answer
    me = "/api/v1/operators/me"
    assert (await control.ask("GET", me, key=session))[0] == (200 if key_holds else 401)
    assert (await people.ask("alice", "GET", "/operators/me"))[0] == (200 if key_holds else 401)
    assert (await control.ask("GET", me, key=keys["read"]))[0] == 200
    held = await control.app.store.read(
        lambda conn: control.app.identity.credentials.find(conn, keys["approve"], now=control.app.clock.now())
    )
    assert (held is not None) is key_holds


async def test_a_person_taken_out_does_nothing_and_counts_nowhere(control: Control, people: People) -> None:
    who = await op(control, "alice")
    status, answer = await people.ask("ada", "DELETE", f"/operators/{who}")
    assert (status, answer["data"]["disabled"]) == (200, True)
    assert (await people.ask("alice", "GET", "/operators/me"))[0] == 401
    gone = await log_in(control, "alice@example.com")
    assert gone == await log_in(control, "nobody@example.com")
    status, answer = await people.ask("ada", "GET", f"/operators/{who}")
    assert status == 200  # what they did still has a name
    # let back in: the password is as it was, the keys are not
    assert (await people.ask("ada", "PATCH", f"/operators/{who}", {"disabled": False}))[0] == 200
    assert (await people.ask("alice", "GET", "/operators/me"))[0] == 401
    assert (await log_in(control, "alice@example.com"))[0] == 200


async def test_nobody_changes_their_own_standing(control: Control, people: People) -> None:
    who = await op(control, "ada")
    for change in ({"role": "approver"}, {"groups": ["executive"]}, {"disabled": True}):
        status, answer = await people.ask("ada", "PATCH", f"/operators/{who}", change)
        assert (status, answer["error"]["code"]) == (409, "conflict"), change
    assert (await people.ask("ada", "PATCH", f"/operators/{who}", {"name": "Ada L."}))[0] == 200
    assert (await people.ask("ada", "DELETE", f"/operators/{who}"))[0] == 409


async def test_an_admin_who_can_act_remains(control: Control) -> None:
    """Two admins who take each other out at the same time: the second finds that nobody would be left."""
    app = control.app

    def invited(tx: Tx) -> str:
        new = operators.Entered(tenant="default", email="eve@example.com", role="admin")
        return operators.create(tx, new, actor="system").id

    eve, ada = await app.store.write(invited), await op(control, "ada")

    def demote(tx: Tx) -> None:
        target = operators.by_id(tx.conn, ada)
        assert target is not None
        standing.amend(tx, app.identity, target, standing.Change(role="viewer"), by=eve)

    with pytest.raises(standing.LastAdminError):
        await app.store.write(demote)  # eve was invited, and never came
    await app.store.write(
        lambda tx: tx.conn.execute(update(table).where(table.c.id == eve).values(password="x"))
    )
    await app.store.write(demote)


async def test_an_admin_takes_a_passkey_and_a_device_of_another_away(
    control: Control, people: People
) -> None:
    await Keyholders(control, people).enrol("bob")
    subscription = Browser("https://push.example/send/canary-of-the-address").body(name="<b>phone")
    assert (await people.ask("bob", "POST", "/push/subscriptions", subscription))[0] == 201
    _, bob = await people.ask("bob", "GET", "/operators/me")
    place = f"/operators/{bob['data']['id']}"
    _, told = await people.ask("ada", "GET", f"{place}/devices")
    (passkey,), (device,) = told["data"]["passkeys"], told["data"]["subscriptions"]
    _, page, _ = await control.ask("GET", f"/console/settings/people/{bob['data']['id']}", key="ada")
    assert f"DELETE {place}/passkeys/{passkey['id']}" in page.decode()
    assert "&lt;b&gt;phone" in page.decode()
    assert "canary" not in f"{told} {page.decode()}"
    ways = (f"{place}/passkeys/{passkey['id']}", f"{place}/devices/{device['subscription_id']}")
    for way in ways:
        for who, status in (("alice", 403), ("bob", 403), ("ada", 200), ("ada", 404)):
            assert (await people.ask(who, "DELETE", way))[0] == status, (who, way)
    _, told = await people.ask("ada", "GET", f"{place}/devices")
    assert told["data"] == {"passkeys": [], "subscriptions": []}
    _, alerts = await people.ask("ada", "GET", "/alerts?kind=passkey_removed")
    assert alerts["data"]["total"] == 1
    _, trail = await people.ask("audrey", "GET", "/audit?limit=3")
    _, ada = await people.ask("ada", "GET", "/operators/me")
    entries = [(one["type"], one["actor"]) for one in trail["data"]["entries"] if one["type"] != "alert"]
    assert entries == [(kind, f"operator:{ada['data']['id']}") for kind in ("config_changed", "operator_mfa")]
    own = f"/operators/{ada['data']['id']}"
    for way in (f"{own}/passkeys/x", f"{own}/devices/x"):
        assert (await people.ask("ada", "DELETE", way))[0] == 409, "one's own are taken away elsewhere"


async def test_another_tenants_people_are_not_there(control: Control, people: People) -> None:
    def unit(tx: Tx) -> str:
        new = operators.Entered(tenant="other", email="zoe@other.example", role="viewer")
        return operators.create(tx, new, actor="system").id

    zoe = await control.app.store.write(unit)
    for method, path, body in (
        ("GET", f"/operators/{zoe}", None),
        ("PATCH", f"/operators/{zoe}", {"role": "admin"}),
        ("DELETE", f"/operators/{zoe}", None),
        ("POST", f"/operators/{zoe}/invitation", None),
        ("DELETE", f"/operators/{zoe}/mfa", None),
        ("GET", f"/operators/{zoe}/devices", None),
        ("DELETE", f"/operators/{zoe}/passkeys/x", None),
        ("DELETE", f"/operators/{zoe}/devices/x", None),
        ("GET", f"/sessions?operator_id={zoe}", None),
        ("DELETE", f"/sessions?operator_id={zoe}", None),
    ):
        status, answer = await people.ask("ada", method, path, body)
        assert (status, answer["error"]["code"]) == (404, "not_found"), (method, path)
        assert answer["error"]["message"] == f"there is no operator {zoe!r}"
    _, answer = await people.ask("ada", "GET", "/operators?q=zoe")
    assert answer["data"]["operators"] == []


async def test_what_is_no_person(people: People) -> None:
    for body in (
        {"email": "no-address"},
        {"email": "a@b.example", "role": "boss"},
        {"email": "a@b.example", "groups": ["a b"]},
        {"email": "a@b.example", "password": "x"},
    ):
        status, answer = await people.ask("ada", "POST", "/operators", body)
        assert (status, answer["error"]["code"]) == (422, "validation_failed"), body
