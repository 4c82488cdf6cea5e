"""How a change by API comes to be: at once, or as a proposal where two people are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from vienna_control.policies import backtest, proposals, stored
from vienna_control.policies.bundle import Bundle
from vienna_control.policies.proposals import Person, Proposal
from vienna_control.policies.rejudge import Span
from vienna_control.policies.stored import Step
from vienna_control.store import Tx
from vienna_kernel.policy.lint import PolicyWarning, lint

if TYPE_CHECKING:
    from vienna_control.app import App

type Build = Callable[[Connection], Sequence[Step]]

_LOOKED_AT = timedelta(days=7)
_INTENTS = 2000
_WARNINGS = 100


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes what a tenant keeps."""

    tenant: str
    person: Person


async def make(app: App, author: Author, build: Build, *, title: str, two: bool | None = None) -> str | None:
    """Make the changes that ``build`` tells of what stands there; None, or the id of the proposal it became.

    ``two``: whether two people are needed; None: as the settings say. Raises what ``build`` raises, ``StaleError``,
    and ``MalformedError`` when the whole does not compile: then nothing is changed.
    """
    if app.config.two_person_policy if two is None else two:
        return await _propose(app, author, build, title)

    await app.store.read(lambda conn: _warmed(app, conn, author.tenant, build(conn)))

    def unit(tx: Tx) -> None:
        steps, actor = build(tx.conn), author.person.actor
        stored.apply(tx, author.tenant, steps, actor=actor)
        proposals.note(tx, author.tenant, None, "applied", actor, steps)

    await app.policies.change(unit, tenant=author.tenant, actor=author.person.actor, what="api")
    return None


def _warmed(app: App, conn: Connection, tenant: str, steps: Sequence[Step]) -> None:
    """Compiles other mappings here, in a reader thread: the writer then finds them compiled."""
    if any(step.kind == "mapping" for step in steps):
        app.policies.candidate(conn, tenant, steps)


async def _propose(app: App, author: Author, build: Build, title: str) -> str:
    def read(conn: Connection) -> tuple[Sequence[Step], Bundle]:
        steps = build(conn)
        return steps, app.policies.candidate(conn, author.tenant, steps)

    steps, would = await app.store.read(read)
    proposal = Proposal(title=title, steps=steps, report=await report(app, author.tenant, would))
    return await app.store.write(lambda tx: proposals.propose(tx, author.tenant, proposal, author.person))


async def report(app: App, tenant: str, would: Bundle) -> dict[str, Any]:
    """What a second person should know of a candidate: its warnings, and what it does to the last week."""
    now, was = app.clock.now(), app.policies.of(tenant)
    known = {_same(one) for one in lint(was.rules, action_types=was.action_types, now=now)}
    found = lint(would.rules, action_types=would.action_types, now=now)
    new = [asdict(one) for one in found if _same(one) not in known]
    span = Span(tenant=tenant, since=now - _LOOKED_AT, until=now + timedelta(milliseconds=1), limit=_INTENTS)
    return {"warnings": new[:_WARNINGS], "backtest": await backtest.run(app.store, was, would, span)}


def _same(warning: PolicyWarning) -> tuple[str, str, str]:
    return warning.rule_id, warning.code, warning.why
