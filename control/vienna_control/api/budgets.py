"""Budgets: those that policy defines, and the books of whoever has used them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, select

from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.route import Context, Who, route
from vienna_control.budgets import books
from vienna_control.policies import Bundle
from vienna_control.store.tables import agents, budget_accounts
from vienna_kernel.budget.definition import Budget
from vienna_kernel.duration import text
from vienna_kernel.value import plain_decimal


class BudgetsQuery(PageQuery):
    name: Annotated[str, Field(max_length=50)] | None = None
    agent_id: Annotated[str, Field(max_length=128)] | None = None


@route(
    "GET",
    "/budgets",
    who=Who.READER,
    writes=None,
    query=BudgetsQuery,
    summary="Budgets: what policy defines, and what is used and left by whom",
)
async def list_budgets(ctx: Context) -> dict[str, Any]:
    """One row for each account that was ever booked on; ``defined`` are the budgets of the policy in force. An account
    of a budget that is not defined any more, or otherwise, has no limit.
    """
    query, tenant = ctx.query, ctx.principal.tenant
    bundle = ctx.app.policies.of(tenant)
    now = ctx.app.clock.now()
    statement = (
        select(budget_accounts, agents.c.name.label("agent"))
        .outerjoin(agents, agents.c.id == budget_accounts.c.key)
        .where(budget_accounts.c.tenant == tenant)
    )
    if query.name is not None:
        statement = statement.where(budget_accounts.c.name == query.name)
    if query.agent_id is not None:
        statement = statement.where((agents.c.id == query.agent_id) | (agents.c.name == query.agent_id))

    def page(conn: Connection) -> dict[str, Any]:
        return fetch_page(
            conn,
            statement,
            query,
            key=budget_accounts.c.id,
            noun="budgets",
            shape=lambda row: _account(conn, row, bundle, now),
        )

    found = await ctx.app.store.read(page)
    return {**found, "defined": [_defined(budget) for _, budget in sorted(bundle.rules.budgets.items())]}


def _defined(budget: Budget) -> dict[str, Any]:
    return {
        "name": budget.name,
        "per": budget.per,
        "counterparty": budget.other_side if budget.per == "counterparty" else None,
        "over": budget.over,
        "currency": budget.currency,
        "window": text(budget.window),
        "limit": plain_decimal(budget.limit),
    }


def _account(conn: Connection, row: Mapping[str, Any], bundle: Bundle, now: datetime) -> dict[str, Any]:
    told = {
        "account_id": row["id"],
        "name": row["name"],
        "per": row["per"],
        "account": row["agent"] or row["key"] or row["tenant"],
        "reserved": row["reserved"],
        "limit": None,
        "spent": None,
        "remaining": None,
    }
    budget = bundle.rules.budgets.get(row["name"])
    if budget is None or books.account_id(row["tenant"], budget, row["key"]) != row["id"]:
        return told
    account = books.account(conn, row["id"], budget, now)
    return told | {
        "window": text(budget.window),
        "currency": budget.currency,
        "limit": plain_decimal(account.limit),
        "spent": plain_decimal(account.spent),
        "remaining": plain_decimal(account.remaining),
    }
