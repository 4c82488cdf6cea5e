"""Yes, but less: an approver lowers parameters of a request that waits, and consents to what it is then.

1. Only what can be lowered is (``Call.writable``; on the API's road what the action type says), and only downwards.
2. It is another meaning: policy is asked about it now, and what it asks of people for that is asked of them. The gate
   writes the real request anew, has it read again, and asks again; it redeems nothing unless it means the same.
3. What was said of the request before fell with it: earlier votes are kept, and count no more.
4. What the agent asked for redeems nothing from then on.
5. Only who is asked about the request as it stands lowers it: it is not lowered out of their hands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from vienna_control import rows
from vienna_control.approvals import duty, queue, shown
from vienna_control.approvals.duty import Level
from vienna_control.approvals.less import Less
from vienna_control.approvals.lowering import changes_of, lowered_ask
from vienna_control.approvals.seats import seat
from vienna_control.approvals.vote import StaleError, in_time
from vienna_control.clock import iso
from vienna_control.fleet import registry
from vienna_control.intake import entry, recorded
from vienna_control.intake.ask import Ask
from vienna_control.intake.judgement import judge
from vienna_control.intake.rates import Rates
from vienna_control.invariant import there
from vienna_control.policies import Bundle
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, intents, superseded_votes, votes
from vienna_kernel.approval.moves import Requirements, Status, Voter
from vienna_kernel.decision.decide import Decision, Outcome
from vienna_kernel.mapping.narrow import Change
from vienna_kernel.verdict import Refused


class UnheardError(ValueError):
    """The narrowed request stands, and its editor may not consent to it: the edit is to be taken back.

    Attributes:
        refused: Why.
    """

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.detail)
        self.refused = refused


class LawError(ValueError):
    """Policy, asked about the narrowed request, refuses it; or there is nobody who could agree to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A narrowed request as it would be asked of people.

    Attributes:
        row: Of its approval.
        ask: As it is now; its call is what people see of it.
        level: Whom it asks, now.
    """

    row: rows.Row
    ask: Ask
    less: Less
    decision: Decision
    level: Level
    shown: dict[str, Any]
    told: entry.Told

    @property
    def requirements(self) -> Requirements:
        return self.level.requirements

    @property
    def shown_digest(self) -> str:
        return shown.shown_digest(self.shown)


def seated(
    tx: Tx, tenant: str, approval_id: str, editor: Voter, *, in_place_of: str | None
) -> Voter | Refused | None:
    """As whom this operator may lower a request, lapsed first if its deadline has passed; or why they may not.

    Whoever has agreed to it already may. None: there is no such approval.
    """
    row = in_time(tx, tenant, approval_id)
    return None if row is None else seat(tx.conn, row, editor, (), now=tx.now, in_place_of=in_place_of)


def propose(
    tx: Tx, tenant: str, approval_id: str, wanted: Mapping[str, Any], *, bundle: Bundle, rates: Rates
) -> Edit | None:
    """What a request that waits would be with these values (JSON, amounts in major units). Changes nothing.

    None: no such approval waits. Raises ``UnfitError``, ``LawError``.
    """
    found = select(approvals).where(approvals.c.id == approval_id, approvals.c.tenant == tenant)
    row = rows.first(tx.conn, found)
    if row is None or row["status"] != Status.PENDING or row["expires_at"] <= tx.at:
        return None
    of_intent = there(
        rows.first(tx.conn, select(intents).where(intents.c.id == row["intent_id"])), "foreign keys"
    )
    agent = there(registry.by_id(tx.conn, row["agent_id"]), "foreign key")
    before = recorded.as_asked(of_intent, attempt=approval_id)
    seen = rows.load(row["shown"])
    claimed = shown.exact(seen.get("claimed") or {})
    before = replace(before, claimed=claimed if isinstance(claimed, Mapping) else {})
    less = _less(Less.load(row["narrowed"]), before, changes_of(before, wanted, bundle))
    ask = lowered_ask(before, less, bundle)
    judged = judge(tx, agent, ask, bundle=bundle, rates=rates, count=False, own=of_intent["id"])
    level = _level(tx, agent, judged.decision, row)
    composed = shown.compose(tx, agent, ask, judged.decision, bundle)
    return Edit(
        row=row,
        ask=ask,
        less=less,
        decision=judged.decision,
        level=level,
        shown={**composed, "narrowed": less.told(), "asked_for": less.sentence},
        told=entry.Told.of(
            judged.decision, would=None, policy_digest=bundle.policy_digest, facts=judged.facts
        ),
    )


def _level(tx: Tx, agent: registry.Agent, decision: Decision, row: rows.Row) -> Level:
    if decision.outcome in (Outcome.DENIED, Outcome.RATE_LIMITED):
        raise LawError(f"policy refuses this as it would be then: {decision.detail}")
    if decision.requirements is None:  # nobody needs to be asked any more
        old = Requirements.from_json(rows.load(row["requirements"]))
        none = Requirements(count=0, timeout_seconds=old.timeout_seconds, redeem_seconds=old.redeem_seconds)
        return Level(none, 0)
    owner = str(agent.details.get("owner") or "")
    level = duty.first_level(tx.conn, agent.tenant, decision.requirements, now=tx.now, owner=owner)
    if level is None:
        raise LawError("nobody who may agree to this as it would be then can answer now")
    return level


def _less(earlier: Less | None, before: Ask, changes: list[Change]) -> Less:
    (intent,) = before.intents
    first = earlier or Less(asked=(), before={}, after={}, sentence=before.summary())
    return Less(
        asked=(*first.asked, intent.digest()),
        before={**{change.name: change.before for change in changes}, **first.before},
        after={**first.after, **{change.name: change.after for change in changes}},
        sentence=first.sentence,
    )


def apply(tx: Tx, edit: Edit, editor: Voter, *, seen: str | None) -> None:
    """Ask people for the narrowed request from now on. The editor's vote is the caller's to count next.

    ``seen``: digest of what the editor saw, of the request as it was or as it would be. Raises ``StaleError``.
    """
    row, ask = edit.row, edit.ask
    if seen not in (None, row["shown_digest"], edit.shown_digest):
        raise StaleError("what you saw is not what is asked; look again")
    fallen = _supersede(tx, row["id"], editor)
    expires_at = iso(tx.now + timedelta(seconds=edit.requirements.timeout_seconds))
    rows.change(
        tx.conn,
        approvals,
        row["id"],
        tier=edit.decision.tier.value,
        requirements=rows.dump(edit.requirements.to_json()),
        shown=rows.dump(edit.shown),
        shown_digest=edit.shown_digest,
        narrowed=edit.less.dump(),
        level=edit.level.number,
        expires_at=expires_at,
    )
    rows.change(
        tx.conn,
        intents,
        row["intent_id"],
        meaning=rows.dump([intent.to_json() for intent in ask.intents]),
        digest=ask.meaning_digest,
        summary=ask.summary(),
        tier=edit.decision.tier.value,
        decision=rows.dump(edit.told.data),
        rule=edit.told.data.get("rule_id"),
        updated_at=tx.at,
    )
    entry.evaluated(tx, ask, row["intent_id"], edit.told, again=False)
    asked = queue.Asked(
        approval_id=row["id"],
        intent_id=row["intent_id"],
        expires_at=expires_at,
        required=edit.requirements.people_needed,
    )
    more = {"narrowed": sorted(edit.less.after), "by": f"operator:{editor.id}", "superseded": fallen}
    queue.announce(
        tx,
        ask,
        asked,
        tier=edit.decision.tier,
        requirements=edit.requirements,
        shown=edit.shown,
        digest=ask.meaning_digest,
        **more,
    )
    tx.publish(
        "approval_changed",
        {"approval_id": row["id"], "shown_digest": edit.shown_digest, "current_approvals": 0, **more},
        tenant=row["tenant"],
    )


def _supersede(tx: Tx, approval_id: str, editor: Voter) -> list[str]:
    """Put away the votes on what is asked no more; returns who cast them."""
    kept = [column.name for column in superseded_votes.c if column.name in votes.c]
    cast = rows.every(tx.conn, select(votes).where(votes.c.approval_id == approval_id).order_by(votes.c.id))
    for row in cast:
        values = {name: row[name] for name in kept}
        rows.add(tx.conn, superseded_votes, **values, superseded_at=tx.at, superseded_by=editor.id)
    tx.conn.execute(delete(votes).where(votes.c.approval_id == approval_id))
    return [row["operator_id"] for row in cast]
