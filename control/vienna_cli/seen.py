"""One call of an agent as ``vienna run`` shows it, and all of them together.

1. What is shown tells what the call was taken for, what became of it, and what would become of it in prod.
2. No header, no body, no query; of a path and of parameters nothing that looks like a credential.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vienna_cli.output import escape
from vienna_kernel.approval.requirements import Requirements, describe

UNMAPPED = "http."
"""How the actions of calls begin that no mapping read."""

_MOST_PARAMETERS = 4
_MOST_CHARACTERS = 40
_HIDDEN = "…"
_SHOWN_OF_IT = 4
_CREDENTIAL = re.compile(r"(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{20,}")
"""Letters and digits in one long run: a key as well as an id."""
_SECRET_NAME = re.compile(r"secret|token|passw|credential|authori|api_?key|private", re.IGNORECASE)
_WAITING = frozenset({"received", "pending_approval"})
_UNDER_WAY = frozenset({"approved", "executing"})


@dataclass(frozen=True)
class Seen:
    """One call.

    Attributes:
        action: What it was taken for; ``http.<method>`` where no mapping read it.
        parameters: Of its first meaning, without what looks like a credential.
        more: How many meanings it has besides.
        outcome: What policy says of it: ``proceed``, ``hold``, ``denied``, ``rate_limited``.
        observed: Whether it was let through though policy says otherwise, since the agent is only watched.
        asked: Who would be asked, in words; empty where nobody is.
        because: Rule or reason of a refusal.
        agreed: Who consented, if people were asked.
    """

    intent_id: str
    at: str
    method: str
    host: str
    path: str
    action: str
    target: str
    parameters: Mapping[str, str]
    more: int
    tier: str
    status: str
    outcome: str
    observed: bool
    asked: str
    because: str
    http_status: int | None
    agreed: tuple[str, ...]

    @classmethod
    def of(cls, intent: Mapping[str, Any]) -> Seen:
        """From ``GET /intents/{id}``."""
        decision = intent.get("decision") or {}
        meanings = intent.get("parameters") or [{}]
        required = decision.get("requirements")
        approval = intent.get("approval") or {}
        return cls(
            intent_id=intent["intent_id"],
            at=intent["created_at"],
            method=intent["method"] or "",
            host=intent["host"] or "",
            path=_path(intent["url"] or ""),
            action=intent["action"],
            target=intent["target"] or "",
            parameters=_shown(meanings[0].get("parameters") or {}, meanings[0].get("redacted") or []),
            more=len(meanings) - 1,
            tier=intent["risk_tier"],
            status=intent["status"],
            outcome=decision.get("outcome") or intent["status"],
            observed=bool(intent.get("would")),
            asked=describe(Requirements.from_json(required)) if required else "",
            because=_because(intent.get("rule"), intent.get("reason") or ""),
            http_status=(intent.get("execution") or {}).get("http_status"),
            agreed=tuple(vote["operator"] for vote in approval.get("votes") or ()),
        )

    @property
    def mapped(self) -> bool:
        return not self.action.startswith(UNMAPPED)

    @property
    def unread(self) -> bool:
        """Whether the gate refused it alone, for its form or its address: it was taken for nothing."""
        return self.status == "denied" and not self.mapped and not self.path

    @property
    def here(self) -> str:
        """What became of it so far."""
        if self.status in _WAITING:
            return f"held: {self.asked}" if self.asked else "held"
        if self.status == "denied":
            return f"denied: {self.because}" if self.because else "denied"
        if self.status in _UNDER_WAY:
            return "approved" if self.agreed else "on its way"
        told = str(self.http_status) if self.http_status else self.status
        if self.observed:
            return f"let through, {told}"
        return f"approved, {told}" if self.agreed else told

    @property
    def prod(self) -> str:
        """What policy says where it is enforced and people are asked."""
        match self.outcome:
            case "proceed":
                return "passes"
            case "hold":
                return f"held: {self.asked}" if self.asked else "held"
            case "rate_limited":
                return "refused: too many"
        return f"denied: {self.because}" if self.because else "denied"

    def line(self, *, nobody_asked: bool) -> str:
        """One line. ``nobody_asked``: consent here is nobody's, so what prod would do is told beside it."""
        named = " ".join(f"{name}={value}" for name, value in self.parameters.items())
        more = f" +{self.more} more" if self.more else ""
        meant = f"{self.action} {named}".strip() if self.mapped else "unmapped"
        what = f"{self.method} {self.host}{self.path}".strip()
        if self.unread:
            return escape(f"{what} refused by the gate: {self.because}")
        told = f"{what} → {meant}{more}  {self.tier} {self.here}"
        differs = self.observed or (nobody_asked and self.outcome == "hold")
        return escape(f"{told}  (prod: {self.prod})" if differs else told)

    def data(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "event": "call",
            "intent_id": self.intent_id,
            "at": self.at,
            "method": self.method,
            "host": self.host,
            "path": self.path,
            "action": self.action,
            "mapped": self.mapped,
            "target": _plain(self.target),
            "parameters": dict(self.parameters),
            "tier": self.tier,
            "status": self.status,
            "http_status": self.http_status,
            "here": self.here,
            "prod": self.prod,
            "approved_by": list(self.agreed),
        }


def summary(calls: Iterable[Seen]) -> dict[str, Any]:
    """Counts: of all calls, and of each kind by what they were taken for."""
    every = list(calls)
    kinds: dict[str, Counter[str]] = {"held": Counter(), "denied": Counter(), "unmapped": Counter()}
    for call in every:
        what = call.action if call.mapped else f"{call.method} {call.host}".strip()
        if call.outcome == "hold":
            kinds["held"][f"{what} ({call.asked})" if call.asked else what] += 1
        elif call.outcome != "proceed":
            kinds["denied"][f"{what} ({call.because})" if call.because else what] += 1
        if not call.mapped and not call.unread:
            kinds["unmapped"][what] += 1
    passed = sum(call.outcome == "proceed" for call in every)
    return {
        "event": "summary",
        "calls": len(every),
        "passed": passed,
        **{kind: dict(sorted(counted.items())) for kind, counted in kinds.items()},
    }


def lines(told: Mapping[str, Any], *, nobody_asked: bool) -> list[str]:
    """A summary for people."""
    held = "would have been held" if nobody_asked else "held"
    words = {"held": held, "denied": "denied", "unmapped": "unmapped"}
    counts = [f"{sum(told[kind].values())} {word}" for kind, word in words.items()]
    calls = "1 call" if told["calls"] == 1 else f"{told['calls']} calls"
    found = [f"{calls}: {told['passed']} passed, {', '.join(counts)}"]
    for kind, word in words.items():
        found += [f"  {word}: {escape(what)}{_times(count)}" for what, count in told[kind].items()]
    return found


def _because(rule: str | None, reason: str) -> str:
    """The rule where one denied it, else the reason in words."""
    return rule if rule and reason in ("", "policy_denied") else reason.replace("_", " ")


def _times(count: int) -> str:
    return f" ×{count}" if count > 1 else ""


def _path(url: str) -> str:
    steps = url.partition("://")[2].partition("?")[0].split("/")[1:]
    return "".join(f"/{_plain(step)}" for step in steps)


def _plain(text: str) -> str:
    """Text, of what looks like a credential only its beginning, cut where it is long."""
    told = _CREDENTIAL.sub(lambda found: found.group()[:_SHOWN_OF_IT] + _HIDDEN, text)
    return told if len(told) <= _MOST_CHARACTERS else told[: _MOST_CHARACTERS - 1] + _HIDDEN


def _shown(parameters: Mapping[str, Any], redacted: Iterable[str]) -> dict[str, str]:
    """Numbers, words and truth values; lists and objects by their size."""
    hidden, found = set(redacted), {}
    for name, value in list(parameters.items())[:_MOST_PARAMETERS]:
        if name in hidden or _SECRET_NAME.search(name):
            found[name] = _HIDDEN
        elif isinstance(value, list | dict):
            found[name] = f"[{len(value)}]"
        else:
            found[name] = _plain("" if value is None else str(value))
    return found
