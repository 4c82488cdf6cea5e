"""Mappings kept by API: tried before they are kept, one with the files, and read by the gates."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gate_end import gate
from planes import Control
from vienna_control.policies import importing

type Ask = Callable[..., Awaitable[tuple[int, Any]]]

TEXT = """\
apiVersion: vienna/v1
kind: Mapping
id: helpdesk
version: 2026-11-01
hosts: [helpdesk.example]
protocol: rest
actions:
  - action: close_desk_ticket
    match: {methods: [POST], path: "/tickets/{ticket}/close"}
    target: "helpdesk:ticket/{ticket}"
    params:
      ticket: {from: path}
      reason: {from: json}
    effect: write
    default_tier: T1
    summary: "Close ticket {ticket}"
"""
CASES = """\
cases:
  - name: a ticket is closed
    request: |
      POST https://helpdesk.example/tickets/T-1/close
      content-type: application/json

      {"reason": "done"}
    expect: [{action: close_desk_ticket, target: "helpdesk:ticket/T-1", parameters: {ticket: T-1, reason: done}}]
"""
BODY = {"text": TEXT, "cases": CASES}
CALL = ("POST", "https://helpdesk.example/tickets/T-1/close", {"reason": "done"})


async def test_a_mapping_is_in_force_for_gates_when_it_is_answered_and_gone_when_deleted(
    control: Control, ask: Ask, acme: str
) -> None:
    status, made = await ask("POST", "/mappings", BODY)
    assert (status, made["id"], made["source"], made["stored_version"]) == (201, "helpdesk", "api", 1), made
    async with gate(control) as bot:
        decision = await bot.consult(*CALL)
        _, told = await ask("GET", f"/intents/{decision.intent_id}")
        assert told["action"] == "close_desk_ticket"
    assert (await ask("GET", "/mappings/helpdesk", key=acme))[0] == 404  # of this tenant only
    assert "helpdesk" not in [
        one["id"] for one in (await ask("GET", "/mappings?limit=500", key=acme))[1]["mappings"]
    ]
    other = {**BODY, "text": TEXT.replace("T1", "T2")}
    assert (await ask("PUT", "/mappings/helpdesk", other, headers={"If-Match": '"7"'}))[0] == 409
    assert (await ask("PUT", "/mappings/helpdesk", {**other, "version": 1}))[1]["stored_version"] == 2
    assert control.app.policies.current.action_types["close_desk_ticket"].default_tier == "T2"
    assert (await ask("DELETE", "/mappings/helpdesk"))[0] == 200
    assert "close_desk_ticket" not in control.app.policies.current.action_types
    assert (await ask("POST", "/mappings/helpdesk/rollback", {"version": 1}))[1]["stored_version"] == 4
    _, told = await ask("GET", "/mappings/helpdesk/versions")
    assert [one["what"] for one in told["versions"]] == ["rolled back to 1", "deleted", "changed", "created"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"text": "kind: Rules"}, 422, "text:1"),
        ({"text": TEXT.replace("protocol: rest", "protocol: telepathy")}, 422, "text:6"),
        ({"text": TEXT, "cases": CASES.replace("reason: done}", "reason: other}")}, 422, "cases:2"),
        ({"text": TEXT.replace("id: helpdesk", "id: stripe")}, 409, ""),
        ({"text": "a: [" * 1000}, 422, "text"),
    ],
)
async def test_what_does_not_hold_is_not_kept(
    control: Control, ask: Ask, body: dict[str, Any], status: int, field: str
) -> None:
    before = control.app.policies.current
    came, error = await ask("POST", "/mappings", body)
    assert came == status, error
    assert not field or error["details"][0]["field"].startswith(field), error
    assert control.app.policies.current is before


async def test_where_mappings_are_strict_every_action_needs_a_case(control: Control, ask: Ask) -> None:
    control.app.policies.strict = True
    status, error = await ask("POST", "/mappings", {"text": TEXT})
    assert (status, "has no case" in error["message"]) == (422, True)
    assert (await ask("POST", "/mappings", BODY))[0] == 201


async def test_those_of_files_are_read_only_and_an_id_stays(ask: Ask) -> None:
    for method, path, body in (("PUT", "/mappings/stripe", BODY), ("DELETE", "/mappings/stripe", None)):
        assert (await ask(method, path, body))[0] == 409, method
    assert (await ask("POST", "/mappings", BODY))[0] == 201
    assert (await ask("PUT", "/mappings/helpdesk", {"text": TEXT.replace("id: helpdesk", "id: desk")}))[
        0
    ] == 422
    assert (await ask("POST", "/mappings", BODY))[0] == 409


@pytest.mark.usefixtures("two_people")
async def test_a_mapping_waits_for_a_second_person_too(ask: Ask) -> None:
    status, told = await ask("POST", "/mappings", BODY)
    assert (status, (await ask("GET", "/mappings/helpdesk"))[0]) == (202, 404)
    path = f"/policies/changes/{told['change']['id']}"
    assert (await ask("POST", f"{path}/approve"))[0] == 403
    assert (await ask("POST", f"{path}/approve", key="ada"))[0] == 200
    assert (await ask("GET", "/mappings/helpdesk"))[1]["source"] == "api"


DESCRIPTION = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://api.shop.example"}],
    "paths": {
        "/orders/{id}": {
            "delete": {
                "operationId": "deleteOrder",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"204": {"description": "gone"}},
            }
        }
    },
}


async def test_a_description_becomes_a_mapping_that_can_be_kept(control: Control, ask: Ask) -> None:
    status, told = await ask("POST", "/mappings/import-openapi", DESCRIPTION)
    assert (status, told["actions"], told["hosts"]) == (200, ["delete_order"], ["api.shop.example"]), told
    assert "guessed" in told["mapping"]
    status, made = await ask("POST", "/mappings", {"text": told["mapping"], "cases": told["cases"]})
    assert (status, made["actions"]) == (201, ["delete_order"])
    status, _ = await ask("POST", "/mappings/import-openapi?host=nowhere..x", DESCRIPTION)
    assert status == 422


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"openapi: [", b'{"openapi": "3.0.3"}', b"{" * 100_000]
)
def test_what_is_no_description_is_told(content: bytes) -> None:
    asked = json.dumps({"name": "document"}).encode()
    assert importing.made(asked + b"\n" + content)["wrong"]


async def test_a_description_has_an_end(control: Control, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_BYTES", 100)
    status, error = await ask("POST", "/mappings/import-openapi", DESCRIPTION)
    assert (status, error["code"]) == (413, "payload_too_large")
    monkeypatch.undo()
    monkeypatch.setattr(importing, "_SECONDS", 0)
    status, error = await ask("POST", "/mappings/import-openapi", DESCRIPTION)
    assert (status, error["code"]) == (422, "validation_failed")
