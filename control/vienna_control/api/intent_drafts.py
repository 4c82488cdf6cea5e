"""What to make of an intent: a rule drawn from it, a mapping for what none reads."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from vienna_control.api.answers import Told
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.intake import view
from vienna_control.policies import drafts, mapping_drafts
from vienna_control.policies.drafts import Then, TooHighError
from vienna_control.rows import Row
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.api import rule_to_api
from vienna_kernel.propose.observed import Seen


class RuleDraftQuery(BaseModel):
    """What the rule is to do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    then: Then = "require_approval"


class RuleDraftData(Told):
    """``rule`` and ``backtest``: what to post, and where; ``notes``: what to look at before."""

    says: str
    rule: dict[str, Any]
    backtest: dict[str, Any]
    notes: list[str]


class MappingDraftData(Told):
    """``mapping`` and ``cases``: two files; ``actions``: how calls are named by it; ``calls``: what it was made of."""

    mapping_id: str
    mapping: str
    cases: str
    actions: list[str]
    calls: int


@route(
    "GET",
    "/intents/{id}/rule-draft",
    who=Who.READER,
    writes=None,
    query=RuleDraftQuery,
    data=RuleDraftData,
    summary="A rule drawn from an intent",
)
async def rule_draft(ctx: Context) -> dict[str, Any]:
    """Same agent, action and kind of target, with its amount as the bound. Nothing is kept."""
    row = await ctx.app.store.read(lambda conn: _row(ctx, conn))
    try:
        draft = drafts.drawn(row, ctx.query.then, ctx.app.policies.of(ctx.principal.tenant).rules)
    except TooHighError:
        why = f"{row['tier']} is not let go by a rule; people can consent in advance: POST /api/v1/standing"
        raise Problem(Code.VALIDATION_FAILED, f"/then: {why}") from None
    body = rule_to_api(draft.rule)
    return {
        "says": draft.says,
        "rule": {"path": "/policies", "body": body},
        "backtest": {"path": "/policies/backtest", "body": {"rule": body}},
        "notes": list(draft.notes),
    }


@route(
    "GET",
    "/intents/{id}/mapping-draft",
    who=Who.READER,
    writes=None,
    data=MappingDraftData,
    summary="A mapping drawn from a call that none reads",
)
async def mapping_draft(ctx: Context) -> dict[str, Any]:
    """As ``POST /mappings/test`` takes it. Effects and tiers in it are guesses, and marked as such."""

    def read(conn: Connection) -> list[Seen]:
        row = _row(ctx, conn)
        if not row["action"].startswith("http."):
            raise Problem(Code.CONFLICT, f"a mapping reads it already, as {row['action']}")
        return mapping_drafts.calls(conn, row)

    texts = ctx.app.policies.of(ctx.principal.tenant).texts
    day = iso(ctx.app.clock.now())[:10]
    try:
        found = await ctx.app.store.read(read)
        done = await asyncio.to_thread(mapping_drafts.drawn, found, texts, day=day)
    except MalformedError as error:
        raise Problem(Code.CONFLICT, f"it cannot be mapped: {error.why}") from None
    return {
        "mapping_id": done.proposal.id,
        "mapping": done.mapping,
        "cases": done.cases,
        "actions": [one.name for one in done.proposal.drafts],
        "calls": len(found),
    }


def _row(ctx: Context, conn: Connection) -> Row:
    row = view.one(conn, ctx.principal.tenant, ctx.path["id"])
    if row is None:
        raise not_found("intent", ctx.path["id"])
    return row
