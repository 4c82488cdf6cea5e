"""The audit trail: its entries, one with its proof, its signed heads, and whether all of it holds."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from vienna_control.api.problems import Code, Problem
from vienna_control.console import filters, trail
from vienna_control.console.page import page
from vienna_control.console.visit import Visit
from vienna_kernel.ledger.trail import verify_consistency

PAGE = 60
CHIPS: filters.Chips = (
    ("Votes", "type:approval_vote"),
    ("Break-glass", "type:break_glass"),
    ("Policy changes", "type:policy_changed"),
    ("Stops", "type:freeze_changed"),
    ("Refused calls", "type:call_refused"),
    ("Logins", "type:operator_login"),
    ("Settings", "type:config_changed"),
    ("Alerts", "type:alert"),
    ("Keys", "type:key_*"),
    ("By people", "actor:operator:*"),
    ("Last day", "since:1d"),
)
_AUDITORS = ("auditor", "admin")


@page("/audit", "audit.html", area="audit")
async def audit(visit: Visit) -> dict[str, Any]:
    """``q``: a filter. Who is no auditor is told so."""
    q = visit.query.get("q", "").strip()
    told: dict[str, Any] = {"q": q, "found": {"entries": []}, "wrong": None, "who": {}}
    if visit.principal.role not in _AUDITORS:
        return told | {"sees": False}
    try:
        found = await visit.ask("GET /audit", query={"limit": PAGE, "q": q, **visit.only("cursor")})
        told |= {"found": _worded(found), "who": await _names(visit)}
    except Problem as problem:
        told["wrong"] = filters.wrong(problem, q)
    if visit.fragment == "entries":
        return told | {"sees": True}
    return told | {"sees": True} | await filters.offered(visit, "audit", q, CHIPS)


def _worded(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "entries": [_told(one) for one in found["entries"]]}


_NOTHING: dict[str, Any] = {
    "type": "",
    "at": None,
    "actor": "",
    "agent_id": None,
    "intent_id": None,
    "data": {},
}


def _told(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with its words; one that somebody edited may have anything in it, or nothing."""
    whole = all(isinstance(entry.get(name), str) for name in ("type", "at", "actor"))
    if not whole or not isinstance(entry.get("data"), dict):
        kept = {name: value for name, value in entry.items() if name not in _NOTHING}
        return {**_NOTHING, **kept, "words": "Unreadable", "gist": []}
    return {**_NOTHING, **entry, "words": trail.words(entry["type"]), "gist": trail.gist(entry["data"])}


async def _names(visit: Visit) -> dict[str, str]:
    """Of people and agents, by id."""
    told = await visit.ask("GET /audit/actors")
    return dict(told["names"])


@page("/audit/verified", "audit_verified.html", preview=True)
async def verified(visit: Visit) -> dict[str, Any]:
    """Whether the stored trail holds, against a signed head that the body may bring."""
    note = visit.body.get("checkpoint") or ""
    try:
        report = await visit.ask("POST /audit/verify", body={"checkpoints": [note] if note else []})
    except Problem as problem:
        if problem.code is not Code.VALIDATION_FAILED:
            raise
        return {"report": None, "problem": problem.message}
    return {"report": report, "problem": ""}


@page("/audit/heads", "audit_heads.html", area="audit")
async def heads(visit: Visit) -> dict[str, Any]:
    """Signed heads, newest first; with ``first``, whether the trail of that size only grew since, up to ``second``."""
    found = await visit.ask("GET /audit/checkpoints", query={"limit": PAGE, **visit.only("cursor")})
    return {"found": found, "grew": await _grew(visit, found["checkpoints"])}


async def _grew(visit: Visit, known: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    asked = visit.only("first", "second")
    if "first" not in asked:
        return None
    try:
        told = await visit.ask("GET /audit/consistency", query=asked)
    except Problem as problem:
        if problem.code not in (Code.VALIDATION_FAILED, Code.INVALID_REQUEST, Code.CONFLICT):
            raise
        return {"problem": problem.message}
    proof = [bytes.fromhex(node) for node in told["proof"]]
    roots = [bytes.fromhex(told[name]) for name in ("first_root", "second_root")]
    signed = {one["size"]: one["root"] for one in known}
    proved = verify_consistency(told["first"], told["second"], roots[0], roots[1], proof)
    agrees = all(
        signed.get(told[size], told[root]) == told[root]
        for size, root in (("first", "first_root"), ("second", "second_root"))
    )
    return {**told, "problem": "", "holds": proved and agrees, "agrees": agrees}


@page("/audit/{id}", "audit_entry.html", area="audit")
async def entry(visit: Visit) -> dict[str, Any]:
    """One entry, the proof that it is in the signed trail, and what stands beside it."""
    found = _told(await visit.ask("GET /audit/{id}", id=visit.path["id"]))
    proof, who = await visit.all(_proof(visit, visit.path["id"]), _names(visit))
    return {
        "found": found,
        "entry_id": visit.path["id"],
        "proof": proof,
        "who": who,
        "root": _signed_root(proof),
    }


async def _proof(visit: Visit, entry_id: str) -> Any:
    """None where the trail cannot prove it now."""
    try:
        return await visit.ask("GET /audit/proof/{id}", id=entry_id)
    except Problem as problem:
        if problem.code is not Code.CONFLICT:
            raise
        return None


def _signed_root(proof: Mapping[str, Any] | None) -> str:
    """What the signed note itself says its root is, in hexadecimal; empty without a note."""
    lines = ((proof or {}).get("checkpoint") or "").split("\n")
    return base64.b64decode(lines[2]).hex() if len(lines) > 2 else ""
