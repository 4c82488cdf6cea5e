"""Dry runs: what the bundle in force would decide, rule by rule, without anything following from it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vienna_control.policies.bundle import Bundle
from vienna_kernel.decision import risk
from vienna_kernel.decision.decide import Decision, Outcome, decide
from vienna_kernel.decision.facts import Facts
from vienna_kernel.intent import Intent
from vienna_kernel.policy.judge import compile_tree, explain
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.subject import Subject

WORDS = {
    Outcome.PROCEED: "allowed",
    Outcome.HOLD: "pending_approval",
    Outcome.DENIED: "denied",
    Outcome.RATE_LIMITED: "rate_limited",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried: one intent, and the facts beside it."""

    intent: Intent
    facts: Facts


def run(bundle: Bundle, trial: Trial) -> dict[str, Any]:
    """The decision in both published answer shapes."""
    started = time.perf_counter()
    decision = decide(trial.intent, trial.facts, bundle.rules, bundle.tiers)
    took = (time.perf_counter() - started) * 1000
    results = [_result(rule, bundle, trial) for rule in bundle.rules.rules if rule.shape.enabled]
    matched = next((rule for rule in bundle.rules.rules if rule.id == decision.rule_id), None)
    return {
        "decision": WORDS[decision.outcome],
        "matched_rule": _named(matched),
        "risk_tier": decision.tier.value,
        "reason": decision.detail,
        "code": decision.reason.value if decision.reason else None,
        "undetermined": decision.explanation.get("undetermined", []),
        "flags": list(decision.flags),
        "shadow": list(decision.shadow),
        "requirements": decision.requirements.to_json() if decision.requirements else None,
        "explanation": decision.explanation,
        "evaluation_ms": round(took, 3),
        "rules_evaluated": decision.explanation.get("evaluated", 0),
        "results": results,
        "final_action": _final(decision, matched, bundle),
        "matching_rule": matched.name if matched else None,
    }


def _named(rule: Rule | None) -> dict[str, Any] | None:
    return {"id": rule.id, "name": rule.name, "priority": rule.priority} if rule else None


def _final(decision: Decision, matched: Rule | None, bundle: Bundle) -> str:
    return matched.action if matched else bundle.rules.default if decision.reason else "allow"


def _result(rule: Rule, bundle: Bundle, trial: Trial) -> dict[str, Any]:
    """One rule by itself: whether it would hold, whatever stands before it."""
    subject = Subject(
        trial.intent,
        trial.facts,
        lambda intent, facts: risk.score(intent, facts, bundle.tiers.weights, bundle.tiers.hours),
        bundle.rules.budgets,
    )
    held = compile_tree(rule.tree, rule.tz)(subject)
    return {
        "rule_id": rule.id,
        "rule_name": rule.name,
        "priority": rule.priority,
        "matched": held is True or (held is None and rule.action != "allow"),
        "undetermined": held is None,
        "action": rule.action,
        "conditions_detail": list(_leaves(explain(rule.tree, subject, rule.tz))),
    }


def _leaves(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "field" in node:
        yield node
        return
    for word in ("all", "any"):
        for member in node.get(word, ()):
            yield from _leaves(member)
    if "not" in node:
        yield from _leaves(node["not"])


def at_time_of_day(now: datetime, text: str, bundle: Bundle) -> datetime:
    """Today at ``HH:MM``, in the time zone of the policy. Raises ``ValueError`` for another text."""
    hour, found, minute = text.partition(":")
    if not found or not (hour.isdigit() and minute[:2].isdigit()):
        raise ValueError("expected HH:MM")
    zone = bundle.rules.rules[0].tz if bundle.rules.rules else now.tzinfo
    return now.astimezone(zone).replace(hour=int(hour), minute=int(minute[:2]), second=0, microsecond=0)
