"""What is kept by API: by tenant, by version, and never over what somebody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from people import People
from planes import Control
from vienna_control.policies.bundle import MOST

type Ask = Callable[..., Awaitable[tuple[int, Any]]]

RULE: dict[str, Any] = {
    "id": "mine",
    "priority": 900,
    "expression": "action == 'create_ticket'",
    "action": {"type": "deny"},
}


async def test_a_rule_and_an_action_type_hold_for_their_tenant_only(
    control: Control, ask: Ask, acme: str
) -> None:
    kind = {"name": "send_letter", "default_risk_tier": "T1", "schema": {"to": {"type": "string"}}}
    assert (await ask("POST", "/policies", RULE, key=acme))[0] == 201
    assert (await ask("POST", "/action-types", kind, key=acme))[0] == 201
    policies = control.app.policies
    assert {"mine"} == {one.id for one in policies.of("acme").rules.rules} - {
        one.id for one in policies.of("default").rules.rules
    }
    assert (
        "send_letter" in policies.of("acme").action_types,
        "send_letter" in policies.current.action_types,
    ) == (
        True,
        False,
    )
    body = {"action": "create_ticket", "parameters": {"subject": "s"}}
    assert (await ask("POST", "/policies/evaluate", body, key=acme))[1]["decision"] == "denied"
    assert (await ask("POST", "/policies/evaluate", body))[1]["decision"] != "denied"
    told = await ask("POST", "/agent/intent", body, key="agent")
    assert told[1]["status"] == "pending_approval"
    for method, path, sent in (
        ("GET", "/policies/mine", None),
        ("GET", "/policies/mine/versions", None),
        ("PATCH", "/policies/mine", {"priority": 1}),
        ("DELETE", "/policies/mine", None),
        ("POST", "/policies/mine/rollback", {"version": 1}),
        ("GET", "/action-types/send_letter", None),
    ):
        assert (await ask(method, path, sent))[0] == 404, path
    assert (await ask("POST", "/policies", {**RULE, "priority": 7}))[1][
        "priority"
    ] == 7  # the id is free here
    assert (await ask("GET", "/policies/mine", key=acme))[1]["priority"] == 900


async def test_versions_say_who_changed_what_and_deletion_is_one(ask: Ask) -> None:
    await ask("POST", "/policies", RULE)
    await ask("PATCH", "/policies/mine", {"priority": 9, "action": {"reason": "no tickets"}}, key="ada")
    await ask("DELETE", "/policies/mine")
    assert (await ask("GET", "/policies/mine"))[0] == 404
    _, told = await ask("GET", "/policies/mine/versions")
    assert [(one["version"], one["what"]) for one in told["versions"]] == [
        (3, "deleted"),
        (2, "changed"),
        (1, "created"),
    ]
    assert told["versions"][1]["change"] == [
        {"field": "/action/reason", "before": None, "after": "no tickets"},
        {"field": "/priority", "before": 900, "after": 9},
    ]
    assert told["versions"][0]["author"] != told["versions"][1]["author"]
    status, back = await ask("POST", "/policies/mine/rollback", {"version": 1})
    assert (status, back["version"], back["priority"]) == (200, 4, 900)
    assert (await ask("GET", "/policies/mine/versions"))[1]["versions"][0]["what"] == "rolled back to 1"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/policies/mine", {"priority": 2}),
        ("DELETE", "/policies/mine", None),
        ("POST", "/policies/mine/rollback", {"version": 1}),
    ],
)
async def test_who_saw_an_older_version_changes_nothing(ask: Ask, method: str, path: str, body: Any) -> None:
    await ask("POST", "/policies", RULE)
    await ask("PATCH", "/policies/mine", {"priority": 1})
    status, error = await ask(method, path, body, headers={"If-Match": '"1"'})
    assert (status, error["code"], error["details"][0]["expected"]) == (409, "conflict", "2")
    if method == "PATCH":
        assert (await ask(method, path, {**body, "version": 1}))[0] == 409
        assert (await ask(method, path, {**body, "version": "1"}))[0] == 422
    assert (await ask("GET", "/policies/mine"))[1]["version"] == 2
    assert (await ask(method, path, body, headers={"If-Match": "nonsense"}))[0] == 400
    assert (await ask(method, path, body, headers={"If-Match": '"2"'}))[0] == 200


async def test_a_field_that_is_wrong_is_named_with_what_was_expected_and_what_came(ask: Ask) -> None:
    wrong = {**RULE, "conditions": [{"field": "parameters.amount", "operator": "gt", "value": "much"}]}
    del wrong["expression"]
    status, error = await ask("POST", "/policies", wrong)
    assert (status, error["details"][0]["field"]) == (422, "/conditions/0/value")
    assert error["details"][0]["got"] == "much"
    assert error["details"][0]["expected"]
    await ask("POST", "/policies", RULE)
    status, error = await ask("PATCH", "/policies/mine", {"action": {"type": "explode"}})
    assert (status, error["details"][0]["field"], error["details"][0]["got"]) == (
        422,
        "/action/type",
        "explode",
    )


async def test_an_intent_under_way_keeps_the_schema_it_was_submitted_under(ask: Ask, people: People) -> None:
    kind = {"name": "send_letter", "default_risk_tier": "T1", "schema": {"to": {"type": "string"}}}
    _, made = await ask("POST", "/action-types", kind)
    await ask("POST", "/policies", {"id": "letters", "priority": 5, "expression": "action == 'send_letter'",
                                    "action": {"type": "require_approval"}})  # fmt: skip
    body = {"action": "send_letter", "parameters": {"to": "x"}, "mode": "passback"}
    _, told = await ask("POST", "/agent/intent", body, key="agent")
    stricter = {"schema": {"to": {"type": "string", "minLength": 5}}, "version": made["version"]}
    assert (await ask("PUT", "/action-types/send_letter", stricter))[1]["version"] == 2
    assert (await ask("PUT", "/action-types/send_letter", stricter))[0] == 409
    status, approved = await people.approve("alice", told["approval"]["approval_id"], otp=None)
    assert (status, approved["data"]["intent_status"]) == (200, "approved"), approved
    status, refused = await ask("POST", "/agent/intent", {**body, "idempotency_key": "n"}, key="agent")
    assert (status, refused["code"]) == (422, "validation_failed")
    assert (await ask("GET", "/action-types/send_letter"))[1]["usage_count"] == 1


async def test_a_tenant_keeps_no_more_than_it_may(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MOST, "rules", 1)
    rule = {"name": "a", "priority": 1, "expression": "action == 'x'", "action": {"type": "deny"}}
    assert (await ask("POST", "/policies", {**rule, "id": "a"}))[0] == 201
    status, error = await ask("POST", "/policies", {**rule, "id": "b"})
    assert (status, error["details"][0]["field"]) == (422, "/rules")
    assert (await ask("GET", "/policies?source=api"))[1]["total"] == 1
