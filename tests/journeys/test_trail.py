"""The trail is whole, or it says where it is not."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from harness import laws
from harness.vienna import Vienna, in_background, until

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}


def a_day(vienna: Vienna) -> None:
    vienna.call("GET", "https://payments.example/v1/orders/O-1")
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice", "bob")
        assert call.result().status_code == 200


def all_sequenced(vienna: Vienna) -> bool:
    with closing(sqlite3.connect(vienna.database)) as db:
        return bool(db.execute("SELECT count(*) = count(idx) FROM entries").fetchone()[0])


def edit(vienna: Vienna, statement: str, *values: object) -> None:
    """What a database administrator can do."""
    with closing(sqlite3.connect(vienna.database, timeout=30)) as db, db:
        assert db.execute(statement, values).rowcount == 1


def verify_offline(vienna: Vienna, keys: Path) -> subprocess.CompletedProcess[str]:
    """By somebody with a copy of the file and the public keys, no process of ours running."""
    command = [sys.executable, "-m", "vienna_cli", "audit", "verify", "-o", "json"]
    command += ["--db", str(vienna.database), "--key", str(keys)]
    env = {**os.environ, "VIENNA_ENV": "test"}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_an_edited_byte_is_found_and_named(vienna: Vienna) -> None:
    a_day(vienna)
    until("the sequencer", lambda: all_sequenced(vienna))
    laws.check(vienna)
    with closing(sqlite3.connect(vienna.database)) as db:
        identity, index, body = db.execute("SELECT id, idx, body FROM entries WHERE idx = 5").fetchone()
    changed = bytearray(body)
    changed[len(changed) // 2] ^= 1
    edit(vienna, "UPDATE entries SET body = ? WHERE idx = ?", bytes(changed), index)

    said = vienna.post("/audit/verify", "eve")
    assert said["valid"] is False
    assert identity in json.dumps(said)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries WHERE idx = 7",
        "UPDATE entries SET idx = -1 WHERE idx = 7",
        "DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)",
    ],
    ids=["deleted", "moved", "tail cut"],
)
def test_a_missing_entry_is_found(vienna: Vienna, statement: str) -> None:
    a_day(vienna)
    until("the sequencer", lambda: all_sequenced(vienna))
    edit(vienna, statement)
    assert vienna.post("/audit/verify", "eve")["valid"] is False


def test_the_command_verifies_offline_and_ends_with_five_when_it_does_not(vienna: Vienna) -> None:
    a_day(vienna)
    until("the sequencer", lambda: all_sequenced(vienna))
    keys = vienna.folder / "keys.json"
    keys.write_text(httpx.get(f"{vienna.url}/.well-known/jwks.json", timeout=60, trust_env=False).text)
    vienna.gate.stop()
    vienna.control.stop()
    whole = verify_offline(vienna, keys)
    assert whole.returncode == 0, whole.stderr
    edit(vienna, "UPDATE entries SET at = '2026-01-01T00:00:00.000Z' WHERE idx = 3")
    broken = verify_offline(vienna, keys)
    assert broken.returncode == 5
    assert _entry(vienna, 3) in broken.stdout + broken.stderr


def _entry(vienna: Vienna, index: int) -> str:
    with closing(sqlite3.connect(vienna.database)) as db:
        return str(db.execute("SELECT id FROM entries WHERE idx = ?", (index,)).fetchone()[0])
