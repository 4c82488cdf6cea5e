"""``mappings learn`` and ``coverage`` against a running control plane and gate."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.vienna import Vienna, until

pytestmark = pytest.mark.journey

HOST = "unmapped.example"
ORDER = "https://payments.example/v1/orders/O-1"


def as_dora(cli: Any, vienna: Vienna, *arguments: str) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = cli.by(vienna, "dora")("mappings", *arguments, timeout=90)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done


@pytest.fixture
def observing(vienna: Vienna) -> Vienna:
    """A gate that lets everything pass, and says what would have been."""
    vienna.post(f"/fleet/{vienna.AGENT}/promote", to="observe", confirm=True)
    until(
        "the gate to hear of it", lambda: vienna.call("GET", ORDER).headers["vienna-decision"] == "observed"
    )
    return vienna


def test_what_no_mapping_reads_is_learned_and_counted(cli: Any, observing: Vienna) -> None:
    vienna = observing
    for number in (17, 18, 19):
        vienna.call("GET", f"https://{HOST}/v1/tickets/{number}?expand=canary")
    vienna.call(
        "POST",
        f"https://{HOST}/v1/tickets",
        json={"title": "canary", "labels": ["canary"], "api_token": "canary"},
    )
    vienna.call("POST", f"https://{HOST}/v1/tickets/17/close", data={"reason": "canary"})

    told = json.loads(as_dora(cli, vienna, "coverage", "-o", "json").stdout)
    orders = told["mapped"]
    assert orders >= 1
    assert [(row["host"], row["calls"], row["mapped"]) for row in told["hosts"]] == [
        (HOST, 5, 0),
        ("payments.example", orders, orders),
    ]
    assert [(row["method"], row["path"], row["calls"], row["agents"]) for row in told["unmapped"]] == [
        ("GET", "/v1/tickets/{}", 3, 1),
        ("POST", "/v1/tickets", 1, 1),
        ("POST", "/v1/tickets/{}/close", 1, 1),
    ]
    seen = {row["action"]: row["calls"] for row in told["actions"] if row["mapping"] == "toy_payments"}
    assert seen["get_order"] == orders

    done = as_dora(cli, vienna, "learn", "--since", "1h", "-o", "policies")
    assert "3 actions, each a guess" in done.stderr
    text = Path(cli.folder, "policies", "unmapped.yaml").read_text()
    assert "  # seen 3 times by 1 agent\n" in text
    assert "canary" not in text
    assert "title: {from: json}" in text
    assert "labels: {from: json, type: string_list}" in text
    assert "api_token: {from: json, redact: true}" in text
    assert "reason: {from: form}" in text
    assert "3 cases passed" in as_dora(cli, vienna, "test", "--strict", "policies").stderr

    other = as_dora(cli, vienna, "learn", "--host", "elsewhere.example")
    assert other.stdout == ""
    assert "every recorded call is mapped, or there is none" in other.stderr
