"""Trials: what the policy in force would decide, what it did decide, and what its shadow rules would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.answers import EvaluationData
from vienna_control.api.change import misfit
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.approvals.shown import exact
from vienna_control.budgets import books
from vienna_control.clock import iso
from vienna_control.fleet import registry
from vienna_control.intake.ask import Caller
from vienna_control.intake.submission import MisfitError, Submission, ask_of
from vienna_control.intake.view import listed as intents_listed
from vienna_control.policies import Bundle, backtest, candidates, rejudge, trial
from vienna_control.policies.candidates import Exchange
from vienna_control.policies.rejudge import Span
from vienna_control.policies.shadow import LOOKED_AT, saw
from vienna_control.store.tables import intents
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Intent
from vienna_kernel.policy.api import rule_from_api
from vienna_kernel.value import Value, pack


class EvaluateBody(BaseModel):
    """A trial: ``action``, ``source``, ``parameters``, ``context``; or flat, with ``action_type`` and the parameters
    beside it; or ``intent_id``.

    Attributes:
        intent_id: A recorded intent, with the facts of its moment, instead of what is written out.
        candidate: A rule in either dialect, asked in the place of the one of its id, of a file too, or beside them.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    action: Annotated[str, Field(max_length=128)] | None = None
    action_type: Annotated[str, Field(max_length=128)] | None = None
    source: str | dict[str, Any] | None = None
    agent_id: Annotated[str, Field(max_length=128)] | None = None
    parameters: dict[str, Any] | None = None
    context: dict[str, Any] = {}
    target: Annotated[str, Field(max_length=2000)] | None = None
    environment: Annotated[str, Field(max_length=80)] | None = None
    time_of_day: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None
    intent_id: Annotated[str, Field(max_length=64)] | None = None
    candidate: dict[str, Any] | None = None


class EvaluationsQuery(PageQuery):
    decision: Literal["allowed", "pending_approval", "denied", "rate_limited"] | None = None


@route(
    "GET",
    "/policies/evaluations",
    who=Who.READER,
    writes=None,
    query=EvaluationsQuery,
    summary="Past decisions",
)
async def list_evaluations(ctx: Context) -> dict[str, Any]:
    """What was decided about recorded intents, newest first."""
    statement = intents_listed().where(
        intents.c.tenant == ctx.principal.tenant, intents.c.decision.is_not(None)
    )
    if ctx.query.decision is not None:
        outcome = next(key for key, word in trial.WORDS.items() if word == ctx.query.decision)
        statement = statement.where(intents.c.decision.contains(f'"outcome":"{outcome}"', autoescape=True))

    def shape(row: Mapping[str, Any]) -> dict[str, Any]:
        told = rows.load(row["decision"])
        return {
            "evaluation_id": f"eval-{row['id'].removeprefix('int-')}",
            "intent_id": row["id"],
            "agent_id": row["agent_id"],
            "action": row["action"],
            "decision": trial.WORDS.get(told["outcome"], told["outcome"]),
            "rule": told.get("rule_id"),
            "rule_name": told.get("rule_name"),
            "risk_tier": row["tier"],
            "reason": told.get("detail"),
            "would": row["would"],
            "evaluated_at": row["created_at"],
        }

    return await ctx.app.store.read(
        lambda conn: fetch_page(conn, statement, ctx.query, key=intents.c.id, noun="evaluations", shape=shape)
    )


@route(
    "POST",
    "/policies/evaluate",
    who=Who.READER,
    writes=None,
    pure=True,
    body=EvaluateBody,
    data=EvaluationData,
    summary="A dry run",
)
async def evaluate(ctx: Context) -> dict[str, Any]:
    """What would be decided, and what each rule says by itself. Nothing is recorded and nothing follows.

    Budgets are read as they stand, and nothing is reserved.
    """
    bundle = await _bundle(ctx)
    intent, facts = await (_recorded(ctx) if ctx.body.intent_id else _written_out(ctx, bundle))
    tenant, now = ctx.principal.tenant, ctx.app.clock.now()

    def query(conn: Connection) -> dict[str, Any]:
        booked = replace(facts, budgets=books.of(conn, tenant, now))
        return trial.run(bundle, trial.Trial(intent=intent, facts=booked))

    return await ctx.app.store.read(query)


async def _bundle(ctx: Context) -> Bundle:
    """The one in force, with the candidate in it."""
    sent, tenant = ctx.body.candidate, ctx.principal.tenant
    if sent is None:
        return ctx.app.policies.of(tenant)
    try:
        exchange = Exchange(rules=[rule_from_api(sent, rule_id=str(sent.get("id") or "candidate"))])
        return await ctx.app.store.read(
            lambda conn: candidates.build(ctx.app.policies, conn, tenant, exchange)
        )
    except MalformedError as error:
        raise misfit(error, sent, within="/candidate") from None


async def _recorded(ctx: Context) -> tuple[Intent, Facts]:
    """What a recorded call meant, the first of several meanings, and the facts of its moment."""
    intent_id, tenant = ctx.body.intent_id, ctx.principal.tenant
    found = await ctx.app.store.read(lambda conn: rejudge.one(conn, tenant, intent_id))
    if found is None:
        raise not_found("intent", intent_id)
    if not found.parts:
        raise Problem(Code.CONFLICT, "policy was not asked about this intent: it was turned away before")
    return found.parts[0], found.facts


async def _written_out(ctx: Context, bundle: Bundle) -> tuple[Intent, Facts]:
    body = ctx.body
    action = body.action or body.action_type
    if action is None:
        raise Problem(Code.VALIDATION_FAILED, "/action: an action is needed")
    parameters = body.parameters if body.parameters is not None else dict(body.model_extra or {})
    named = _agent_named(body)
    agent = await ctx.app.store.read(lambda conn: _agent(conn, ctx.principal.tenant, named))
    try:
        ask = ask_of(
            Caller(tenant=ctx.principal.tenant, agent_id=agent.id, source="trial:"),
            Submission(action=action, parameters=parameters, target=body.target),
            bundle=bundle,
            attempt="",
        )
    except MisfitError as error:
        raise Problem(Code.VALIDATION_FAILED, str(error), [row.to_json() for row in error.errors]) from None
    now = ctx.app.clock.now()
    facts = Facts(
        agent=agent,
        now=trial.at_time_of_day(now, body.time_of_day, bundle) if body.time_of_day else now,
        environment=body.environment,
        claimed=_claimed(body.context),
    )
    return ask.intents[0], facts


def _agent_named(body: EvaluateBody) -> str:
    if body.agent_id:
        return body.agent_id
    if isinstance(body.source, dict):
        return str(body.source.get("agent_id") or "trial")
    return body.source or "trial"


def _agent(conn: Connection, tenant: str, named: str) -> AgentFacts:
    """The registered agent, or one that nobody knows much about."""
    found = registry.find(conn, tenant, named)
    return found.facts() if found else AgentFacts(id=named, name=named)


def _claimed(context: dict[str, Any]) -> dict[str, Value]:
    told = exact(context)
    return dict(told) if isinstance(told, Mapping) else {}


class ShadowQuery(BaseModel):
    """``days`` of recorded traffic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Annotated[int, Field(ge=1, le=30)] = 7


@route(
    "GET",
    "/policies/{id}/shadow",
    who=Who.READER,
    writes=None,
    query=ShadowQuery,
    summary="What a shadow rule saw",
)
async def shadow(ctx: Context) -> dict[str, Any]:
    """How often it would have decided, as recorded; and what enforcing it would have changed."""
    policy_id, tenant, now = ctx.path["id"], ctx.principal.tenant, ctx.app.clock.now()
    bundle = ctx.app.policies.of(tenant)
    rule = next((one for one in bundle.rules.rules if one.id == policy_id), None)
    if rule is None:
        raise not_found("policy", policy_id)
    if not rule.shape.shadow:
        raise Problem(Code.CONFLICT, f"the rule {policy_id!r} is no shadow rule: it is enforced")
    since = now - timedelta(days=ctx.query.days)
    exchange = Exchange(rules=[pack({**rule.data, "shadow": False})])

    def read(conn: Connection) -> tuple[dict[str, Any], Bundle]:
        would = candidates.build(ctx.app.policies, conn, tenant, exchange)
        return saw(conn, tenant, policy_id, iso(since)), would

    seen, would = await ctx.app.store.read(read)
    span = Span(tenant=tenant, since=since, until=now + timedelta(milliseconds=1), limit=LOOKED_AT)
    return {"id": policy_id, **seen, "enforced": await backtest.run(ctx.app.store, bundle, would, span)}
