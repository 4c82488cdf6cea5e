"""The laws of the architecture, held against what really reached the upstream.

Nothing of the product is asked but its records: the database is read as a file, warrants are opened with a stock
library, digests are computed here a second time. ``check(vienna)`` after a test raises ``AssertionError`` naming the
law and the request.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from harness.upstream import Received
from harness.vienna import Vienna

FORBIDDEN_HEADERS = ("vienna-", "x-vienna-", "proxy-")


@dataclass(frozen=True)
class Entry:
    """One entry of the trail, in order of commit."""

    id: str
    type: str
    at: float
    intent_id: str | None
    data: dict[str, Any]


@dataclass(frozen=True)
class Issued:
    """A warrant as it was signed, and when its one use was taken."""

    id: str
    intent_id: str
    claims: dict[str, Any]
    token: str
    consumed_at: float | None

    @property
    def detail(self) -> dict[str, Any]:
        return dict(self.claims["authorization_details"][0])


class Records:
    """What the control plane has on disk, read beside it and of one moment: it may still be writing."""

    def __init__(self, database: Path) -> None:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN")
            rows = list(db.execute("SELECT * FROM entries ORDER BY arrival"))
            self.entries = [
                Entry(
                    r["id"],
                    r["type"],
                    _instant(r["at"]),
                    r["intent_id"],
                    json.loads(r["body"]).get("data", {}),
                )
                for r in rows
            ]
            used = {r["warrant_id"]: _instant(r["at"]) for r in db.execute("SELECT * FROM consumptions")}
            self.warrants = [
                Issued(r["id"], r["intent_id"], _claims(r["token"]), r["token"], used.get(r["id"]))
                for r in db.execute("SELECT * FROM warrants ORDER BY issued_at, id")
            ]
            self.executions = [dict(r) for r in db.execute("SELECT * FROM executions")]
            self.votes = [dict(r) for r in db.execute("SELECT * FROM votes")]
            self.approvals = [dict(r) for r in db.execute("SELECT * FROM approvals")]
            self.intents = {r["id"]: dict(r) for r in db.execute("SELECT * FROM intents")}

    def types(self, intent_id: str) -> list[str]:
        """Entry types of one intent, in order."""
        return [entry.type for entry in self.entries if entry.intent_id == intent_id]


def _instant(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _claims(token: str) -> dict[str, Any]:
    return dict(json.loads(_unbase64(token.split(".")[1])))


def body_digest(body: bytes) -> str:
    """RFC 9530."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def request_digest(received: Received) -> str:
    """The digest a warrant binds, computed from what arrived."""
    essence = (received.header("content-type") or "").partition(";")[0].strip().lower()
    named = {
        "body_digest": body_digest(received.body),
        "content_type": essence or None,
        "method": received.method,
        "url": f"{received.scheme}://{received.host}{received.target}",
    }
    canonical = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return "sha256:" + hashlib.sha256(canonical).hexdigest()


def check(vienna: Vienna, *, secrets: Iterable[str] = ()) -> Records:
    """Every law that can be seen from outside. Give back the records for what a test itself wants to see."""
    reached = list(vienna.upstream.received)  # first: what arrives from here on may not be on record yet
    records = Records(vienna.database)
    no_request_without_a_warrant(records, reached)
    one_warrant_one_request(records, reached)
    nothing_of_ours_leaves(reached)
    nobody_twice_and_decided_is_decided(records)
    every_execution_is_accounted(records, reached)
    if vienna.control.running:
        signatures_hold(records, vienna.url)
        the_trail_verifies(vienna)
    no_secret_in(vienna.folder, secrets)
    return records


def no_request_without_a_warrant(records: Records, reached: list[Received]) -> None:
    """Law 1: a warrant that names it was consumed, durably, before it arrived."""
    uses: dict[str, list[float]] = {}
    for warrant in records.warrants:
        if warrant.consumed_at is not None:
            uses.setdefault(warrant.detail.get("request_digest", ""), []).append(warrant.consumed_at)
    for received in reached:
        consumed = uses.get(request_digest(received), [])
        assert consumed, f"law 1: {received} reached the upstream under no warrant"
        assert min(consumed) <= received.at, f"law 1: {received} arrived before its warrant was consumed"


def one_warrant_one_request(records: Records, reached: list[Received]) -> None:
    """Law 2: no digest arrived more often than warrants for it were consumed; each has its entries."""
    arrived = Counter(request_digest(received) for received in reached)
    permitted = Counter(w.detail.get("request_digest") for w in records.warrants if w.consumed_at is not None)
    for digest, count in arrived.items():
        assert count <= permitted[digest], (
            f"law 2: {count} requests under {permitted[digest]} warrants ({digest})"
        )
    issued = Counter(entry.type for entry in records.entries)
    consumed = sum(1 for warrant in records.warrants if warrant.consumed_at is not None)
    assert issued["warrant_issued"] == len(records.warrants), "law 7: a warrant without its entry"
    assert issued["warrant_consumed"] == consumed, "law 7: a use without its entry"


def nothing_of_ours_leaves(reached: list[Received]) -> None:
    """Neither our headers nor the proxy's travel on; the framing is plain."""
    for received in reached:
        names = [name.lower() for name, _ in received.headers]
        ours = [name for name in names if name.startswith(FORBIDDEN_HEADERS)]
        assert not ours, f"{received} carried {ours} upstream"
        assert names.count("host") == 1, f"{received}: hosts"
        assert names.count("content-length") <= 1, f"{received}: lengths"
        assert "transfer-encoding" not in names, f"{received} was not re-framed"


def nobody_twice_and_decided_is_decided(records: Records) -> None:
    """Law 6."""
    pairs = Counter((vote["approval_id"], vote["operator_id"]) for vote in records.votes)
    assert all(count == 1 for count in pairs.values()), f"law 6: somebody voted twice: {pairs}"
    resolved = Counter(entry.intent_id for entry in records.entries if entry.type == "approval_resolved")
    repeated = {intent: n for intent, n in resolved.items() if n > sum(
        1 for approval in records.approvals if approval["intent_id"] == intent
    )}  # fmt: skip
    assert not repeated, f"law 6: resolved more than once: {repeated}"


def every_execution_is_accounted(records: Records, reached: list[Received]) -> None:
    """Laws 1 and 7: each consumed warrant has one execution; what ended says how, in the trail too."""
    by_warrant = Counter(execution["warrant_id"] for execution in records.executions)
    for warrant in records.warrants:
        if warrant.consumed_at is not None:
            assert by_warrant[warrant.id] == 1, f"warrant {warrant.id}: {by_warrant[warrant.id]} executions"
    types = Counter(entry.type for entry in records.entries)
    assert types["execution_started"] == len(records.executions), "law 7: an execution without its entry"
    ended = sum(1 for execution in records.executions if execution["status"] in ("executed", "failed"))
    assert types["execution_finished"] >= ended, "law 7: an end without its entry"
    assert len(reached) <= len(records.executions)


def signatures_hold(records: Records, url: str) -> None:
    """Anybody with the public keys can verify any warrant."""
    jwks = httpx.get(f"{url}/.well-known/jwks.json", timeout=60, trust_env=False).json()["keys"]
    keys = {key["kid"]: Ed25519PublicKey.from_public_bytes(_unbase64(key["x"])) for key in jwks if "x" in key}
    for warrant in records.warrants:
        head, payload, signature = warrant.token.split(".")
        header = json.loads(_unbase64(head))
        assert header["typ"] == "vienna-warrant+jwt"
        keys[header["kid"]].verify(_unbase64(signature), f"{head}.{payload}".encode())


def the_trail_verifies(vienna: Vienna) -> None:
    """Law 7, by the control plane's own verifier."""
    answer = vienna.post("/audit/verify", "eve")
    assert answer["valid"] is True, f"law 7: {answer}"


def no_secret_in(folder: Path, secrets: Iterable[str]) -> None:
    """Law 8: planted secrets are in no file that either process wrote."""
    planted = [secret.encode() for secret in secrets]
    for path in folder.rglob("*"):
        if planted and path.is_file() and path.name != "vienna.yaml":
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # a process that still runs took it away
                continue
            found = [secret for secret in planted if secret in content]
            assert not found, f"law 8: {path} holds {found}"
