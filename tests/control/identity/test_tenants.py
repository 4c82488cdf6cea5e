"""Tenants: made by the installation's admins, entered by invitation, closed to each other."""

from __future__ import annotations

from people import People
from planes import Control

NEW = {"name": "north", "title": "North GmbH", "admin_email": "Nora@north.example"}


async def test_a_tenant_begins_with_its_first_admin_and_sees_only_itself(
    control: Control, people: People
) -> None:
    assert (await people.ask("oscar", "POST", "/tenants", NEW))[0] == 403
    status, answer = await people.ask("ada", "POST", "/tenants", NEW)
    assert status == 201, answer
    made = answer["data"]
    assert (made["tenant"], made["operator"]["role"], made["operator"]["email"]) == (
        "north",
        "admin",
        "nora@north.example",
    )
    body = {"token": made["token"], "password": "nora's own long words"}
    status, _, _ = await control.ask("POST", "/api/v1/auth/invitation", body=body)
    assert status == 200
    login = {"username": "nora@north.example", "password": body["password"]}
    status, answer, _ = await control.ask("POST", "/api/v1/auth/login", body=login)
    assert (status, answer["data"]["operator"]["organization"]) == (200, "north")
    key = answer["data"]["apiKey"]

    async def north(path: str) -> tuple[int, object]:
        status, told, _ = await control.ask("GET", f"/api/v1{path}", key=key)
        return status, told["data"] or told["error"]

    assert (await north("/fleet"))[1]["agents"] == []
    assert [one["email"] for one in (await north("/operators"))[1]["operators"]] == ["nora@north.example"]
    assert (await north("/fleet/billing-bot"))[0] == 404
    assert (await north("/tenants"))[0] == 403
    assert {entry["tenant"] for entry in (await north("/audit"))[1]["entries"]} <= {"north"}
    status, _, _ = await control.ask("POST", "/api/v1/tenants", key=key, body={**NEW, "name": "south"})
    assert status in (401, 403)

    _, answer = await people.ask("ada", "GET", "/tenants")
    listed = answer["data"]["tenants"]
    assert [(one["name"], one["operators"], one["agents"]) for one in listed] == [
        ("default", 8, 1),
        ("north", 1, 0),
    ]


async def test_a_name_and_an_address_are_taken_once(people: People) -> None:
    assert (await people.ask("ada", "POST", "/tenants", NEW))[0] == 201
    again = {**NEW, "admin_email": "other@north.example"}
    for wrong in (again, {**again, "name": "default"}, {**NEW, "name": "south"}):
        assert (await people.ask("ada", "POST", "/tenants", wrong))[0] == 409
    _, answer = await people.ask("ada", "GET", "/tenants")
    assert answer["data"]["total"] == 2, "what was refused left nothing behind"
    assert (await people.ask("ada", "POST", "/tenants", {**again, "name": "North"}))[0] == 422
