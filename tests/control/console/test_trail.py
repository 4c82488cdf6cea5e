"""Entries of the trail in a line."""

from __future__ import annotations

from vienna_control.console import trail
from vienna_kernel.ledger.trail import EntryType


def test_every_type_has_words() -> None:
    told = {trail.words(kind.value) for kind in EntryType}
    assert len(told) == len(EntryType)
    assert not [words for words in told if "_" in words]


def test_a_line_says_what_is_short_and_says_something() -> None:
    data = {
        "action": "create_refund",
        "request_digest": "sha256:00",
        "approval_id": "apr-1",
        "expires_at": "2026-03-02T10:00:00Z",
        "mapped": True,
        "observed": False,
        "reason": None,
        "notified": ["op-1"],
        "text": "x" * 200,
        "count": 2,
    }
    assert trail.gist(data) == [("action", "create_refund"), ("mapped", "yes"), ("count", "2")]


def test_a_line_is_short() -> None:
    assert len(trail.gist({f"field{number}": number for number in range(40)})) == trail.MOST
