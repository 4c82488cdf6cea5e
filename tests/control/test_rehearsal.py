"""A control plane whose people agree to everything: whoever a rule asks for is there, what is denied stays denied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

KEY = "vos_agent_k1_0123456789abcdef0123456789abcdef"
MODULE = "vienna_control.rehearsal"


def asks(action: str, **approvals: Any) -> dict[str, Any]:
    """A rule that asks people about one action."""
    then = {"action": "require_approval", "approvals": approvals}
    return {"id": action.replace("_", "-"), "when": f"action == '{action}'", "then": then}


RULES = [
    asks("create_refund", count=5, groups=["finance"]),
    asks("create_issue", roles=["admin", "approver", "security"], executive=True),
    asks("update_issue", people=["cfo@example.com", "op-17"], justification=True, rollback_plan=True),
    {"id": "never", "when": "action == 'comment_issue'", "then": {"action": "deny", "reason": "no comment"}},
]
ISSUE = {"owner": "a", "repo": "b", "title": "t"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """The agent's and the admin's client of one that runs."""
    folder = tmp_path_factory.mktemp("rehearsal")
    (folder / "policies").mkdir()
    page = {"apiVersion": "vienna/v1", "kind": "Rules", "id": "asked", "default": "deny", "rules": RULES}
    (folder / "policies" / "rules.yaml").write_text(yaml.safe_dump(page))
    agents = [{"name": "bot", "api_key": KEY, "allowed_actions": ["*"]}]
    (folder / "vienna.yaml").write_text(yaml.safe_dump({"bootstrap": {"agents": agents}}))
    arguments = ["-c", "vienna.yaml", "--listen", "127.0.0.1:0", "--data-dir", "data", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "VIENNA_ENV": "test", "VIENNA_LOG_LEVEL": "warning"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    ready = json.loads(process.stdout.readline())
    admin = json.loads((folder / "data" / "admin.json").read_text())["api_key"]
    try:
        with client(ready["control"], KEY) as one, client(ready["control"], admin) as other:
            yield one, other
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()


def client(url: str, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"{url}/api/v1", headers=headers, trust_env=False, timeout=30)


def submitted(agent: httpx.Client, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The intent, once it is decided."""
    answer = agent.post(
        "/agent/intent", json={"action": action, "parameters": parameters, "mode": "passback"}
    )
    intent_id = answer.json()["data"]["intent_id"]
    decided: dict[str, Any] = agent.get(f"/intents/{intent_id}/wait", params={"timeout": 20}).json()["data"]
    return decided


@pytest.mark.parametrize(
    ("action", "parameters", "people"),
    [
        pytest.param(
            "create_refund", {"charge": "ch_1", "amount": 50, "currency": "EUR"}, 5, id="five of a group"
        ),
        pytest.param("create_issue", ISSUE, 3, id="one each of three roles, and an executive"),
        pytest.param("update_issue", {**ISSUE, "number": 1}, 2, id="two people by name"),
    ],
)
def test_whoever_is_asked_agrees_at_once(
    agent: tuple[httpx.Client, httpx.Client], action: str, parameters: dict[str, Any], people: int
) -> None:
    decided = submitted(agent[0], action, parameters)
    assert decided["status"] == "approved", decided
    approval = agent[1].get(f"/approvals/{decided['approval_id']}").json()["data"]
    assert len(approval["votes"]) >= people
    assert {vote["comment"] for vote in approval["votes"]} == {"approve-all: nobody was asked"}


def test_the_trail_says_who_agreed(agent: tuple[httpx.Client, httpx.Client]) -> None:
    decided = submitted(agent[0], "create_refund", {"charge": "ch_2", "amount": 7, "currency": "EUR"})
    query = {"intent_id": decided["intent_id"], "type": "approval_vote,approval_resolved"}
    entries = agent[1].get("/audit", params=query).json()["data"]["entries"]
    assert {entry["actor"] for entry in entries} == {f"operator:approve-all-{n}" for n in range(1, 6)}


def test_what_policy_denies_stays_denied(agent: tuple[httpx.Client, httpx.Client]) -> None:
    body = {"owner": "a", "repo": "b", "number": 1, "body": "x"}
    answer = (
        agent[0].post("/agent/intent", json={"action": "comment_issue", "parameters": body}).json()["data"]
    )
    assert (answer["status"], answer["rule"]) == ("denied", "never")


def test_a_rule_that_comes_later_finds_its_people(agent: tuple[httpx.Client, httpx.Client]) -> None:
    condition = {"field": "action", "operator": "equals", "value": "create_ticket"}
    rule = {
        "name": "tickets",
        "priority": 500,
        "conditions": [condition],
        "action": {"type": "require_approval", "approvals": {"count": 1, "groups": ["not-there-before"]}},
    }
    made = agent[1].post("/policies", json=rule)
    assert made.is_success, made.text
    decided = submitted(agent[0], "create_ticket", {"subject": "Printer on fire"})
    assert decided["status"] == "approved", decided


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_it_is_for_dev_and_test_only(tmp_path: Path, environment: str) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "VIENNA_ENV": environment,
        "VIENNA_SECRET_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978",
    }
    (tmp_path / "vienna.yaml").write_text("control: {public_url: 'https://vienna.example.com'}\n")
    arguments = ["-c", "vienna.yaml", "--listen", "127.0.0.1:0", "--data-dir", "data"]
    done = subprocess.run(
        [sys.executable, "-m", MODULE, *arguments],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "the rehearsal is for VIENNA_ENV=dev or test only" in done.stderr
    assert not (tmp_path / "data").exists()
