"""Trials: what the policy in force would decide, what it did decide, and what its shadow rules would have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.answers import EvaluationData
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
from vienna_control.policies import Bundle, backtest, candidates, trial
from vienna_control.policies.candidates import Exchange
from vienna_control.policies.rejudge import Span
from vienna_control.store.tables import intents
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.value import Value, pack

_LOOKED_AT = 5000
_EXAMPLES = 20


class EvaluateBody(BaseModel):
    """A trial: ``action``, ``source``, ``parameters``, ``context``; or flat, with ``action_type`` and the parameters
    beside it.
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
    body=EvaluateBody,
    data=EvaluationData,
    summary="A dry run",
)
async def evaluate(ctx: Context) -> dict[str, Any]:
    """What would be decided, and what each rule says by itself. Nothing is recorded and nothing follows.

    Budgets are read as they stand, and nothing is reserved.
    """
    body, bundle = ctx.body, ctx.app.policies.of(ctx.principal.tenant)
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
    tenant, intent = ctx.principal.tenant, ask.intents[0]

    def query(conn: Connection) -> dict[str, Any]:
        booked = replace(facts, budgets=books.of(conn, tenant, facts.now))
        return trial.run(bundle, trial.Trial(intent=intent, facts=booked))

    return await ctx.app.store.read(query)


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
        return _saw(conn, tenant, policy_id, iso(since)), candidates.build(
            ctx.app.policies, conn, tenant, exchange
        )

    saw, would = await ctx.app.store.read(read)
    span = Span(tenant=tenant, since=since, until=now + timedelta(milliseconds=1), limit=_LOOKED_AT)
    return {"id": policy_id, **saw, "enforced": await backtest.run(ctx.app.store, bundle, would, span)}


def _saw(conn: Connection, tenant: str, policy_id: str, since: str) -> dict[str, Any]:
    """Recorded decisions that name the rule as one that would have decided."""
    named = f'"rule":{json.dumps(policy_id)}'
    within = (intents.c.tenant == tenant, intents.c.created_at >= since)
    query = select(
        intents.c.id, intents.c.agent_id, intents.c.action, intents.c.summary, intents.c.created_at
    ).where(*within, intents.c.decision.contains(named, autoescape=True))
    found = rows.every(conn, query.order_by(intents.c.created_at.desc()).limit(_LOOKED_AT))
    last = found[0]["created_at"] if found else None
    examples = [
        {
            "intent_id": row["id"],
            "agent_id": row["agent_id"],
            "action": row["action"],
            "summary": row["summary"],
            "at": row["created_at"],
        }
        for row in found[:_EXAMPLES]
    ]
    return {"since": since, "fired": len(found), "last_at": last, "examples": examples}
