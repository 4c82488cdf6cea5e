"""Where rules come from: the folder, the shipped templates, and what people always say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control.api.change import make, misfit, waiting
from vienna_control.api.policies import CHANGES
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Answer, Context, Who, route
from vienna_control.policies import backtest, candidates, source, suggestions, templates
from vienna_control.policies.candidates import Exchange
from vienna_control.policies.rejudge import Span
from vienna_control.policies.stored import RULES, Contents, Step
from vienna_control.policies.suggestions import Suggestion
from vienna_control.policies.templates import Template
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.api import rule_to_api
from vienna_kernel.value import pack

_SHOWN = 10
_INTENTS = 5000


class ImportBody(BaseModel):
    """How a template is taken over.

    Attributes:
        prefix: Before the id of each rule.
        rules: Only these; else all.
        enabled: False: kept, and not asked yet.
        shadow: True: asked and recorded, never enforced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,40})?$")] = ""
    rules: (
        Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=50)] | None
    ) = None
    enabled: bool = True
    shadow: bool = False


@route(
    "GET", "/policies/templates", who=Who.READER, writes=None, summary="Rules for a trade, with their cases"
)
async def list_templates(ctx: Context) -> dict[str, Any]:
    found = [_shown(template) for template in templates.every().values()]
    return {"templates": found, "total": len(found), "has_more": False, "next_cursor": None}


def _shown(template: Template) -> dict[str, Any]:
    page = template.page.data
    return {
        "id": template.id,
        "description": page.get("description", ""),
        "timezone": page.get("timezone", "UTC"),
        "expects": sorted(page.get("expects", {})),
        "rules": [rule_to_api(pack(dict(rule))) for rule in template.rules],
        "cases": [
            {"name": case["name"], "expect": _plain(case["expect"])} for case in template.cases.data["cases"]
        ],
    }


def _plain(value: Any) -> Any:
    return {
        name: str(item) if not isinstance(item, list | int | None) else item for name, item in value.items()
    }


@route(
    "POST",
    "/policies/templates/{id}/import",
    who=Who.OPERATOR,
    writes=CHANGES,
    body=ImportBody,
    optional_body=True,
    status=201,
    summary="Take a template over as rules kept by API, all or nothing",
)
async def import_template(ctx: Context) -> Answer:
    """Its cases are run first: one that comes out otherwise here stops it. 409 names what is there already."""
    template = templates.every().get(ctx.path["id"])
    if template is None:
        raise not_found("template", ctx.path["id"])
    body, tenant = ctx.body, ctx.principal.tenant
    chosen = None if body.rules is None else frozenset(body.rules)
    marks = {"enabled": body.enabled, "shadow": body.shadow}
    try:
        rules = templates.taken_over(template, prefix=body.prefix, chosen=chosen, **marks)
    except MalformedError as error:
        raise misfit(error, body.model_dump()) from None
    failed = await asyncio.to_thread(templates.self_test, template, ctx.app.policies.of(tenant))
    if failed:
        details = [{"field": "", "message": why} for why in failed]
        raise Problem(Code.VALIDATION_FAILED, f"{len(failed)} of its cases come out otherwise here", details)
    change_id = await make(
        ctx, lambda conn: _steps(ctx, conn, template, rules), title=f"import {template.id}"
    )
    if change_id:
        return waiting(ctx, change_id)
    return {
        "template": template.id,
        "imported": [rule["id"] for rule in rules],
        "cases": len(_shown(template)["cases"]),
    }


def _steps(ctx: Context, conn: Connection, template: Template, rules: Sequence[dict[str, Any]]) -> list[Step]:
    tenant = ctx.principal.tenant
    known = {rule.id for rule in ctx.app.policies.of(tenant).rules.rules} | set(RULES.in_force(conn, tenant))
    taken = [rule["id"] for rule in rules if rule["id"] in known]
    if taken:
        details = [{"field": "/prefix", "message": f"there is a rule {name!r} already"} for name in taken]
        raise Problem(Code.CONFLICT, f"there is a rule {taken[0]!r} already: choose a prefix", details)
    what = f"imported from {template.id}"
    return [
        Step(
            kind="rule", id=rule["id"], content=rule, base=RULES.version(conn, tenant, rule["id"]), what=what
        )
        for rule in rules
    ]


@route(
    "GET",
    "/policies/source",
    who=Who.READER,
    writes=None,
    summary="The files in force, and what differs from them",
)
async def read_source(ctx: Context) -> dict[str, Any]:
    """Files with their digests, when they were read, what is wrong with newer ones, and what is kept by API beside."""
    tenant = ctx.principal.tenant
    contents = await ctx.app.store.read(lambda conn: Contents.of(conn, tenant))
    return await asyncio.to_thread(source.seen, ctx.app.policies, contents, tenant)


@route(
    "GET",
    "/policies/export",
    who=Who.READER,
    writes=None,
    summary="What is kept by API, as files to be committed",
)
async def export(ctx: Context) -> dict[str, Any]:
    """A rule that then lies in a file word for word is the file's, and can be deleted here."""
    tenant = ctx.principal.tenant
    contents = await ctx.app.store.read(lambda conn: Contents.of(conn, tenant))
    return {"files": source.exported(contents), "action_types": sorted(contents.types)}


@route(
    "GET",
    "/policies/suggestions",
    who=Who.READER,
    writes=None,
    summary="What people always say the same about",
)
async def list_suggestions(ctx: Context) -> dict[str, Any]:
    """Rules and consents in advance from the decisions of two weeks, each with its backtest; none is applied."""
    now, tenant = ctx.app.clock.now(), ctx.principal.tenant
    rules = ctx.app.policies.of(tenant).rules
    found = await ctx.app.store.read(lambda conn: suggestions.found(conn, tenant, now, rules))
    told = [await _suggested(ctx, one) for one in found[:_SHOWN]]
    return {"suggestions": told, "total": len(found), "has_more": len(found) > _SHOWN, "next_cursor": None}


async def _suggested(ctx: Context, one: Suggestion) -> dict[str, Any]:
    asked = one.asked
    return {
        "says": one.says,
        "agent": asked.agent,
        "action": asked.action,
        "approved": asked.approved,
        "denied": asked.denied,
        "people": len(asked.people),
        "risk_tier": asked.tier.value,
        "rule": {"path": "/policies", "body": rule_to_api(one.rule)} if one.rule else None,
        "standing": {"path": "/standing", "body": one.standing} if one.standing else None,
        "backtest": await _tried(ctx, one, one.rule) if one.rule else None,
    }


async def _tried(ctx: Context, one: Suggestion, rule: dict[str, Any]) -> dict[str, Any]:
    now, tenant = ctx.app.clock.now(), ctx.principal.tenant
    exchange = Exchange(rules=[rule])
    would = await ctx.app.store.read(lambda conn: candidates.build(ctx.app.policies, conn, tenant, exchange))
    span = Span(
        tenant=tenant,
        since=now - suggestions.WITHIN,
        until=now + timedelta(milliseconds=1),
        agent_id=one.asked.agent_id,
        action=one.asked.action,
        limit=_INTENTS,
    )
    told = await backtest.run(ctx.app.store, ctx.app.policies.of(tenant), would, span)
    return {name: told[name] for name in ("intents", "changed", "changes", "approvals", "examples")}
