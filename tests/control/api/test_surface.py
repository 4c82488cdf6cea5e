"""The published surface, row by row: what is promised is mounted, takes what it is to take, and says its lists.

``MISSING`` is the one place for rows that are promised and not there, each with its reason.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from planes import Control
from vienna_control.api import all_routes
from vienna_control.api.answers import ApprovalStatus, WarrantStatus
from vienna_control.api.openapi import describe
from vienna_control.api.page import PageQuery, write_cursor
from vienna_control.api.problems import STATUS, Code
from vienna_control.api.route import API
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Status
from vienna_kernel.verdict import Reason
from vienna_kernel.verification.result import Result

ROUTES = {(one.method, one.path.removeprefix(API)): one for one in all_routes()}
DOCUMENT = describe(ROUTES.values())

SURFACE = """
POST /auth/login /auth/logout
POST /agent/intent /intent
GET /intents /intents/{id} /intents/{id}/wait /intents/{id}/timeline /intents/{id}/explanation
GET /policies /policies/{id} /policies/{id}/versions /policies/evaluations /policies/templates
POST /policies /policies/{id}/rollback /policies/evaluate /policies/backtest /policies/templates/{id}/import
PUT /policies/{id} /action-types/{id} /fleet/{agent}/trust
PATCH /policies/{id} /fleet/{agent} /integrations/{id}
DELETE /policies/{id} /action-types/{id} /fleet/{agent} /integrations/{id}
GET /action-types /action-types/{id}
POST /action-types /action-types/validate
GET /fleet /fleet/{agent} /fleet/{agent}/activity
POST /fleet /fleet/{agent}/suspend /fleet/{agent}/resume
GET /approvals /approvals/{id}
POST /approvals/{id}/approve /approvals/{id}/deny
GET /warrants /warrants/{id}
POST /warrants/verify /warrants/{id}/revoke /warrants/{id}/consume
POST /executions
GET /executions/{id}
GET /audit /audit/{id} /audit/export /audit/checkpoints /audit/proof/{id} /audit/consistency
POST /audit/verify
GET /integrations /integrations/{id} /integrations/types
POST /integrations /integrations/{id}/test
POST /compliance/reports/generate
GET /compliance/reports /compliance/reports/{id} /compliance/reports/{id}/pdf /compliance/reports/{id}/csv
GET /events /freeze /simulation /simulation/{id} /operators /api-keys /mfa /tenants /health /ready
POST /freeze /unfreeze /simulation /operators /api-keys /tenants
GET /sidecars/bundle /sidecars/stream /mappings /mappings/coverage
POST /sidecars/enrol /sidecars/batch /sidecars/heartbeat /mappings /mappings/test /mappings/import-openapi
POST /ext-authz/{path:.*}
GET /.well-known/jwks.json
"""

MISSING = {
    (
        "POST",
        "/sidecars/batch",
    ): "a gate tells its records on its stream, in order; the batch is for gates without one",
}
"""Promised and not there."""

TAKES = {
    (
        "POST",
        "/agent/intent",
    ): "action source tenant_id parameters context target justification estimated_cost urgency"
    " rollback_plan idempotency_key mode simulation",
    ("POST", "/intent"): "action parameters reason override_tier",
    ("GET", "/intents"): "agent_id action status tier from to limit cursor offset",
    ("GET", "/intents/{id}/wait"): "timeout",
    ("POST", "/policies/evaluate"): "action source parameters context action_type environment time_of_day",
    ("GET", "/policies/evaluations"): "limit decision",
    ("POST", "/policies/{id}/rollback"): "version",
    ("POST", "/policies/backtest"): "bundle rule from to",
    ("POST", "/action-types"): "name description default_risk_tier schema",
    ("POST", "/action-types/validate"): "action_type parameters",
    ("POST", "/fleet"): "name description type trust_score allowed_actions metadata",
    ("POST", "/fleet/{agent}/suspend"): "reason duration",
    ("POST", "/fleet/{agent}/resume"): "reason",
    ("PUT", "/fleet/{agent}/trust"): "trust_score reason",
    ("GET", "/fleet/{agent}/activity"): "limit",
    ("GET", "/approvals"): "status agent_id tier mine",
    ("POST", "/approvals/{id}/approve"): "comment otp webauthn justification narrowed",
    ("POST", "/approvals/{id}/deny"): "reason",
    ("POST", "/warrants/verify"): "token action target parameters request_digest",
    ("POST", "/executions"): "warrant_id success status response_digest extracted duration_ms error",
    ("GET", "/audit"): "agent_id intent_id type action tier result from to",
}
"""Fields of the request that are promised."""


def test_every_promised_row_is_mounted_or_says_why_not() -> None:
    promised = set()
    for line in SURFACE.strip().splitlines():
        method, *paths = line.split()
        promised |= set(itertools.product([method], paths))
    assert promised - set(ROUTES) == set(MISSING), "MISSING is to say what is missing, and no more"


def _schema(ref: dict[str, Any]) -> dict[str, Any]:
    name = ref["$ref"].rpartition("/")[2]
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name]
    return found


@pytest.mark.parametrize("row", TAKES, ids=" ".join)
def test_what_is_promised_to_be_taken_is(row: tuple[str, str]) -> None:
    one = ROUTES[row]
    operation = DOCUMENT["paths"][one.path][one.method.lower()]
    given = {parameter["name"] for parameter in operation["parameters"]}
    if one.body is not None:
        given |= set(_schema(operation["requestBody"]["content"]["application/json"]["schema"])["properties"])
    assert set(TAKES[row].split()) <= given, set(TAKES[row].split()) - given


@pytest.mark.parametrize(
    "wanted",
    [
        [one.value for one in Status],
        [one.value for one in Result],
        [one.value for one in Reason],
        [one.value for one in EntryType],
        [one.value for one in Code],
        ApprovalStatus.__value__.__args__,
        WarrantStatus.__value__.__args__,
    ],
    ids=["intents", "verifications", "reasons", "entries", "errors", "approvals", "warrants"],
)
def test_closed_lists_are_enums_of_the_document(wanted: list[str]) -> None:
    assert any(set(found) == set(wanted) for found in _enums(DOCUMENT))


def _enums(node: Any) -> list[list[Any]]:
    if isinstance(node, dict):
        own = [node["enum"]] if isinstance(node.get("enum"), list) else []
        return own + [found for value in node.values() for found in _enums(value)]
    return [found for value in node for found in _enums(value)] if isinstance(node, list) else []


def test_each_error_code_has_one_status() -> None:
    assert set(STATUS) == set(Code)


LISTS = [
    one.path
    for one in ROUTES.values()
    if one.method == "GET"
    and one.query is not None
    and issubclass(one.query, PageQuery)
    and "{" not in one.path
]


async def test_every_list_is_a_page(control: Control) -> None:
    """Items under a noun of its own, a total, and a cursor that leads on; bounds and strange cursors are named."""
    assert len(LISTS) > 20
    await control.app.sequencer.flush()  # else an entry gets its index from one page to the next
    for path in LISTS:
        status, answer, _ = await control.ask("GET", f"{path}?limit=1", key="ada")
        assert status == 200, (path, answer)
        page = answer["data"]
        nouns = [name for name, value in page.items() if isinstance(value, list)]
        assert nouns, path
        assert len(page[nouns[0]]) <= 1, path
        assert page["has_more"] == (page["total"] > 1) == (page["next_cursor"] is not None), path
        if page["has_more"]:
            _, after, _ = await control.ask("GET", f"{path}?limit=1&cursor={page['next_cursor']}", key="ada")
            _, offset, _ = await control.ask("GET", f"{path}?limit=1&offset=1", key="ada")
            assert after["data"][nouns[0]] == offset["data"][nouns[0]] != page[nouns[0]], path
        for wrong, field in (
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("offset=-1", "offset"),
            ("x=1", "x"),
        ):
            status, answer, _ = await control.ask("GET", f"{path}?{wrong}", key="ada")
            (detail,) = answer["error"]["details"]
            assert (status, detail["field"]) == (422, f"?/{field}"), path
            assert {"expected", "got"} <= detail.keys(), path
        for cursor in ("*", "QUJD=", write_cursor("\udcff".encode("utf-8", "surrogatepass"))[:5] + "!"):
            status, answer, _ = await control.ask("GET", f"{path}?cursor={cursor}", key="ada")
            assert (status, answer["error"]["code"]) == (400, "invalid_request"), (path, cursor)


async def test_what_comes_while_somebody_reads_is_neither_shown_twice_nor_moves_the_rest(
    control: Control,
) -> None:
    async def add(name: str) -> None:
        body = {"action": "create_ticket", "parameters": {"subject": name}}
        assert (await control.ask("POST", f"{API}/agent/intent", key="agent", body=body))[0] == 200

    async def page(tail: str = "") -> Any:
        return (await control.ask("GET", f"{API}/intents?limit=2{tail}", key="ada"))[1]["data"]

    for name in ("one", "two", "three", "four"):
        await add(name)
    first = await page()
    await add("five")
    second = await page(f"&cursor={first['next_cursor']}")
    seen = [one["intent_id"] for one in first["intents"] + second["intents"]]
    assert len(set(seen)) == 4
    assert seen == sorted(seen, reverse=True)
    assert (second["total"], second["has_more"]) == (5, False)


@pytest.mark.parametrize("instant", ["2026-03-02T12:00:00+02:00", "2026-03-02T10:00:00Z"])
async def test_an_instant_counts_whatever_its_zone(control: Control, instant: str) -> None:
    body = {"action": "create_ticket", "parameters": {"subject": "late"}}
    assert (await control.ask("POST", f"{API}/agent/intent", key="agent", body=body))[0] == 200
    for name, total in (("from", 1), ("to", 0)):
        params = {name: instant}
        _, answer, _ = await control.ask("GET", f"{API}/intents", key="ada", params=params)
        assert answer["data"]["total"] == total, name
    status, _, _ = await control.ask("GET", f"{API}/intents", key="ada", params={"from": "yesterday"})
    assert status == 422
