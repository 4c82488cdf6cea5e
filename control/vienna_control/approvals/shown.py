"""What an approver is shown: one sentence, what stands out, the effect, the current state beside it, and exactly the
request that would be sent.

1. ``shown_digest`` is over all of it. A vote binds the digest, the warrant carries it: nobody consents to something
   else than what they saw.
2. Every text in it is legible (``legible``), and what the agent wrote itself is marked (``words``): in the sentence
   where it stands, elsewhere by its place.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from vienna_control.approvals import current, unusual, words
from vienna_control.approvals.legible import legible, legible_data
from vienna_control.fleet.registry import Agent
from vienna_control.intake.ask import Ask
from vienna_control.policies import Bundle
from vienna_control.store import Tx
from vienna_kernel.decision.decide import Decision
from vienna_kernel.intent import Intent
from vienna_kernel.value import Value, digest, plain

_FULL = 500


def compose(tx: Tx, agent: Agent, ask: Ask, decision: Decision, bundle: Bundle) -> dict[str, Any]:
    """What is shown for one ask: plain JSON data, numbers with a fraction as text."""
    tiers = _tiers(ask, decision)
    request = legible_data(plain(exact(ask.call.model_dump()))) if ask.call else None
    claimed = legible_data(plain(exact(dict(ask.claimed))))
    return {
        "sentence": sentence(agent, ask, tiers, bundle),
        "unusual": unusual.told(tx.conn, agent, ask, tx.now),
        "agent": {"id": agent.id, "name": agent.name, "type": agent.type, "trust": f"{agent.trust:.2f}"},
        "tier": decision.tier.value,
        "rule": {"id": decision.rule_id, "name": decision.rule_name},
        "mode": ask.mode,
        "effect": [
            {**legible_data(told), "tier": tier, "agent_words": words.written(intent)}
            for told, tier, intent in zip(ask.actions(), tiers, ask.intents, strict=True)
        ],
        "diff": current.diff(ask.call),
        "preflight": ask.preflight,
        "request": request,
        "claimed": claimed,
        "agent_words": {
            "label": words.LABEL,
            "at": [*_claims(claimed), *(words.places(request, "/request") if request else [])],
        },
    }


def _claims(claimed: dict[str, Any]) -> list[str]:
    """All of it, whatever it looks like."""
    return ["/claimed"] if claimed else []


def _tiers(ask: Ask, decision: Decision) -> list[str]:
    """The tier of each intent; that of the call where they were not told apart."""
    parts = decision.explanation.get("parts") or []
    if len(parts) != len(ask.intents):
        return [decision.tier.value] * len(ask.intents)
    return [part["tier"]["value"] for part in parts]


def shown_digest(shown: dict[str, Any]) -> str:
    """``sha256:<hex>`` of what was shown."""
    return digest(shown)


def sentence(agent: Agent, ask: Ask, tiers: list[str], bundle: Bundle) -> str:
    """``billing-bot wants to refund 5,000.00 EUR of order ORD-1 on payments.example (production)``.

    Of several intents the one of the highest tier, and how many more there are: all stand in the effect.
    """
    first = max(range(len(tiers)), key=lambda at: (tiers[at], -at))
    intent, others = ask.intents[first], len(ask.intents) - 1
    more = f", and {others} more," if others else ""
    host = f" on {legible(ask.host, most=255)}" if ask.host else ""
    label = bundle.rules.environments.of(intent.target) or agent.facts().environment
    where = f" ({legible(label, most=64)})" if label else ""
    return f"{agent.name} wants to {_phrase(ask, intent)}{more}{host}{where}"


def _phrase(ask: Ask, intent: Intent) -> str:
    """The mapping's summary of one intent as it goes on after "wants to"."""
    if ask.call is not None and intent.mapping is None:
        return f"{legible(ask.call.method)} {legible(ask.call.url, most=_FULL)}"
    text = words.marked(intent.summary or f"{intent.action} on {intent.target}", intent)
    starts_word = len(text) > 1 and text[0].isupper() and text[1].islower()
    return text[0].lower() + text[1:] if starts_word else text


def exact(data: Any) -> Value:
    """JSON data with its floats as decimals, so that a digest can be made of it."""
    if isinstance(data, float):
        return Decimal(repr(data))
    if isinstance(data, dict):
        return {str(key): exact(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [exact(value) for value in data]
    return data  # type: ignore[no-any-return]  # JSON leaves are values
