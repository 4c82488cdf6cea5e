"""What ``vienna agents promote`` says before it asks."""

from __future__ import annotations

from vienna_cli.agents import forecast

TOLD = {
    "calls": 1000,
    "hours": 24.0,
    "would_hold": 40,
    "would_deny": 12,
    "approvals_per_hour": 1.67,
    "peak_hour": {"at": "2026-03-02T10:00Z", "approvals": 9},
    "held_actions": [{"name": "create_refund", "count": 40}],
    "asked": [{"name": "finance", "count": 40}],
    "denied_reasons": [{"name": "no_rule_matched", "count": 12}],
    "unmapped_hosts": [],
    "breaks": [
        {"action": "restart", "target": "k8s:p/*", "reason": "no_rule_matched", "rule": None, "count": 12}
    ],
    "cut": False,
    "mapped_since": 3,
    "not_replayable": [{"rule": "slowly", "looks_at": "rate"}],
    "with_proposals": {"would_hold": 2, "would_deny": 0, "approvals_per_thousand_calls": 2.0},
    "proposals": [
        {
            "kind": "standing",
            "path": "/standing",
            "body": {"action": "create_refund"},
            "covers": 38,
            "why": "38 calls alike",
        },
        {
            "kind": "mapping",
            "host": "news.example",
            "mapping": "…",
            "cases": "…",
            "covers": 9,
            "why": "9 calls",
        },
    ],
}


def test_what_would_happen_what_would_break_and_what_would_help() -> None:
    assert forecast(TOLD) == [
        "of 1000 calls in 24 h: 40 would be held, 12 denied; 1.67 approvals an hour",
        "  most in the hour from 2026-03-02T10:00Z: 9",
        "  held: create_refund (40)",
        "  asked of: finance (40)",
        "  denied: no_rule_matched (12)",
        "  3 calls are from before their mapping: watch for another day",
        "  rule slowly looks at the rate, which is not recorded by moment",
        "  would be refused: restart on k8s:p/* (12): no_rule_matched",
        "with what is proposed: 2 held, 0 denied; 2 approvals for a thousand calls",
        "  1. standing, covers 38: 38 calls alike",
        '     POST /standing {"action": "create_refund"}',
        "  2. mapping, covers 9: 9 calls",
    ]


def test_without_traffic_there_is_nothing_to_say() -> None:
    assert forecast({"calls": 0}) == ["no recorded traffic to forecast from"]
