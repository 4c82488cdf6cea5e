"""Intents submitted by API, as an agent or as an operator."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.answers import SubmittedData
from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent
from vienna_control.intake import view
from vienna_control.intake.ask import Caller
from vienna_control.intake.submission import MisfitError, Submission, ask_of
from vienna_control.store import Tx
from vienna_control.store.tables import intents
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType

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
    found = registry.find(tx.conn, ctx.principal.tenant, registry.OPERATORS)
    if found is None:
        fresh = Agent(
            id="",
            tenant=ctx.principal.tenant,
            name=registry.OPERATORS,
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
