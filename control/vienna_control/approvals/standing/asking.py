"""Asking people for a standing warrant: the consent that such a call would take, to its exact terms.

What is asked of them is found out by calls at the edges of the terms, each judged by policy now. That is a good guess,
and no more: at every use the consent that was given is held against what policy asks for that very call.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from vienna_control import rows
from vienna_control.approvals import duty, queue
from vienna_control.approvals.legible import legible, legible_data
from vienna_control.approvals.standing import kept
from vienna_control.approvals.standing.terms import Terms, check
from vienna_control.fleet.registry import Agent
from vienna_control.intake import entry
from vienna_control.intake.ask import Ask, Caller
from vienna_control.intake.facts import gather
from vienna_control.intake.rates import Rates
from vienna_control.invariant import there
from vienna_control.passkeys import consent
from vienna_control.policies import Bundle
from vienna_control.store import Tx
from vienna_control.store.tables import standing_holders, standing_warrants
from vienna_kernel.action import ActionType
from vienna_kernel.approval.moves import Voter
from vienna_kernel.decision.decide import Decision, Facts, Outcome, combine, decide
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility
from vienna_kernel.lifecycle import Event, Status, advance
from vienna_kernel.value import Value
from vienna_kernel.warrant.limit import FREE, Limit

_MOST_SAMPLES = 16
_MOST_VALUES = 4


class LawError(ValueError):
    """Policy leaves nothing for it to consent to, or nobody can."""


@dataclass(frozen=True, slots=True)
class Requested:
    """A standing warrant that waits for people."""

    standing_id: str
    asked: queue.Asked


def request(tx: Tx, requester: Voter, terms: Terms, *, bundle: Bundle, rates: Rates) -> Requested:
    """Put a standing warrant before people. Raises ``TermsError``, ``LawError``.

    ``requester``: the operator who asks for it, and will not decide it.
    """
    kind = check(terms, bundle.action_types.get(terms.action), now=tx.now)
    if queue.full(tx.conn, terms.agents[0].id):
        raise LawError("too many approvals of this agent wait already")
    decision = _decision(tx, terms, kind, bundle, rates)
    tenant, requirements = terms.agents[0].tenant, there(decision.requirements, "every hold has them")
    level = duty.first_level(tx.conn, tenant, requirements, now=tx.now, owner=requester.id)
    if level is None:
        raise LawError("nobody who may agree to it, but for you, can answer now")
    standing_id = tx.id("std")
    sentence = f"{requester.email or requester.id} wants to {terms.sentence()}"
    ask = _ask(standing_id, requester, terms, decision, sentence)
    told = entry.Told.of(decision, would=None, policy_digest=bundle.policy_digest, facts={})
    status = advance(Status.RECEIVED, Event.HOLD)
    intent_id = entry.submit(tx, ask, told, status=status)
    asked = queue.ask_people(
        tx,
        ask,
        intent_id,
        tier=decision.tier,
        requirements=level.requirements,
        shown=_shown(standing_id, terms, decision, ask, sentence),
        level=level.number,
    )
    entry.settle(tx, intent_id, status, approval_id=asked.approval_id)
    _keep(tx, standing_id, asked.approval_id, requester, terms)
    return Requested(standing_id, asked)


def _keep(tx: Tx, standing_id: str, approval_id: str, requester: Voter, terms: Terms) -> None:
    rows.add(
        tx.conn,
        standing_warrants,
        id=standing_id,
        tenant=terms.agents[0].tenant,
        approval_id=approval_id,
        used=0,
        requested_by=requester.id,
        created_at=tx.at,
        **terms.columns(),
    )
    for agent in terms.agents:
        rows.add(tx.conn, standing_holders, standing_id=standing_id, agent_id=agent.id)


def _ask(standing_id: str, requester: Voter, terms: Terms, decision: Decision, sentence: str) -> Ask:
    intent = Intent(
        action=kept.ACTION,
        target=f"standing:{terms.action}",
        parameters=terms.told(),
        effect=Effect.GRANT,
        reversibility=Reversibility.REVERSIBLE,
        default_tier=decision.tier,
        summary=sentence,
        mapping="api",
    )
    first = terms.agents[0]
    return Ask(
        caller=Caller(tenant=first.tenant, agent_id=first.id, source=f"operator:{requester.id}"),
        attempt=standing_id,
        fingerprint=standing_id,
        intents=(intent,),
        bundle="",
        wait=False,
    )


def _shown(standing_id: str, terms: Terms, decision: Decision, ask: Ask, sentence: str) -> dict[str, Any]:
    first = terms.agents[0]
    return {
        "kind": "standing",
        "sentence": sentence,
        "unusual": list(_notable(terms)),
        "agent": {"id": first.id, "name": first.name, "type": first.type, "trust": f"{first.trust:.2f}"},
        "tier": decision.tier.value,
        "rule": {"id": decision.rule_id, "name": decision.rule_name},
        "mode": ask.mode,
        "effect": legible_data(ask.actions()),
        "request": None,
        "claimed": {},
        "standing": legible_data({"standing_id": standing_id, **terms.told()}),
    }


def _notable(terms: Terms) -> Iterator[str]:
    if terms.target is None or terms.target.split("/")[0] in ("*", "**"):
        yield "it is for every target"
    if terms.open:
        yield "parameters that are not named may be anything"
    free = [name for name, limit in sorted(terms.limits.items()) if replace(limit, required=False) == FREE]
    if free:
        yield f"{', '.join(map(legible, free))} may be anything"


def _decision(tx: Tx, terms: Terms, kind: ActionType, bundle: Bundle, rates: Rates) -> Decision:
    """What policy says of calls at the edges of the terms, together."""
    told = [
        decide(intent, _facts(tx, agent, intent, bundle, rates), bundle.rules, bundle.tiers)
        for agent in terms.agents
        for intent in _edges(terms, kind)
    ]
    asked = [one for one in told if one.outcome is not Outcome.RATE_LIMITED]
    whole = combine(asked) if asked else told[0]
    if whole.outcome is Outcome.DENIED:
        raise LawError(f"policy refuses such calls: {whole.detail}")
    if whole.outcome is not Outcome.HOLD:
        raise LawError("policy asks nobody about such calls now: there is nothing to consent to")
    if consent.demanded(tx.conn, terms.agents[0].tenant, whole.tier.value):
        raise LawError(f"at {whole.tier} a passkey of the roster agrees to each call, and to none in advance")
    if whole.tier > terms.most_tier:
        raise LawError(f"such calls are {whole.tier}, and it would consent up to {terms.most_tier}")
    return whole


def _facts(tx: Tx, agent: Agent, intent: Intent, bundle: Bundle, rates: Rates) -> Facts:
    caller = Caller(tenant=agent.tenant, agent_id=agent.id, source="system")
    ask = Ask(caller=caller, attempt="", fingerprint="standing", intents=(intent,), bundle="")
    rate = rates.of(agent.id, tx.now, count=False)
    return gather(tx, agent, ask, mappings=bundle.mappings, rate=rate)


def _edges(terms: Terms, kind: ActionType) -> Iterator[Intent]:
    """Calls at the edges of the terms; whatever has no edge is left undetermined."""
    edges = {name: values for name, limit in sorted(terms.limits.items()) if (values := _values(limit))}
    declared = set(kind.parameters) if terms.open else set(terms.limits)
    bounded = {n: r for n, r in terms.limits.items() if r.least is not None or r.most is not None}
    money = {name: terms.currency for name in bounded if terms.currency is not None}
    for combined in itertools.islice(itertools.product(*edges.values()), _MOST_SAMPLES):
        parameters = dict(zip(edges, combined, strict=True))
        yield Intent(
            action=terms.action,
            target=terms.target or f"action:{terms.action}",
            parameters=parameters,
            effect=kind.effect,
            reversibility=kind.reversibility,
            default_tier=kind.default_tier,
            undetermined=frozenset(declared - set(parameters)),
            money=money,
            cost=_cost(parameters, money),
            summary=terms.action,
            mapping="standing",
        )


def _values(limit: Limit) -> Sequence[Value]:
    if limit.one_of is not None:
        return limit.one_of[:_MOST_VALUES]
    return [bound for bound in (limit.most, limit.least) if bound is not None]


def _cost(parameters: Mapping[str, Value], money: Mapping[str, str]) -> Cost | None:
    amounts = [
        Cost(Decimal(value), code)
        for name, code in money.items()
        if isinstance(value := parameters.get(name), int | Decimal) and not isinstance(value, bool)
    ]
    return max(amounts, key=lambda cost: cost.amount, default=None)
