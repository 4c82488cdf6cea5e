"""The nouns of the command line against a running control plane and gate, as an operator uses them."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

import httpx
import pytest

from harness.vienna import Vienna, in_background, until

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}


class Operator:
    """``vienna`` as one person."""

    def __init__(self, cli: Any, vienna: Vienna, who: str) -> None:
        self.cli = cli.by(vienna, who)
        self.environ = self.cli.environ

    def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = self.cli(*arguments)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def data(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "-o", "json", code=code).stdout)


def test_a_refund_from_the_queue_to_the_trail(cli: Any, vienna: Vienna) -> None:
    alice, bob, dora = (Operator(cli, vienna, who) for who in ("alice", "bob", "dora"))
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        approval_id = approval["approval_id"]

        assert alice("approvals", "ls", "-q").stdout.split() == [approval_id]
        assert "refund 5,000.00 EUR of order ORD-1" in alice("approvals", "ls").stdout
        shown = alice("approvals", "show", approval_id).stdout
        assert "POST https://payments.example/v1/refunds" in shown
        assert "create_refund on payments:order/ORD-1 (spend, irreversible)" in shown

        # A code is needed and there is no terminal to ask at: the control plane says so.
        assert "code" in alice("approvals", "approve", approval_id, code=3).stderr
        first = alice.data("approvals", "approve", approval_id, "--otp", vienna.people["alice"].code())
        assert (first["status"], first["current_approvals"]) == ("pending", 1)
        assert "approvals" not in alice("approvals", "approve", approval_id, "--otp", "000000", code=1).stdout
        second = bob.data("approvals", "approve", approval_id, "--otp", vienna.people["bob"].code())
        assert second["status"] == "approved"
        answer: httpx.Response = call.result()
    assert answer.status_code == 200
    intent_id, warrant_id = answer.headers["vienna-intent"], answer.headers["vienna-warrant-id"]

    assert "approved" in alice("approvals", "ls", "--status", "all").stdout
    assert "already approved" in alice("approvals", "deny", approval_id, "--reason", "late", code=1).stderr
    assert dora("traffic", "tail", "-q").stdout.split()[-1] == intent_id
    assert "verification  match" in dora("traffic", "show", intent_id).stdout
    told = dora("explain", intent_id).stdout
    assert "refunds-need-two" in told
    assert (
        told.index("intent_submitted") < told.index("warrant_consumed") < told.index("verification_complete")
    )
    assert set(dora.data("explain", intent_id)) == {"intent", "explanation", "timeline"}

    warrant = dora.data("warrants", "show", warrant_id)
    assert warrant["status"] == "consumed"
    used = dora.data("warrants", "verify", warrant["token"], code=5)
    assert dora.data("warrants", "verify", warrant["warrant_id"], code=5) == used
    assert (used["valid"], used["consumed"]) == (False, True)
    keys = cli.folder / "jwks.json"
    keys.write_text(httpx.get(f"{vienna.url}/.well-known/jwks.json", timeout=60, trust_env=False).text)
    offline = dora.data("warrants", "verify", warrant["token"], "--keys", str(keys))
    assert offline["valid"] is True
    assert "known to the control plane alone" in offline["checked"]
    forged = warrant["token"][:-8] + "AAAAAAAA"
    assert (
        dora.data("warrants", "verify", forged, "--keys", str(keys), code=5)["reason"] == "warrant_signature"
    )

    assert "verification_complete" in dora("audit", "tail", "-n", "50").stdout
    assert dora.data("audit", "verify")["valid"] is True
    _edit(vienna)
    assert "broken at entry 3" in dora("audit", "verify", code=5).stderr


def test_agents_are_shown_stopped_and_moved(cli: Any, vienna: Vienna) -> None:
    dora = Operator(cli, vienna, "dora")
    vienna.call("GET", "https://payments.example/v1/orders/O-1")
    assert vienna.AGENT in dora("agents", "ls").stdout
    assert "enforcement      enforce" in dora("agents", "show", vienna.AGENT).stdout

    assert "--reason" in dora("agents", "suspend", vienna.AGENT, code=2).stderr
    assert "--yes" in dora("agents", "suspend", vienna.AGENT, "--reason", "drill", code=2).stderr
    stopped = dora.data("agents", "suspend", vienna.AGENT, "--reason", "drill", "--yes")
    assert stopped["status"] == "suspended"
    assert dora.data("agents", "resume", vienna.AGENT, "--reason", "over")["status"] == "active"

    down = dora("agents", "promote", vienna.AGENT, "--to", "observe", "--yes")
    assert "calls in" in down.stderr
    assert dora.data("agents", "show", vienna.AGENT)["enforcement"] == "observe"
    assert dora.data("agents", "promote", vienna.AGENT, "--yes")["enforcement"] == "enforce_high"
    assert "unknown rung" in dora("agents", "promote", vienna.AGENT, "--to", "up", code=2).stderr


def test_a_gate_is_listed_shown_and_revoked(cli: Any, vienna: Vienna) -> None:
    dora = Operator(cli, vienna, "dora")
    order = "https://payments.example/v1/orders/O-1"
    assert vienna.call("GET", order).status_code == 200
    (gate,) = dora("sidecars", "ls", "-q").stdout.split()
    assert "connected" in dora("sidecars", "ls").stdout
    shown = dora.data("sidecars", "show", gate)
    assert (shown["agent"], shown["bundle_current"], shown["gaps"]) == (vienna.AGENT, True, 0)
    assert "--yes" in dora("sidecars", "revoke", gate, "--reason", "drill", code=2).stderr
    assert Operator(cli, vienna, "eve")("sidecars", "revoke", gate, "--reason", "x", "--yes", code=3)
    assert dora.data("sidecars", "revoke", gate, "--reason", "drill", "--yes")["state"] == "revoked"
    until("refusals", lambda: vienna.call("GET", order).status_code >= 500)


def test_a_freeze_is_made_shown_and_lifted_by_two(cli: Any, vienna: Vienna) -> None:
    dora, dirk = (Operator(cli, vienna, who) for who in ("dora", "dirk"))
    why = ("--reason", "drill")
    assert "say what" in dora("freeze", *why, code=2).stderr
    assert "--yes" in dora("freeze", "--all", *why, code=2).stderr
    made = dora.data("freeze", "--agent", vienna.AGENT, "--host", "payments.example", *why, "--yes")
    assert made["scope"]["host"] == "payments.example"
    assert made["freeze_id"] in dora("freeze", "status").stdout
    assert "a second admin" in dora("unfreeze", *why, code=4).stderr
    assert dirk.data("unfreeze", made["freeze_id"], *why)["step"] == "done"
    assert "nothing is frozen" in dirk("unfreeze", *why, code=2).stderr


def test_budgets_show_what_is_left(cli: Any, vienna: Vienna) -> None:
    dora = Operator(cli, vienna, "dora")
    vienna.post(
        "/policies",
        priority=1000,
        expression="action == 'get_order'",
        action={"type": "allow"},
        limits={"budget": {"name": "reads", "window": "1h", "max": 5, "over": "count"}},
    )
    assert dora.data("policies", "budgets") == []
    assert vienna.call("GET", "https://payments.example/v1/orders/O-1").status_code == 200
    (row,) = dora.data("policies", "budgets", "reads")
    assert (row["account"], row["spent"], row["remaining"]) == (vienna.AGENT, "1", "4")
    assert vienna.AGENT in dora("policies", "budgets").stdout


def test_who_may_not_is_told_so(cli: Any, vienna: Vienna) -> None:
    eve = Operator(cli, vienna, "eve")
    assert (
        "this is for: admin"
        in eve("agents", "suspend", vienna.AGENT, "--reason", "x", "--yes", code=3).stderr
    )
    eve.environ["VIENNA_API_KEY"] = "vos_live_k1_nobody-knows-this-key"
    eve("approvals", "ls", code=3)
    eve.environ["VIENNA_API_KEY"] = vienna.people["eve"].api_key
    assert "no approval" in eve("approvals", "show", "apr-none", code=1).stderr
    eve.environ["VIENNA_URL"] = "http://127.0.0.1:1"
    assert "vienna up" in eve("approvals", "ls", code=6).stderr
    assert "yaml" in eve("approvals", "ls", "-o", "xml", code=2).stderr


def test_watching_shows_what_comes(cli: Any, vienna: Vienna) -> None:
    alice = Operator(cli, vienna, "alice")
    watching = subprocess.Popen(
        [sys.executable, "-m", "vienna_cli", "approvals", "watch", "-o", "jsonl"],
        cwd=cli.folder,
        env=alice.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert watching.stdout
    assert watching.stderr
    try:
        assert "watching" in watching.stderr.readline()
        with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
            seen = json.loads(watching.stdout.readline())
            assert seen["sentence"].startswith("billing-bot wants to refund")
            Operator(cli, vienna, "bob")("approvals", "deny", seen["approval_id"], "--reason", "no")
            assert call.result().status_code == 403
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 130
        watching.stdout.close()
        watching.stderr.close()


def _edit(vienna: Vienna) -> None:
    with closing(sqlite3.connect(vienna.database, timeout=30)) as db, db:
        body = bytearray(db.execute("SELECT body FROM entries WHERE idx = 3").fetchone()[0])
        body[10] ^= 1
        db.execute("UPDATE entries SET body = ? WHERE idx = 3", (bytes(body),))
