"""Policies: the rules in force, and those kept by API with their versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.answers import PolicyData, PolicyList
from vienna_control.api.change import expected_version, hold_to, make, misfit, rolled_back, waiting
from vienna_control.api.page import PageQuery, slice_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Answer, Context, Who, route
from vienna_control.identity.names import people_in
from vienna_control.ids import new_id
from vienna_control.policies.difference import differences
from vienna_control.policies.hits import Count
from vienna_control.policies.stored import RULES, Step
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.policy.api import rule_from_api, rule_patched, rule_to_api
from vienna_kernel.policy.rule import Rule

CHANGES = (EntryType.POLICY_CHANGED, EntryType.CONFIG_CHANGED)
"""What a change enters: in force at once, or proposed."""


class RuleBody(BaseModel):
    """A rule in either published dialect; ``POST /policies`` of the documentation lists the keys.

    A policy file's ``when`` is here ``conditions`` or ``expression``, its ``then`` is ``action``. With ``version`` (or
    the header ``If-Match``) a change is made only if that is still the newest.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Annotated[str, Field(max_length=100)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None

    def sent(self) -> dict[str, Any]:
        """What was sent, and nothing else."""
        return self.model_dump(exclude_unset=True)


class RollbackBody(BaseModel):
    """``version``: the one to bring back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1, le=999_999_999)]


class PoliciesQuery(PageQuery):
    """``fired``: ``never`` for rules that held for nothing yet. ``source``: of files, or kept by API."""

    fired: Literal["never"] | None = None
    source: Literal["file", "api"] | None = None


@route(
    "GET",
    "/policies",
    who=Who.READER,
    writes=None,
    query=PoliciesQuery,
    data=PolicyList,
    summary="Rules, in the order they are asked",
)
async def list_policies(ctx: Context) -> dict[str, Any]:
    """Those of the files (read-only here) and those kept by API, of one's own tenant; each with how often it held."""
    policies, query, tenant = ctx.app.policies, ctx.query, ctx.principal.tenant
    bundle = policies.of(tenant)
    kept, hits = await ctx.app.store.read(
        lambda conn: (RULES.listed(conn, tenant), policies.hits.of(conn, tenant))
    )
    found = [
        rule
        for rule in bundle.rules.rules
        if (query.fired is None or rule.id not in hits)
        and (query.source is None or (query.source == "api") == (rule.source == "api"))
    ]
    page = slice_page(
        found,
        query,
        noun="policies",
        shape=lambda rule: _shown(rule, kept.get(rule.id), bundle.version, hits.get(rule.id)),
    )
    return {
        **page,
        "default": bundle.rules.default,
        "version": bundle.version,
        "digest": bundle.digest,
        "problem": policies.problem or None,
    }


def _shown(rule: Rule, row: rows.Row | None, version: int, hits: Count | None) -> dict[str, Any]:
    told = {
        **rule_to_api(rule.data),
        "source": rule.source,
        "hits": hits.hits if hits else 0,
        "shadow_hits": hits.shadow if hits else 0,
        "last_hit_at": hits.last if hits else None,
    }
    if row is None:
        return {**told, "version": version, "read_only": True}
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
    writes=CHANGES,
    body=RuleBody,
    status=201,
    data=PolicyData,
    summary="Create a rule; it is in force when this is answered, unless disabled",
)
async def create_policy(ctx: Context) -> Answer:
    """Where two people are needed, 202: it is proposed (``/policies/changes``)."""
    sent, tenant = ctx.body.sent(), ctx.principal.tenant
    rule_id = sent.get("id") or new_id("pol")
    rule = _read(sent, rule_id)

    def build(conn: Connection) -> list[Step]:
        if any(known.id == rule_id for known in ctx.app.policies.of(tenant).rules.rules):
            raise Problem(Code.CONFLICT, f"there is a rule {rule_id!r} already")
        base = RULES.version(conn, tenant, rule_id)
        return [Step(kind="rule", id=rule_id, content=rule, base=base, what="created")]

    return await _answer(ctx, build, rule_id, title=f"create rule {rule_id}", sent=sent)


async def _answer(ctx: Context, build: Any, rule_id: str, *, title: str, sent: Any = None) -> Answer:
    change_id = await make(ctx, build, title=title, sent=sent)
    return waiting(ctx, change_id) if change_id else await _one(ctx, rule_id)


def _read(sent: Mapping[str, Any], rule_id: str) -> dict[str, Any]:
    try:
        return rule_from_api(sent, rule_id=rule_id)
    except MalformedError as error:
        raise misfit(error, sent) from None


async def _one(ctx: Context, rule_id: str) -> dict[str, Any]:
    """The rule as it is in force now."""
    policies, tenant = ctx.app.policies, ctx.principal.tenant
    bundle = policies.of(tenant)
    row, hits = await ctx.app.store.read(
        lambda conn: (RULES.find(conn, tenant, rule_id), policies.hits.of(conn, tenant).get(rule_id))
    )
    found = next((rule for rule in bundle.rules.rules if rule.id == rule_id), None)
    if found is None:
        raise not_found("policy", rule_id)
    told = _shown(found, row if row is not None and not row["deleted"] else None, bundle.version, hits)
    ctx.headers["ETag"] = f'"{told["version"]}"'
    return told


@route("GET", "/policies/{id}", who=Who.READER, writes=None, data=PolicyData, summary="One rule")
async def read_policy(ctx: Context) -> dict[str, Any]:
    return await _one(ctx, ctx.path["id"])


async def _update(ctx: Context) -> Answer:
    policy_id, sent = ctx.path["id"], ctx.body.sent()
    if sent.get("id") not in (None, policy_id):
        raise Problem(Code.VALIDATION_FAILED, "/id: the id of a rule does not change")
    expected = expected_version(ctx, sent)
    change = {name: value for name, value in sent.items() if name not in _READ_ONLY}

    def build(conn: Connection) -> list[Step]:
        row = own_rule(ctx, conn, policy_id)
        hold_to(expected, row["version"], f"rule {policy_id}")
        try:
            rule = rule_patched(rows.load(row["content"]), change)
        except MalformedError as error:
            raise misfit(error, sent) from None
        return [Step(kind="rule", id=policy_id, content=rule, base=row["version"], what="changed")]

    return await _answer(ctx, build, policy_id, title=f"change rule {policy_id}", sent=sent)


_READ_ONLY = (
    "version", "created_at", "created_by", "updated_at", "source", "read_only", "hits", "shadow_hits", "last_hit_at",
)  # fmt: skip


def own_rule(ctx: Context, conn: Connection, policy_id: str, *, deleted: bool = False) -> rows.Row:
    """A rule that is kept by API. Raises 404; 409 for one of a file."""
    tenant = ctx.principal.tenant
    row = RULES.find(conn, tenant, policy_id)
    if row is None or (row["deleted"] and not deleted):
        found = next((rule for rule in ctx.app.policies.of(tenant).rules.rules if rule.id == policy_id), None)
        if found is not None:
            raise Problem(Code.CONFLICT, f"this rule stands in {found.source}: change it there")
        raise not_found("policy", policy_id)
    return row


@route(
    "PUT",
    "/policies/{id}",
    who=Who.OPERATOR,
    writes=CHANGES,
    body=RuleBody,
    data=PolicyData,
    summary="Change a rule: what is left out stays",
)
async def put_policy(ctx: Context) -> Answer:
    return await _update(ctx)


@route(
    "PATCH",
    "/policies/{id}",
    who=Who.OPERATOR,
    writes=CHANGES,
    body=RuleBody,
    data=PolicyData,
    summary="Change a rule: what is left out stays, null takes back",
)
async def patch_policy(ctx: Context) -> Answer:
    return await _update(ctx)


@route(
    "DELETE",
    "/policies/{id}",
    who=Who.OPERATOR,
    writes=CHANGES,
    summary="Take a rule out of evaluation; its versions stay",
)
async def delete_policy(ctx: Context) -> Answer:
    policy_id, expected = ctx.path["id"], expected_version(ctx, {})

    def build(conn: Connection) -> list[Step]:
        row = own_rule(ctx, conn, policy_id)
        hold_to(expected, row["version"], f"rule {policy_id}")
        return [Step(kind="rule", id=policy_id, content=None, base=row["version"], what="deleted")]

    change_id = await make(ctx, build, title=f"delete rule {policy_id}")
    return waiting(ctx, change_id) if change_id else {"id": policy_id, "deleted": True}


@route("GET", "/policies/{id}/versions", who=Who.READER, writes=None, summary="Every version of a rule")
async def list_versions(ctx: Context) -> dict[str, Any]:
    """Newest first, each with its author, when, and what it changed of the one before; ``people``: names of authors."""
    policy_id, tenant = ctx.path["id"], ctx.principal.tenant

    def query(conn: Connection) -> tuple[list[dict[str, Any]], dict[str, str]]:
        own_rule(ctx, conn, policy_id, deleted=True)
        found = RULES.versions(conn, tenant, policy_id)
        rules = [rule_to_api(rows.load(row["content"])) for row in found]
        told = [
            {
                "version": row["version"],
                "author": row["author"],
                "at": row["at"],
                "what": row["what"],
                "change": differences(rules[i + 1] if i + 1 < len(rules) else {}, rules[i]),
                "rule": rules[i],
            }
            for i, row in enumerate(found)
        ]
        return told, people_in(conn, tenant, [row["author"] for row in found])

    found, people = await ctx.app.store.read(query)
    page = {"total": len(found), "has_more": False, "next_cursor": None}
    return {"id": policy_id, "versions": found, "people": people, **page}


@route(
    "POST",
    "/policies/{id}/rollback",
    who=Who.OPERATOR,
    writes=CHANGES,
    body=RollbackBody,
    data=PolicyData,
    summary="Make an earlier version the newest; brings a deleted rule back",
)
async def rollback_policy(ctx: Context) -> Answer:
    policy_id, version = ctx.path["id"], ctx.body.version
    expected = expected_version(ctx, {})

    def build(conn: Connection) -> list[Step]:
        row = own_rule(ctx, conn, policy_id, deleted=True)
        hold_to(expected, row["version"], f"rule {policy_id}")
        return [rolled_back(conn, "rule", row, version)]

    return await _answer(ctx, build, policy_id, title=f"roll rule {policy_id} back to version {version}")
