"""Policies: the rules in force, those kept by API with their versions, and dry runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.page import PageQuery, fetch_page, slice_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.approvals.shown import exact
from vienna_control.budgets import books
from vienna_control.fleet import registry
from vienna_control.intake.ask import Caller
from vienna_control.intake.submission import MisfitError, Submission, ask_of
from vienna_control.intake.view import listed as intents_listed
from vienna_control.policies import Bundle, stored, trial
from vienna_control.store import Tx
from vienna_control.store.tables import intents
from vienna_control.store.tables import policies as table
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.document import DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.policy.api import rule_from_api, rule_to_api
from vienna_kernel.policy.rule import Rule
from vienna_kernel.value import Value

_FLAT_ACTION = frozenset({
    "action_on_match", "approval_tier", "required_approvers", "risk_tier", "required_approvals", "required_roles",
    "required_groups", "timeout", "requires_mfa", "reason",
})  # fmt: skip
_WHEN = ("conditions", "expression", "condition")


class RuleBody(BaseModel):
    """A rule in either published dialect; ``POST /policies`` of the documentation lists the keys.

    A policy file's ``when`` is here ``conditions`` or ``expression``, its ``then`` is ``action``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Annotated[str, Field(max_length=100)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None

    def sent(self) -> dict[str, Any]:
        """What was sent, and nothing else."""
        return self.model_dump(exclude_unset=True)


class RollbackBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1)]


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
    "/policies",
    who=Who.READER,
    writes=None,
    query=PageQuery,
    summary="Rules, in the order they are asked",
)
async def list_policies(ctx: Context) -> dict[str, Any]:
    """Those of the files (read-only here) and those kept by API, of one's own tenant."""
    bundle, query = ctx.app.policies.current, ctx.query
    tenant = ctx.principal.tenant
    kept, hidden = await ctx.app.store.read(
        lambda conn: (_kept(conn, tenant), stored.of_others(conn, tenant))
    )
    rules = [rule for rule in bundle.rules.rules if rule.id not in hidden]
    page = slice_page(
        rules, query, noun="policies", shape=lambda rule: _shown(rule, kept.get(rule.id), bundle)
    )
    return {
        **page,
        "default": bundle.rules.default,
        "version": bundle.version,
        "digest": bundle.digest,
        "problem": ctx.app.policies.problem or None,
    }


def _kept(conn: Connection, tenant: str) -> dict[str, rows.Row]:
    query = select(table).where(table.c.tenant == tenant, table.c.deleted.is_(False))
    return {row["id"]: row for row in rows.every(conn, query)}


def _shown(rule: Rule, row: rows.Row | None, bundle: Bundle) -> dict[str, Any]:
    told = {**rule_to_api(rule.data), "source": rule.source}
    if row is None:
        return {**told, "version": bundle.version, "read_only": True}
    return {
        **told,
        "version": row["version"],
        "created_by": row["created_by"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "read_only": False,
    }


@route(
    "POST",
    "/policies",
    who=Who.OPERATOR,
    writes=EntryType.POLICY_CHANGED,
    body=RuleBody,
    status=201,
    summary="Create a rule; it is in force when this is answered, unless disabled",
)
async def create_policy(ctx: Context) -> dict[str, Any]:
    sent = ctx.body.sent()
    policies, principal = ctx.app.policies, ctx.principal

    def unit(tx: Tx) -> str:
        rule_id = sent.get("id") or tx.id("pol")
        if any(rule.id == rule_id for rule in policies.current.rules.rules):
            raise Problem(Code.CONFLICT, f"there is a rule {rule_id!r} already")
        rule = _read(sent, rule_id)
        row = stored.find(tx.conn, principal.tenant, rule_id)
        if row is None:
            stored.create(tx, principal.tenant, rule, actor=principal.actor)
        else:
            stored.replace(tx, row, rule, actor=principal.actor)
        return rule_id

    return await _changed(ctx, await _change(ctx, unit))


def _read(sent: Mapping[str, Any], rule_id: str) -> dict[str, Any]:
    try:
        return rule_from_api(sent, rule_id=rule_id)
    except MalformedError as error:
        raise _misfit(error) from None


async def _change[T](ctx: Context, unit: Any) -> Any:
    """Run a unit that changes stored rules; the whole bundle must compile with it."""
    try:
        return await ctx.app.policies.change(unit, actor=ctx.principal.actor, what="api")
    except MalformedError as error:
        raise _misfit(error) from None


def _misfit(error: MalformedError) -> Problem:
    each = error.errors if isinstance(error, DocumentError) else [error]
    details = [{"field": one.where, "message": one.why} for one in each]
    return Problem(Code.VALIDATION_FAILED, f"{each[0].where}: {each[0].why}", details)


async def _changed(ctx: Context, rule_id: str) -> dict[str, Any]:
    """The rule as it is in force now."""
    bundle, tenant = ctx.app.policies.current, ctx.principal.tenant
    row, hidden = await ctx.app.store.read(
        lambda conn: (stored.find(conn, tenant, rule_id), stored.of_others(conn, tenant))
    )
    found = next((rule for rule in bundle.rules.rules if rule.id == rule_id), None)
    if found is None or rule_id in hidden:
        raise not_found("policy", rule_id)
    return _shown(found, row if row is not None and not row["deleted"] else None, bundle)


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


@route("GET", "/policies/{id}", who=Who.READER, writes=None, summary="One rule")
async def read_policy(ctx: Context) -> dict[str, Any]:
    return await _changed(ctx, ctx.path["id"])


async def _update(ctx: Context) -> dict[str, Any]:
    policy_id, sent = ctx.path["id"], ctx.body.sent()
    if sent.get("id") not in (None, policy_id):
        raise Problem(Code.VALIDATION_FAILED, "/id: the id of a rule does not change")

    def unit(tx: Tx) -> str:
        row = _own(ctx, tx.conn, policy_id)
        merged = _merged(rule_to_api(rows.load(row["rule"])), sent)
        stored.replace(tx, row, _read(merged, policy_id), actor=ctx.principal.actor)
        return policy_id

    return await _changed(ctx, await _change(ctx, unit))


def _own(ctx: Context, conn: Connection, policy_id: str, *, deleted: bool = False) -> rows.Row:
    """A rule that is kept by API. Raises 404; 409 for one of a file."""
    row = stored.find(conn, ctx.principal.tenant, policy_id)
    if row is None or (row["deleted"] and not deleted):
        rule = next((rule for rule in ctx.app.policies.current.rules.rules if rule.id == policy_id), None)
        if rule is not None and policy_id not in stored.of_others(conn, ctx.principal.tenant):
            raise Problem(Code.CONFLICT, f"this rule stands in {rule.source}: change it there")
        raise not_found("policy", policy_id)
    return row


def _merged(kept: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """A partial update in either dialect over a rule in ours."""
    merged = dict(kept)
    if any(name in sent for name in _WHEN):
        merged = {name: value for name, value in merged.items() if name not in _WHEN}
    if "action" not in sent and _FLAT_ACTION & set(sent):
        merged.pop("action", None)
    return {**merged, **sent}


@route(
    "PUT",
    "/policies/{id}",
    who=Who.OPERATOR,
    writes=EntryType.POLICY_CHANGED,
    body=RuleBody,
    summary="Change a rule: what is left out stays",
)
async def put_policy(ctx: Context) -> dict[str, Any]:
    return await _update(ctx)


@route(
    "PATCH",
    "/policies/{id}",
    who=Who.OPERATOR,
    writes=EntryType.POLICY_CHANGED,
    body=RuleBody,
    summary="Change a rule: what is left out stays",
)
async def patch_policy(ctx: Context) -> dict[str, Any]:
    return await _update(ctx)


@route(
    "DELETE",
    "/policies/{id}",
    who=Who.OPERATOR,
    writes=EntryType.POLICY_CHANGED,
    summary="Take a rule out of evaluation; its versions stay",
)
async def delete_policy(ctx: Context) -> dict[str, Any]:
    policy_id = ctx.path["id"]

    def unit(tx: Tx) -> None:
        stored.delete(tx, _own(ctx, tx.conn, policy_id))

    await _change(ctx, unit)
    return {"id": policy_id, "deleted": True}


@route("GET", "/policies/{id}/versions", who=Who.READER, writes=None, summary="Every version of a rule")
async def list_versions(ctx: Context) -> dict[str, Any]:
    policy_id = ctx.path["id"]

    def query(conn: Connection) -> list[dict[str, Any]]:
        _own(ctx, conn, policy_id, deleted=True)
        return [
            {
                "version": row["version"],
                "author": row["author"],
                "at": row["at"],
                "rule": rule_to_api(rows.load(row["rule"])),
            }
            for row in stored.versions(conn, policy_id)
        ]

    found = await ctx.app.store.read(query)
    return {"id": policy_id, "versions": found, "total": len(found), "has_more": False, "next_cursor": None}


@route(
    "POST",
    "/policies/{id}/rollback",
    who=Who.OPERATOR,
    writes=EntryType.POLICY_CHANGED,
    body=RollbackBody,
    summary="Make an earlier version the newest; brings a deleted rule back",
)
async def rollback_policy(ctx: Context) -> dict[str, Any]:
    policy_id, version = ctx.path["id"], ctx.body.version

    def unit(tx: Tx) -> str:
        row = _own(ctx, tx.conn, policy_id, deleted=True)
        wanted = next((one for one in stored.versions(tx.conn, policy_id) if one["version"] == version), None)
        if wanted is None:
            raise not_found("version", str(version))
        stored.replace(tx, row, rows.load(wanted["rule"]), actor=ctx.principal.actor)
        return policy_id

    return await _changed(ctx, await _change(ctx, unit))


@route("POST", "/policies/evaluate", who=Who.READER, writes=None, body=EvaluateBody, summary="A dry run")
async def evaluate(ctx: Context) -> dict[str, Any]:
    """What would be decided, and what each rule says by itself. Nothing is recorded and nothing follows.

    Budgets are read as they stand, and nothing is reserved.
    """
    body, bundle = ctx.body, ctx.app.policies.current
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
