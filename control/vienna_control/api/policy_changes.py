"""Changes of policy that wait for a second person."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.change import make, misfit, person, stale, waiting
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.policies import CHANGES
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Answer, Context, Who, route
from vienna_control.invariant import there
from vienna_control.policies import proposals, writing
from vienna_control.policies.difference import differences
from vienna_control.policies.proposals import DecidedError, OwnChangeError
from vienna_control.policies.stored import RULES, Contents, StaleError, Step, version_of
from vienna_control.store import Tx
from vienna_control.store.tables import policy_changes as table
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.policy.api import rule_from_api, rule_to_api


class ChangesQuery(PageQuery):
    """``status``: what became of it."""

    status: Literal["pending", "applied", "rejected", "withdrawn", "expired"] | None = None


class RuleChange(BaseModel):
    """A rule in either dialect to be put in place of the one of its id, or (``delete``) an id to be deleted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: dict[str, Any] | None = None
    delete: Annotated[str, Field(max_length=100)] | None = None


class ProposeBody(BaseModel):
    """Several rules changed as one, all or nothing. ``propose``: it waits for a second person whatever the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, Field(min_length=1, max_length=300)]
    changes: Annotated[list[RuleChange], Field(min_length=1, max_length=200)]
    propose: bool = False


class DecisionBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    comment: Annotated[str, Field(max_length=1000)] = ""


@route(
    "GET",
    "/policies/changes",
    who=Who.READER,
    writes=None,
    query=ChangesQuery,
    summary="Proposed changes, newest first",
)
async def list_changes(ctx: Context) -> dict[str, Any]:
    statement = select(table).where(table.c.tenant == ctx.principal.tenant)
    if ctx.query.status is not None:
        statement = statement.where(table.c.status == ctx.query.status)
    return await ctx.app.store.read(
        lambda conn: fetch_page(conn, statement, ctx.query, key=table.c.id, noun="changes", shape=_brief)
    )


def _brief(row: rows.Row) -> dict[str, Any]:
    steps = proposals.steps_of(row)
    return {
        "id": row["id"],
        "title": row["title"],
        "status": row["status"],
        "author": row["author"],
        "author_name": row["author_name"],
        "created_at": row["created_at"],
        "expires_at": row["expires_at"],
        "decided_by": row["decided_by"],
        "decided_by_name": row["decided_by_name"],
        "decided_at": row["decided_at"],
        "comment": row["comment"],
        "documents": [{"kind": step.kind, "id": step.id, "what": step.what} for step in steps],
    }


@route("GET", "/policies/changes/{id}", who=Who.READER, writes=None, summary="One proposed change")
async def read_change(ctx: Context) -> dict[str, Any]:
    """With the difference to what stands there now, the warnings, and what it does to the last week's traffic."""
    return await _one(ctx, ctx.path["id"])


async def _one(ctx: Context, change_id: str) -> dict[str, Any]:
    def read(conn: Connection) -> dict[str, Any]:
        row = _found(ctx, conn, change_id)
        steps = [_step(conn, row["tenant"], step, row["status"]) for step in proposals.steps_of(row)]
        return {
            **_brief(row),
            "documents": steps,
            "stale": any(step["stale"] for step in steps),
            "report": rows.load(row["report"]),
        }

    return await ctx.app.store.read(read)


def _found(ctx: Context, conn: Connection, change_id: str) -> rows.Row:
    row = proposals.find(conn, ctx.principal.tenant, change_id)
    if row is None:
        raise not_found("change", change_id)
    return row


def _step(conn: Connection, tenant: str, step: Step, status: str) -> dict[str, Any]:
    kept = Contents.of(conn, tenant)
    now = {"rule": kept.rules, "mapping": kept.mappings, "action_type": kept.types}[step.kind].get(step.id)
    current = version_of(conn, tenant, step.kind, step.id)
    return {
        "kind": step.kind,
        "id": step.id,
        "what": step.what,
        "base": step.base,
        "current": current,
        "stale": status == "pending" and current != step.base,
        "change": differences(_plain(step.kind, now), _plain(step.kind, step.content)),
    }


def _plain(kind: str, content: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if content is None:
        return {}
    return rule_to_api(content) if kind == "rule" else dict(content)


@route(
    "POST",
    "/policies/changes",
    who=Who.OPERATOR,
    writes=CHANGES,
    body=ProposeBody,
    summary="Change several rules as one",
)
async def propose(ctx: Context) -> Answer:
    """In force when this is answered; where two people are needed, 202: it is proposed."""
    sent, tenant = ctx.body.changes, ctx.principal.tenant

    def build(conn: Connection) -> list[Step]:
        kept = RULES.in_force(conn, tenant)
        return [_rule_step(conn, tenant, one, i, kept) for i, one in enumerate(sent)]

    change_id = await make(ctx, build, title=ctx.body.title, two=ctx.body.propose or None)
    changed = [str(one.delete or (one.rule or {}).get("id")) for one in sent]
    return waiting(ctx, change_id) if change_id else {"change": None, "applied": changed}


def _rule_step(conn: Connection, tenant: str, one: RuleChange, at: int, kept: Mapping[str, Any]) -> Step:
    if (one.rule is None) == (one.delete is None):
        raise Problem(Code.VALIDATION_FAILED, f"/changes/{at}: expected 'rule' or 'delete'")
    if one.delete is not None:
        if one.delete not in kept:
            raise not_found("policy", one.delete)
        base = RULES.version(conn, tenant, one.delete)
        return Step(kind="rule", id=one.delete, content=None, base=base, what="deleted")
    rule = there(one.rule, "one of the two is there")
    rule_id = rule.get("id")
    if not isinstance(rule_id, str):
        raise Problem(Code.VALIDATION_FAILED, f"/changes/{at}/rule/id: expected the id of the rule")
    try:
        content = rule_from_api(rule, rule_id=rule_id)
    except MalformedError as error:
        raise misfit(error, rule) from None
    what = "changed" if rule_id in kept else "created"
    return Step(
        kind="rule", id=rule_id, content=content, base=RULES.version(conn, tenant, rule_id), what=what
    )


@route(
    "POST",
    "/policies/changes/{id}/approve",
    who=Who.OPERATOR,
    writes=(*CHANGES, EntryType.MAPPING_CHANGED),
    body=DecisionBody,
    optional_body=True,
    step_up=True,
    summary="Put a proposed change in force; not for its author",
)
async def approve(ctx: Context) -> dict[str, Any]:
    """All of it or nothing. 409 when what it changes has moved on (it has to be rebased), or it is decided."""
    change_id, who = ctx.path["id"], person(ctx)

    def unit(tx: Tx) -> None:
        proposals.approve(tx, _found(ctx, tx.conn, change_id), who, comment=ctx.body.comment)

    changing = ctx.app.policies.change(
        unit, tenant=ctx.principal.tenant, actor=who.actor, what=f"change {change_id}"
    )
    await _translated(changing)
    return await _one(ctx, change_id)


async def _translated[T](changing: Awaitable[T]) -> T:
    try:
        return await changing
    except OwnChangeError:
        raise Problem(Code.FORBIDDEN, "somebody else than its author has to approve a change") from None
    except DecidedError as error:
        code = Code.GONE if error.status == "expired" else Code.ALREADY_DECIDED
        raise Problem(code, str(error)) from None
    except StaleError as error:
        raise stale(error) from None
    except MalformedError as error:
        raise misfit(error) from None


@route(
    "POST",
    "/policies/changes/{id}/reject",
    who=Who.OPERATOR,
    writes=EntryType.CONFIG_CHANGED,
    body=DecisionBody,
    optional_body=True,
    summary="End a proposed change without effect; its author withdraws it",
)
async def reject(ctx: Context) -> dict[str, Any]:
    change_id, who = ctx.path["id"], person(ctx)

    def unit(tx: Tx) -> None:
        proposals.reject(tx, _found(ctx, tx.conn, change_id), who, comment=ctx.body.comment)

    await _translated(ctx.app.store.write(unit))
    return await _one(ctx, change_id)


@route(
    "POST",
    "/policies/changes/{id}/rebase",
    who=Who.OPERATOR,
    writes=EntryType.CONFIG_CHANGED,
    summary="Make one's own proposed change against what stands there now",
)
async def rebase(ctx: Context) -> dict[str, Any]:
    """Answers the change that takes its place: compiled, linted and backtested anew. This one is withdrawn."""
    change_id, who, tenant = ctx.path["id"], person(ctx), ctx.principal.tenant

    def read(conn: Connection) -> Any:
        steps = proposals.current(conn, _found(ctx, conn, change_id))
        return ctx.app.policies.candidate(conn, tenant, steps)

    would = await _translated(ctx.app.store.read(read))
    report = await writing.report(ctx.app, tenant, would)
    rebased = await _translated(
        ctx.app.store.write(lambda tx: proposals.rebase(tx, _found(ctx, tx.conn, change_id), report, who))
    )
    return await _one(ctx, rebased)
