"""The shapes of published Python clients, under a prefix of their own, apart from the API proper.

A client has its base URL set to ``<control plane>/published``, or ``<control plane>/published/api/v1``. Paths, body
keys and answers are then those that are described of it: no envelope, statuses ``approved pending denied expired``,
``poll_url``. Who asks is the credential's alone, and what is decided is decided by the very handlers of ours: here only
names change. A body's ``agent_id`` says nothing. Every other row of the API stands under the prefix as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, cast

from aiohttp import web
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api import audit as own_audit
from vienna_control.api import fleet as own_fleet
from vienna_control.api import intents as own_intents
from vienna_control.api import submissions, votes
from vienna_control.api.audit_search import AuditQuery
from vienna_control.api.edge import encode
from vienna_control.api.problems import not_found
from vienna_control.api.route import API, Answer, Context, Route, Who, route
from vienna_control.fleet import registry
from vienna_control.store.tables import approvals
from vienna_kernel.ledger.trail import EntryType

PREFIX = "/published"
ROOT = f"{PREFIX}{API}"
_theirs = functools.partial(route, raw=True, root=ROOT)

STATUSES: Mapping[str, str] = {
    "executed": "approved",
    "executing": "approved",
    "approved": "approved",
    "observed": "approved",
    "simulated": "approved",
    "unknown": "approved",  # it was let go; what came of it is another question
    "failed": "approved",
    "pending_approval": "pending",
    "received": "pending",
    "frozen": "denied",
    "denied": "denied",
    "cancelled": "denied",
    "expired": "expired",
}
"""Ours by theirs: they ask whether it may happen, not whether it did."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class IntentBody(_Body):
    """An intent as those clients send it: its parameters are ``payload``, ``params`` or ``parameters``."""

    action: Annotated[
        str,
        Field(
            max_length=128,
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$",
            validation_alias=AliasChoices("action", "intent_type", "type"),
        ),
    ]
    parameters: Annotated[
        dict[str, Any], Field(validation_alias=AliasChoices("payload", "params", "parameters"))
    ] = {}
    context: dict[str, Any] = {}
    justification: Annotated[
        str | None, Field(max_length=2000, validation_alias=AliasChoices("justification", "reason"))
    ] = None
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    simulation: Annotated[bool, Field(validation_alias=AliasChoices("simulation", "dry_run"))] = False


class AgentBody(_Body):
    name: own_fleet.Name
    description: Annotated[str, Field(max_length=2000)] = ""
    type: Annotated[str, Field(max_length=32)] = "autonomous"
    metadata: Annotated[dict[str, Any], Field(max_length=100)] = {}


class DecisionBody(_Body):
    """``otp`` where the tier asks for a second factor."""

    reason: Annotated[
        str, Field(max_length=2000, validation_alias=AliasChoices("reason", "comment", "notes"))
    ] = ""
    otp: Annotated[SecretStr, Field(min_length=6, max_length=10)] | None = None


class RecentQuery(BaseModel):
    """``limit``: the newest so many entries."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    limit: Annotated[int, Field(ge=1, le=500)] = 50


def stands_under_prefix(one: Route) -> bool:
    """Whether a route of ours is also found behind the prefix: those that a client of operators or agents would use."""
    of_gates = one.forwarded or one.who in (Who.SIDECAR, Who.JOIN)
    return one.path.startswith(f"{API}/") and not of_gates


def _plain(data: Any) -> web.Response:
    return web.Response(body=encode(data), content_type="application/json")


def _data(answer: Answer) -> dict[str, Any]:
    """What a handler of ours says, without its envelope."""
    return answer.model_dump() if isinstance(answer, BaseModel) else cast(dict[str, Any], answer)


def _through(
    ctx: Context, body: BaseModel | None = None, query: BaseModel | None = None, **path: str
) -> Context:
    """The context for a handler of ours: the same credential, another body."""
    return replace(ctx, path={**ctx.path, **path}, body=body, query=query)


@_theirs(
    "POST",
    "/intents",
    who=Who.AGENT,
    writes=submissions.SUBMITTING,
    body=IntentBody,
    summary="Submit an intent, in the published clients' shape",
)
async def submit(ctx: Context) -> web.Response:
    """``status`` is ``approved``, ``pending`` (then ask ``poll_url``) or ``denied``."""
    body = ctx.body
    ours = submissions.AgentIntentBody(
        action=body.action,
        parameters=body.parameters,
        context=body.context,
        justification=body.justification,
        idempotency_key=body.idempotency_key,
        simulation=body.simulation,
    )
    told = _data(await submissions.submit_as_agent(_through(ctx, ours)))
    return _plain(await _intent(ctx, told["intent_id"]))


@_theirs(
    "GET",
    "/intents/{id}",
    who=Who.READER_OR_AGENT,
    writes=None,
    summary="An intent, in the published clients' shape",
)
async def read(ctx: Context) -> web.Response:
    return _plain(await _intent(ctx, ctx.path["id"]))


async def _intent(ctx: Context, intent_id: str) -> dict[str, Any]:
    own = _data(await own_intents.read_intent(_through(ctx, id=intent_id)))
    warrant, approval = own["warrant"] or {}, own["approval"] or {}
    return {
        "id": own["intent_id"],
        "intent_id": own["intent_id"],
        "action": own["action"],
        "agent_id": own["agent_id"],
        "status": STATUSES[own["status"]],
        "risk_tier": own["risk_tier"],
        "reason": own["hint"] or own["reason"],
        "proposal_id": approval.get("approval_id"),
        "warrant_id": warrant.get("warrant_id"),
        "warrant": warrant.get("token"),
        "poll_url": f"{ctx.app.base_url}{ROOT}/intents/{own['intent_id']}",
        "created_at": own["created_at"],
    }


@_theirs(
    "POST",
    "/agents",
    who=Who.OPERATOR,
    writes=(EntryType.AGENT_REGISTERED, EntryType.KEY_ADDED),
    body=AgentBody,
    summary="Register an agent, in the published clients' shape",
)
async def create_agent(ctx: Context) -> web.Response:
    """Its trust, its rung and what it may do are not theirs to say: they are set by ours."""
    told = _data(await own_fleet.create_agent(_through(ctx, own_fleet.AgentBody(**ctx.body.model_dump()))))
    return _plain(_agent(told) | {"api_key": told["api_key"]})


@_theirs(
    "GET",
    "/agents",
    who=Who.READER,
    writes=None,
    query=RecentQuery,
    summary="Agents, in the published clients' shape",
)
async def list_agents(ctx: Context) -> web.Response:
    def read(conn: Connection) -> list[dict[str, Any]]:
        found = registry.listed(conn, ctx.principal.tenant, registry.Wanted())
        return [_agent(own_fleet.brief(one)) for one in found[: ctx.query.limit]]

    return _plain({"agents": await ctx.app.store.read(read)})


def _agent(told: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "description", "type", "status", "trust_score", "metadata", "created_at")
    return {"id": told["agent_id"], "agent_id": told["agent_id"], **{name: told[name] for name in names}}


@_theirs(
    "POST", "/agents/{id}/heartbeat", who=Who.AGENT, writes=None, summary="A sign of life of an agent itself"
)
async def heartbeat(ctx: Context) -> web.Response:
    """Answers how it stands. It proves nothing and changes nothing: what an agent does is seen at its gate."""

    def read(conn: Connection) -> dict[str, Any]:
        agent = registry.by_id(conn, ctx.principal.agent_id or "")
        if agent is None or ctx.path["id"] not in (agent.id, agent.name):
            raise not_found("agent", ctx.path["id"])
        return {"id": agent.id, "agent_id": agent.id, "status": agent.status}

    return _plain(await ctx.app.store.read(read))


@_theirs(
    "POST",
    "/proposals/{id}/approve",
    who=Who.APPROVER,
    writes=votes.DECIDES,
    body=DecisionBody,
    optional_body=True,
    summary="Consent, in the published clients' shape",
)
async def approve(ctx: Context) -> web.Response:
    """``id`` is of the approval, or of the intent that it is about."""
    body = ctx.body
    sent = {"comment": body.reason, "justification": body.reason, "otp": body.otp}
    own = votes.ApproveBody.model_validate(sent)
    told = _data(await votes.approve(_through(ctx, own, id=await _proposal(ctx))))
    return _plain(_proposed(told))


@_theirs(
    "POST",
    "/proposals/{id}/deny",
    who=Who.APPROVER,
    writes=votes.DECIDES,
    body=DecisionBody,
    optional_body=True,
    summary="Say no, in the published clients' shape",
)
async def deny(ctx: Context) -> web.Response:
    own = votes.DenyBody.model_validate({"reason": ctx.body.reason or "no reason given", "otp": ctx.body.otp})
    told = _data(await votes.deny(_through(ctx, own, id=await _proposal(ctx))))
    return _plain(_proposed(told))


async def _proposal(ctx: Context) -> str:
    """The approval that the path names, by its id or by its intent's."""
    named, tenant = ctx.path["id"], ctx.principal.tenant
    query = (
        select(approvals.c.id)
        .where(approvals.c.tenant == tenant, (approvals.c.id == named) | (approvals.c.intent_id == named))
        .order_by(approvals.c.id.desc())
    )
    row = await ctx.app.store.read(lambda conn: rows.first(conn, query.limit(1)))
    if row is None:
        raise not_found("proposal", named)
    return str(row["id"])


def _proposed(told: Mapping[str, Any]) -> dict[str, Any]:
    one = told["approval_id"]
    return {"id": one, "proposal_id": one, "status": told["status"], "intent_id": told["intent_id"]}


@_theirs(
    "GET",
    "/audit/recent",
    who=Who.AUDITOR,
    writes=None,
    query=RecentQuery,
    summary="The newest entries of the trail, in the published clients' shape",
)
async def recent(ctx: Context) -> web.Response:
    asked = AuditQuery(limit=ctx.query.limit)
    told = _data(await own_audit.list_entries(_through(ctx, query=asked)))
    return _plain({"entries": [_entry(one) for one in told["entries"]]})


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "type", "actor", "agent_id", "intent_id", "data")
    return {**{name: entry.get(name) for name in names}, "timestamp": entry.get("at")}
