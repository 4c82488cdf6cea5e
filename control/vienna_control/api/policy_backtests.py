"""Backtests: a candidate policy against recorded intents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.change import misfit
from vienna_control.api.edge import answer
from vienna_control.api.problems import not_found, rate_limited
from vienna_control.api.route import Answer, Context, Who, route
from vienna_control.api.stretch import Stretch
from vienna_control.fleet import registry
from vienna_control.policies import Bundle, candidates
from vienna_control.policies.backtests import Asked, BusyError, find
from vienna_control.policies.candidates import Exchange
from vienna_control.policies.rejudge import MOST, Span
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.api import rule_from_api

_PATIENCE_SECONDS = 5.0


class PolicyFile(BaseModel):
    """A document of kind Rules or Tiers as it would lie in a folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(max_length=400_000)]


class BacktestBody(Stretch):
    """What is tried, and on what.

    Attributes:
        rule, rules: In either dialect; each takes the place of the one of its id, in a file too, or is new.
        remove: Ids of rules to leave out, of files too.
        bundle: Documents in the place of all files of rules (and of tiers, where one is among them).
        default: What follows when no rule holds.
        from, to: Of the recorded intents; the last seven days, else. At most 90 days.
        agent: Id or name; else all.
        limit: At most so many intents, the newest.
    """

    rule: dict[str, Any] | None = None
    rules: Annotated[tuple[dict[str, Any], ...], Field(max_length=500)] = ()
    remove: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=500)] = ()
    bundle: Annotated[tuple[PolicyFile, ...], Field(max_length=50)] = ()
    default: Literal["deny", "allow"] | None = None
    agent: Annotated[str, Field(max_length=128)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST


@route(
    "POST",
    "/policies/backtest",
    who=Who.OPERATOR,
    writes=None,
    body=BacktestBody,
    summary="What a candidate policy would have decided of recorded intents",
)
async def backtest(ctx: Context) -> Answer:
    """Decisions that change, approvals an hour and to whom, rules that never hold. Nothing follows from it.

    200 with the result, or 202 when it takes longer: ask ``/policies/backtests/{id}``.
    """
    body, tenant = ctx.body, ctx.principal.tenant
    exchange = exchange_of(body)

    def read(conn: Connection) -> tuple[Span, Bundle]:
        return _span(ctx, conn, body), candidates.build(ctx.app.policies, conn, tenant, exchange)

    try:
        span, would = await ctx.app.store.read(read)
    except MalformedError as error:
        raise misfit(error, body.model_dump()) from None
    asked = Asked(
        was=ctx.app.policies.of(tenant),
        would=would,
        span=span,
        body=body.model_dump(mode="json", by_alias=True, exclude_unset=True),
        author=ctx.principal.actor,
    )
    try:
        backtest_id = await ctx.app.backtests.start(asked, patience_seconds=_PATIENCE_SECONDS)
    except BusyError:
        raise rate_limited("other backtests are running; ask again when they are done", 10) from None
    told = await _one(ctx, backtest_id)
    envelope = {"success": True, "data": told, "error": None}
    return answer(envelope, status=202 if told["status"] == "running" else 200, headers=ctx.headers)


def exchange_of(body: BacktestBody) -> Exchange:
    """What a candidate has other than in force. Raises 422 for a rule that is none."""
    given = [("/rule", body.rule)] if body.rule is not None else []
    given += [(f"/rules/{i}", rule) for i, rule in enumerate(body.rules)]
    return Exchange(
        files=[(file.name, file.text) for file in body.bundle],
        rules=[_rule(place, rule, i) for i, (place, rule) in enumerate(given)],
        remove=frozenset(body.remove),
        default=body.default,
    )


def _rule(place: str, sent: Mapping[str, Any], at: int) -> dict[str, Any]:
    try:
        return rule_from_api(sent, rule_id=str(sent.get("id") or f"candidate-{at + 1}"))
    except MalformedError as error:
        raise misfit(error, sent, within=place) from None


def _span(ctx: Context, conn: Connection, body: BacktestBody) -> Span:
    since, until = body.ends(ctx.app.clock.now())
    agent_id = None
    if body.agent is not None:
        agent = registry.find(conn, ctx.principal.tenant, body.agent)
        if agent is None:
            raise not_found("agent", body.agent)
        agent_id = agent.id
    return Span(tenant=ctx.principal.tenant, since=since, until=until, agent_id=agent_id, limit=body.limit)


async def _one(ctx: Context, backtest_id: str) -> dict[str, Any]:
    row = await ctx.app.store.read(lambda conn: find(conn, ctx.principal.tenant, backtest_id))
    if row is None:
        raise not_found("backtest", backtest_id)
    return {
        "id": row["id"],
        "status": row["status"],
        "seen": ctx.app.backtests.seen(row["id"]),
        "asked": rows.load(row["asked"]),
        "error": row["error"] or None,
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
        **(rows.load(row["result"]) or {}),
    }


@route("GET", "/policies/backtests/{id}", who=Who.READER, writes=None, summary="A backtest, running or done")
async def read_backtest(ctx: Context) -> dict[str, Any]:
    return await _one(ctx, ctx.path["id"])
