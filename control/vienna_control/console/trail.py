"""Entries of the trail in a line: what kind, and of what they hold the few things that tell one from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["gist", "words"]

MOST = 5
_LONG = 80
_WORDS = {
    "intent_submitted": "Call came in",
    "policy_evaluated": "Policy decided",
    "approval_requested": "People asked",
    "approval_vote": "Vote",
    "approval_resolved": "Approval decided",
    "verification_complete": "Outcome verified",
    "execution_started": "Sent",
    "execution_finished": "Answered",
    "execution_unknown": "Outcome unknown",
    "warrant_refused": "Warrant not accepted",
    "warrant_consumed": "Warrant used",
    "operator_login": "Login",
    "operator_mfa": "Second factor",
    "config_changed": "Settings changed",
}
_UNTOLD = ("sha256:", "sha-256=")
_ELSEWHERE = ("_id", "_at", "_until", "digest", "holder", "key", "attempt", "session", "flags")
"""How values begin, and names end, that tell a person nothing in a line."""


def words(kind: str) -> str:
    """A type of entry, for people."""
    return _WORDS.get(kind) or kind.replace("_", " ").capitalize()


def gist(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of what is short, says something, and is no digest."""
    told = []
    for name, value in data.items():
        if isinstance(value, bool):
            text = "yes" if value else ""
        elif isinstance(value, str | int | float):
            text = str(value)
        else:
            continue
        if text and len(text) <= _LONG and not text.startswith(_UNTOLD) and not name.endswith(_ELSEWHERE):
            told.append((name.replace("_", " "), text))
    return told[:MOST]
