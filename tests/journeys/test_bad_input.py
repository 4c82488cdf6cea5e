"""Bad input of every kind: a clear error, the right exit, nothing lost and nothing sent."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.vienna import Vienna, in_background

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}


def refuses_to_start(module: str, folder: Path, config: str, *arguments: str) -> str:
    """What a process says that must not start; it says it in a sentence, not in a traceback."""
    file = folder / "vienna.yaml"
    file.write_text(config)
    command = [sys.executable, "-m", module, "-c", str(file), "--json", *arguments]
    env = {**os.environ, "VIENNA_ENV": "test"}
    run = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode != 0, run.stdout
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    return run.stderr


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("control:\n  listne: 127.0.0.1:0\n", ["vienna.yaml:2:3", "listne", "did you mean 'listen'"]),
        ("contorl: {}\n", ["vienna.yaml:1:1", "contorl", "did you mean 'control'"]),
        ("control:\n  listen: 5\n", ["vienna.yaml:2:3"]),
        ("control: [\n", ["vienna.yaml:2:1", "not YAML"]),
        ("control:\n  database: postgresql://x\n", ["PostgreSQL is not supported"]),
    ],
)
def test_a_bad_setting_of_the_control_plane(tmp_path: Path, config: str, says: list[str]) -> None:
    error = refuses_to_start("vienna_control", tmp_path, config)
    assert all(text in error for text in says), error


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("gate:\n  agnet: x\n", ["vienna.yaml:2:3", "agnet", "did you mean 'agent'"]),
        ("gate:\n  mode: socks5\n", ["expected regular, transparent or reverse:https://host"]),
        ("gate:\n  upstream_ca: nowhere.pem\n", ["nowhere.pem"]),
    ],
)
def test_a_bad_setting_of_the_gate(tmp_path: Path, config: str, says: list[str]) -> None:
    error = refuses_to_start("vienna_proxy", tmp_path, config, "--listen", "127.0.0.1:0")
    assert all(text in error for text in says), error


@pytest.mark.parametrize("module", ["vienna_control", "vienna_proxy"])
def test_a_port_in_use_is_named(tmp_path: Path, module: str, vienna: Vienna) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        given = ["--listen", address]
        if module == "vienna_proxy":
            given += ["--control", vienna.url, "--key-file", vienna.control.ready["join_token"]]
        folder = tmp_path / "other"
        folder.mkdir()
        error = refuses_to_start(module, folder, "", *given)
    assert address in error
    assert "in use" in error


def test_a_policy_with_an_unknown_operator_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "mine.yaml").write_text(
        "apiVersion: vienna/v1\nkind: Rules\nid: mine\nrules:\n  - id: a\n    name: A\n    when:\n"
        "      - {field: action, operator: equlas, value: x}\n    then: {action: allow}\n"
    )
    error = refuses_to_start("vienna_control", tmp_path, "", "--listen", "127.0.0.1:0")
    assert "mine.yaml:8:" in error
    assert "equals" in error


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b'{"order": "O", "order": "P"}', {}, 400, "undecodable_body"),
        (b'{"order": ', {}, 400, "undecodable_body"),
        (b"\xff\xfe", {}, 400, "undecodable_body"),
        (b"{}", {"Content-Encoding": "gzip"}, 415, "unsupported_encoding"),
        (b"{}", {"X-HTTP-Method-Override": "GET"}, 400, "method_override"),
        (b'{"order": "O", "subject": "x", "extra": 1}', {}, 400, "unknown_parameter"),
        (b"[" * 100_000, {}, 413, "body_too_large"),
    ],
    ids=["key twice", "cut", "not UTF-8", "coded", "override", "unknown parameter", "too large"],
)
def test_a_body_without_one_reading_is_refused(
    shared: Vienna, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    before = len(shared.upstream.received)
    answer = shared.call(
        "POST", REFUNDS, content=body, headers={"Content-Type": "application/json", **headers}
    )
    assert (answer.status_code, answer.headers["vienna-reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(shared.upstream.received) == before


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://payments.example/v1/%2e%2e/v1/orders/O-1", "target_not_canonical"),
        ("https://payments.example//v1/orders/O-1", "target_not_canonical"),
        ("http://127.0.0.1:1/", "address_refused"),
        ("http://169.254.10.20/latest/meta-data", "address_refused"),
    ],
)
def test_a_target_that_is_not_plain_is_refused(shared: Vienna, url: str, reason: str) -> None:
    answer = shared.call("GET", url)
    assert answer.status_code in (400, 403)
    assert answer.headers["vienna-reason"] == reason


def test_the_control_plane_cannot_be_reached_through_the_gate(shared: Vienna) -> None:
    answer = shared.call("GET", f"{shared.url}/api/v1/approvals")
    assert answer.headers["vienna-reason"] == "address_refused"


def test_a_decided_approval_stays_decided(shared: Vienna) -> None:
    with in_background(lambda: shared.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = shared.pending()
        shared.deny(approval, "alice", "no")
        assert call.result().status_code == 403
    for verb, body in (("approve", {}), ("deny", {"reason": "again"})):
        late = shared.vote(approval, "bob", verb, **body)
        assert (late.status_code, late.json()["error"]["code"]) == (409, "already_decided")


def test_what_nobody_may_without_a_credential(shared: Vienna) -> None:
    api: Callable[..., Any] = shared.api("eve").get
    assert (
        api("approvals", headers={"Authorization": "Bearer vos_live_k1_nonsense-of-some-length"}).status_code
        == 401
    )
    assert api("approvals", headers={"Authorization": ""}).status_code == 401
    assert shared.api("agent").get("audit").status_code == 403


def test_a_plain_http_call_is_governed_too(shared: Vienna) -> None:
    answer = shared.call("POST", "http://unmapped.example/x", json={})
    assert answer.headers["vienna-reason"] == "unmapped_action"
