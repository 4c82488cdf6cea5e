"""Intents: submit one, wait for it, list them, and everything about one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.access import Principal
from vienna_control.api.answers import IntentData, IntentList, SubmittedData
from vienna_control.api.page import Instant, PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent
from vienna_control.intake import view
from vienna_control.intake.ask import Caller
from vienna_control.intake.submission import MisfitError, Submission, ask_of
from vienna_control.store import Tx
from vienna_control.store.tables import agents, intents
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Status

_CONSOLE_AGENT = "operators"
"""What operators submit runs as this agent: the intent's source names the person."""

SUBMITTING = (
    EntryType.INTENT_SUBMITTED,
    EntryType.POLICY_EVALUATED,
    EntryType.APPROVAL_REQUESTED,
    EntryType.WARRANT_ISSUED,
    EntryType.WARRANT_CONSUMED,
    EntryType.EXECUTION_STARTED,
    EntryType.EXECUTION_FINISHED,
    EntryType.VERIFICATION_COMPLETE,
    EntryType.TRUST_CHANGED,
    EntryType.APPROVAL_ESCALATED,
    EntryType.CALL_REFUSED,
    EntryType.ALERT,
)
"""What the pipeline may enter of a call that no gate holds."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    action: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
    parameters: Annotated[
        dict[str, Any], Field(validation_alias=AliasChoices("parameters", "payload", "params"))
    ] = {}
    target: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    mode: Literal["direct", "passback"] | None = None
    idempotency_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    simulation: bool = False


class AgentIntentBody(_Body):
    """What an agent wants to do. ``source`` may name the platform; the agent is that of the credential.

    ``context``, ``justification``, ``estimated_cost``, ``urgency`` and ``rollback_plan`` are shown to approvers as
    the agent's own words, and can only raise scrutiny.
    """

    source: str | dict[str, Any] | None = None
    tenant_id: str | None = None
    context: dict[str, Any] = {}
    justification: Annotated[str, Field(max_length=2000)] | None = None
    estimated_cost: Any = None
    urgency: Annotated[str, Field(max_length=40)] | None = None
    rollback_plan: Annotated[str, Field(max_length=2000)] | None = None


class OperatorIntentBody(_Body):
    """What an operator wants done. ``override_tier`` (admins) only ever raises the tier."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    override_tier: Tier | None = None


class IntentsQuery(PageQuery):
    """Filters of the list; ``from`` and ``to`` are instants."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    agent_id: Annotated[str, Field(max_length=128)] | None = None
    action: Annotated[str, Field(max_length=128)] | None = None
    status: Status | None = None
    tier: Tier | None = None
    host: Annotated[str, Field(max_length=255)] | None = None
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None


class WaitQuery(BaseModel):
    """``timeout``: seconds, at most 60."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: Annotated[float, Field(ge=0, le=60)] = 30


@route(
    "POST",
    "/agent/intent",
    who=Who.AGENT,
    writes=SUBMITTING,
    body=AgentIntentBody,
    data=SubmittedData,
    summary="Submit an intent through the whole pipeline",
)
async def submit_as_agent(ctx: Context) -> dict[str, Any]:
    """Answers ``executed``, ``approved`` with a warrant to use by oneself, ``pending_approval`` or ``denied``.

    The same intent sent again while people decide waits for the same approval; with the same ``idempotency_key`` it
    is the same intent, whatever became of it.
    """
    body, principal = ctx.body, ctx.principal
    claimed = {
        name: value
        for name in ("justification", "estimated_cost", "urgency", "rollback_plan")
        if (value := getattr(body, name)) is not None
    }
    wanted = _submission(body, {**body.context, **claimed})
    caller = Caller(
        tenant=principal.tenant,
        agent_id=principal.agent_id or "",
        source=f"agent:{principal.agent_id}",
    )
    return _or_raise(await ctx.app.store.write(lambda tx: _submit(ctx, tx, caller, wanted)))


@route(
    "POST",
    "/intent",
    who=Who.OPERATOR,
    writes=(*SUBMITTING, EntryType.AGENT_REGISTERED),  # its own stand-in, at the first time
    body=OperatorIntentBody,
    data=SubmittedData,
    summary="Submit an intent as an operator",
)
async def submit_as_operator(ctx: Context) -> dict[str, Any]:
    """The same pipeline. Who submits it cannot approve it."""
    body, principal = ctx.body, ctx.principal
    if body.override_tier is not None and principal.role != "admin":
        raise Problem(Code.FORBIDDEN, "override_tier is for admins")
    wanted = _submission(body, {"reason": body.reason}, override_tier=body.override_tier)

    def unit(tx: Tx) -> dict[str, Any] | Problem:
        caller = Caller(tenant=principal.tenant, agent_id=_console_agent(ctx, tx), source=principal.actor)
        return _submit(ctx, tx, caller, wanted)

    return _or_raise(await ctx.app.store.write(unit))


def _or_raise(answer: dict[str, Any] | Problem) -> dict[str, Any]:
    if isinstance(answer, Problem):
        raise answer
    return answer


def _submission(body: _Body, claimed: dict[str, Any], *, override_tier: Tier | None = None) -> Submission:
    return Submission(
        action=body.action,
        parameters=body.parameters,
        target=body.target,
        mode=body.mode,
        claimed=claimed,
        idempotency_key=body.idempotency_key,
        simulation=body.simulation,
        override_tier=override_tier,
    )


def _console_agent(ctx: Context, tx: Tx) -> str:
    found = registry.find(tx.conn, ctx.principal.tenant, _CONSOLE_AGENT)
    if found is None:
        fresh = Agent(
            id="",
            tenant=ctx.principal.tenant,
            name=_CONSOLE_AGENT,
            type="operators",
            description="What operators submit themselves.",
        )
        found = registry.register(tx, fresh, actor="system", most=ctx.app.config.max_agents + 1)
    return found.id


def _submit(ctx: Context, tx: Tx, caller: Caller, wanted: Submission) -> dict[str, Any] | Problem:
    attempt = tx.id("att")
    try:
        ask = ask_of(caller, wanted, bundle=ctx.app.policies.of(ctx.principal.tenant), attempt=attempt)
    except MisfitError as error:
        raise Problem(Code.VALIDATION_FAILED, str(error), [row.to_json() for row in error.errors]) from None
    known = _by_key(tx.conn, caller, wanted.idempotency_key)
    if known is not None:
        if known["fingerprint"] != ask.fingerprint:
            raise Problem(Code.CONFLICT, "this idempotency_key was used for another intent")
        return view.submitted(tx.conn, known["id"])
    answer = ctx.app.pipeline.consult(tx, ask)
    ctx.log["intent_id"] = answer.intent_id
    if not answer.intent_id:
        # Returned, not raised: the refusal is in the trail.
        return Problem(Code.FORBIDDEN, answer.hint)
    return view.submitted(tx.conn, answer.intent_id)


def _by_key(conn: Connection, caller: Caller, key: str | None) -> rows.Row | None:
    if key is None:
        return None
    query = select(intents.c.id, intents.c.fingerprint).where(
        intents.c.agent_id == caller.agent_id, intents.c.idempotency_key == key
    )
    return rows.first(conn, query)


@route(
    "GET",
    "/intents",
    who=Who.READER_OR_AGENT,
    writes=None,
    query=IntentsQuery,
    data=IntentList,
    summary="Intents, newest first",
)
async def list_intents(ctx: Context) -> dict[str, Any]:
    """An agent sees its own."""
    query, principal = ctx.query, ctx.principal
    statement = view.listed().where(intents.c.tenant == principal.tenant)
    if principal.agent_id is not None:
        statement = statement.where(intents.c.agent_id == principal.agent_id)
    if query.agent_id is not None:
        statement = statement.where((agents.c.id == query.agent_id) | (agents.c.name == query.agent_id))
    for name in ("action", "status", "tier", "host"):
        if (value := getattr(query, name)) is not None:
            statement = statement.where(intents.c[name] == str(value))
    if query.from_ is not None:
        statement = statement.where(intents.c.created_at >= query.from_)
    if query.to is not None:
        statement = statement.where(intents.c.created_at < query.to)
    return await ctx.app.store.read(
        lambda conn: fetch_page(conn, statement, query, key=intents.c.id, noun="intents", shape=view.brief)
    )


@route(
    "GET", "/intents/{id}", who=Who.READER_OR_AGENT, writes=None, data=IntentData, summary="One intent, whole"
)
async def read_intent(ctx: Context) -> dict[str, Any]:
    return await ctx.app.store.read(lambda conn: _read(conn, ctx.principal, ctx.path["id"]))


def _read(conn: Connection, principal: Principal, intent_id: str) -> dict[str, Any]:
    row = _row(conn, principal, intent_id)
    return view.whole(conn, row, own=principal.agent_id is not None)


def _row(conn: Connection, principal: Principal, intent_id: str) -> rows.Row:
    row = view.one(conn, principal.tenant, intent_id)
    if row is None or principal.agent_id not in (None, row["agent_id"]):
        raise not_found("intent", intent_id)
    return row


@route(
    "GET",
    "/intents/{id}/wait",
    who=Who.READER_OR_AGENT,
    writes=None,
    query=WaitQuery,
    data=IntentData,
    summary="Wait until an intent is decided",
)
async def wait_for_intent(ctx: Context) -> dict[str, Any]:
    """Answers as soon as nobody has to be waited for, or when the time is over, with the intent as it is."""
    loop = asyncio.get_running_loop()
    until = loop.time() + ctx.query.timeout
    with ctx.app.bus.subscribe(("_wake",), tenant=ctx.principal.tenant) as wakes:
        while True:
            found = await ctx.app.store.read(lambda conn: _read(conn, ctx.principal, ctx.path["id"]))
            remaining = until - loop.time()
            if found["status"] != Status.PENDING_APPROVAL or remaining <= 0 or ctx.app.stopping.is_set():
                return found
            try:
                async with asyncio.timeout(remaining):
                    async for event in wakes:
                        if event.data["intent_id"] == ctx.path["id"]:
                            break
                    else:
                        return found
            except TimeoutError:
                continue


@route(
    "GET",
    "/intents/{id}/timeline",
    who=Who.READER,
    writes=None,
    summary="Every entry about an intent, in order",
)
async def timeline(ctx: Context) -> dict[str, Any]:
    intent_id = ctx.path["id"]

    def query(conn: Connection) -> dict[str, Any]:
        _row(conn, ctx.principal, intent_id)
        return {"intent_id": intent_id, "events": view.timeline(conn, intent_id)}

    return await ctx.app.store.read(query)


def _aftermath(conn: Connection, execution_id: str | None) -> dict[str, Any]:
    """What reading it back said, and what would undo it."""
    _, verification = view.execution(conn, execution_id)
    told = verification or {}
    return {name: told[name] for name in ("readback", "undo") if told.get(name)}


@route("GET", "/intents/{id}/explanation", who=Who.READER, writes=None, summary="Why it was decided so")
async def explanation(ctx: Context) -> dict[str, Any]:
    """Rule, each condition with actual and expected, undetermined fields, inputs of tier and risk."""

    def query(conn: Connection) -> dict[str, Any]:
        row = _row(conn, ctx.principal, ctx.path["id"])
        decision = rows.load(row["decision"]) or {}
        return {
            "intent_id": row["id"],
            "summary": row["summary"],
            "status": row["status"],
            "risk_tier": row["tier"],
            "reason": row["reason"],
            **decision,
            **_aftermath(conn, row["execution_id"]),
        }

    return await ctx.app.store.read(query)
