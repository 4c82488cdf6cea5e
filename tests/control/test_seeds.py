"""What the documents that this grew from got wrong, a row each, and the tests that hold the other way."""

from __future__ import annotations

import ast
import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from people import People
from planes import Control
from vienna_kernel.keyring import b64url, unb64url

TESTS = Path(__file__).parents[1]

HELD: dict[str, tuple[str, ...]] = {
    "a list of keys where a replacer was meant: nested scope is not signed": (
        "control/test_seeds.py::test_every_value_however_deep_is_signed",
        "control/api/test_warrants.py::test_a_genuine_one_is_valid_for_what_it_names_and_nothing_else",
    ),
    "HMAC gives non-repudiation": (
        "control/test_seeds.py::test_whoever_can_verify_cannot_forge",
        "control/test_config.py::test_unsafe_settings_stop_the_start",
        "control/test_config.py::test_hmac_warrants_are_taken_where_they_are_allowed_by_name",
        "kernel/test_signing.py::test_hs256_is_a_key_of_its_own",
    ),
    "one secret for warrants and sessions": (
        "control/test_seeds.py::test_each_purpose_has_a_key_of_its_own",
        "kernel/test_keyring.py::test_a_key_serves_its_purpose_and_no_other",
    ),
    "policy reads time, environment, trust and agent from the agent's JSON": (
        "control/test_seeds.py::test_what_an_agent_says_of_itself_governs_nothing",
        "kernel/policy/test_judge.py::test_what_an_agent_claims_is_no_fact_of_ours",
        "control/api/test_access.py::test_roles_times_routes_over_http",
    ),
    "an action that contains 'read' is allowed": (
        "control/test_seeds.py::test_a_name_that_sounds_harmless_is_no_registered_action",
        "kernel/policy/test_lint.py::test_warns",
    ),
    "dedupe for 5 s, one retry, single use": (
        "control/test_intents_api.py::test_an_idempotency_key_names_one_intent",
        "control/test_pipeline.py::test_the_same_attempt_asked_again_gets_the_same_warrant_and_no_second_one",
        "control/intake/test_replay.py::test_a_marked_retry_within_the_replay_window_is_the_call_it_repeats",
        "control/intake/test_replay.py::test_the_same_idempotency_key_is_the_same_call_for_a_day",
    ),
    "trust rises by itself and lowers tiers": (
        "control/test_seeds.py::test_trust_that_rose_lowers_nothing",
        "control/test_fleet_api.py::test_ten_verified_successes_raise_trust_once",
    ),
    "any gap in the hash chain is detectable": (
        "kernel/ledger/test_trail.py::test_a_cut_tail",
        "kernel/ledger/test_trail.py::test_a_rebuilt_chain",
        "kernel/ledger/test_trail.py::test_a_restored_backup_that_went_on_is_a_fork",
        "control/audit/test_sequencer.py::test_two_sequencers_do_not_fork",
        "control/audit/test_sequencer.py::test_a_restored_backup_stops_the_start",
    ),
    "simulation on, CORS for all, a login's key for ever, port 80": (
        "control/test_config.py::test_unsafe_settings_stop_the_start",
        "control/api/test_auth.py::test_a_login_gives_a_session_and_a_key_that_ends_with_it",
    ),
    "passback: the agent executes with the warrant": (
        "control/test_intents_api.py::test_passback_from_submission_to_report",
        "control/test_intents_api.py::test_an_agents_word_about_a_call_of_its_gate_settles_nothing",
        "control/api/test_executions.py::test_an_agent_cannot_tell_the_outcome_of_a_call_that_its_gate_sent",
    ),
}
"""What was said, and the tests that show that it is otherwise here."""


@pytest.mark.parametrize("said", HELD)
def test_each_row_is_held_by_tests_that_are_there(said: str) -> None:
    for name in HELD[said]:
        file, _, test = name.partition("::")
        tree = ast.parse((TESTS / file).read_text())
        found = [
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        assert test in found, name


@pytest.fixture
async def token(control: Control, people: People) -> str:
    """Of a warrant with a scope that has something in it."""
    body = {"action": "create_ticket", "parameters": {"subject": "late"}, "mode": "passback"}
    _, asked, _ = await control.ask("POST", "/api/v1/agent/intent", key="agent", body=body)
    approval = asked["data"]["approval"]["approval_id"]
    assert (await people.approve("carol", approval, otp=None))[0] == 200
    _, told, _ = await control.ask("GET", f"/api/v1/intents/{asked['data']['intent_id']}", key="agent")
    found: str = told["data"]["warrant"]["token"]
    return found


async def verified(control: Control, token: str) -> dict[str, Any]:
    _, answer, _ = await control.ask("POST", "/api/v1/warrants/verify", key="audrey", body={"token": token})
    data: dict[str, Any] = answer["data"]
    return data


def _changed(value: Any) -> Iterator[Any]:
    """The same with one value changed, for each value at any depth."""
    if isinstance(value, dict):
        for name in value:
            for one in _changed(value[name]):
                yield {**value, name: one}
    elif isinstance(value, list):
        for at, member in enumerate(value):
            for one in _changed(member):
                yield [*value[:at], one, *value[at + 1 :]]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value * 10 + 1
    else:
        yield f"{value}0"


async def test_every_value_however_deep_is_signed(control: Control, token: str) -> None:
    assert (await verified(control, token))["valid"]
    head, payload, signature = token.split(".")
    claims = orjson.loads(unb64url(payload))
    tried = 0
    for forged in _changed(claims):
        told = await verified(control, f"{head}.{b64url(orjson.dumps(forged))}.{signature}")
        assert not told["valid"], forged
        tried += 1
    assert tried > 20


async def test_whoever_can_verify_cannot_forge(control: Control, token: str) -> None:
    """What is published verifies; as a secret, in whatever spelling, it signs nothing."""
    head, payload, _ = token.split(".")
    (key,) = [
        one
        for one in control.app.authority.jwks()["keys"]
        if one["kid"] == orjson.loads(unb64url(head))["kid"]
    ]
    assert (key["kty"], "d" in key, "k" in key) == ("OKP", False, False)
    for algorithm in ("HS256", "none", "EdDSA"):
        forged_head = b64url(orjson.dumps({**orjson.loads(unb64url(head)), "alg": algorithm}))
        signed = f"{forged_head}.{payload}".encode()
        for secret in (unb64url(key["x"]), key["x"].encode(), orjson.dumps(key), b""):
            made = b64url(hmac.new(secret, signed, hashlib.sha256).digest())
            for signature in (made, ""):
                assert not (await verified(control, f"{forged_head}.{payload}.{signature}"))["valid"]


def test_each_purpose_has_a_key_of_its_own(control: Control) -> None:
    authority = control.app.authority
    published = {one["kid"]: one["x"] for one in authority.jwks()["keys"]}
    keys = {
        "warrants": published[authority.warrant_kid],
        "log": authority.log_public.jwk()["x"],
        "bundles": authority.bundle_jwk["x"],
        "redaction": b64url(authority.redaction_key("default")),
    }
    assert len(set(keys.values())) == len(keys)
    assert keys["redaction"] not in published.values()


async def test_what_an_agent_says_of_itself_governs_nothing(control: Control) -> None:
    """Time, environment, trust and name come from the clock, the registry and the credential."""
    allows = {
        "id": "claims-rule",
        "priority": 5000,
        "expression": "environment == 'sandbox' OR trust_score > 90 OR agent_id == 'root-bot'"
        " OR time_of_day time_between ['00:00', '01:00']",
        "action": {"type": "allow"},
    }
    status, told, _ = await control.ask("POST", "/api/v1/policies", key="oscar", body=allows)
    assert status == 201, told
    said = {"environment": "sandbox", "trust_score": 100, "agent_id": "root-bot", "time_of_day": "00:30"}
    body = {
        "action": "create_ticket",
        "parameters": {"subject": "late"},
        "context": {**said, "agent": said, "claimed": said},
        "source": {"platform": "trusted", "agent_id": "root-bot"},
        "estimated_cost": 0,
    }
    headers = {"X-Agent-Id": "root-bot", "X-Tenant-Id": "other", "X-Forwarded-User": "ada@example.com"}
    status, told, _ = await control.ask(
        "POST", "/api/v1/agent/intent", key="agent", body=body, headers=headers
    )
    assert (status, told["data"]["status"]) == (200, "pending_approval"), told
    _, kept, _ = await control.ask("GET", f"/api/v1/intents/{told['data']['intent_id']}", key="ada")
    assert kept["data"]["agent"] == "billing-bot" or kept["data"]["agent_id"].startswith("agt-")


async def test_a_name_that_sounds_harmless_is_no_registered_action(control: Control) -> None:
    for action in ("thread_delete", "read_and_drop", "get_order.delete"):
        body = {"action": action, "parameters": {}}
        _, told, _ = await control.ask("POST", "/api/v1/agent/intent", key="agent", body=body)
        assert told["data"]["status"] == "denied", action


async def test_trust_that_rose_lowers_nothing(control: Control, people: People) -> None:
    tiers = {}
    for score in (50, 100, 0):
        change = {"trust_score": score, "reason": "a try"}
        assert (await people.ask("oscar", "PUT", "/fleet/billing-bot/trust", change))[0] == 200
        body = {"action": "create_ticket", "parameters": {"subject": f"late {score}"}}
        _, told, _ = await control.ask("POST", "/api/v1/agent/intent", key="agent", body=body)
        tiers[score] = (told["data"]["status"], told["data"]["risk_tier"])
    assert tiers[100] == tiers[50] == ("pending_approval", "T1")
    assert tiers[0] >= tiers[50], "trust that fell does not lower it either"
