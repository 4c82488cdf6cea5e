"""Alerts: what people should look at, and who has."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, and_, select

from vienna_control.api.answers import listing
from vienna_control.api.page import PageQuery
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.window import LOOKED_INTO, Listed, page
from vienna_control.approvals.wording import kept
from vienna_control.fleet import alerts
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import alerts as table
from vienna_kernel.ledger.trail import EntryType

type State = Literal["open", "acknowledged"]


class AlertsQuery(PageQuery):
    """Filters; all that are given must hold.

    Attributes:
        state: ``open``: nobody has acknowledged it.
        kind: As ``kind`` of an alert: ``drift``, ``sidecar_silent``, ``delivery_dead``, …
        agent: Id or name.
    """

    state: State | None = None
    kind: Annotated[str, Field(max_length=40)] | None = None
    agent: Annotated[str, Field(max_length=128)] | None = None
    severity: alerts.Severity | None = None


class AcknowledgeBody(BaseModel):
    """Attributes: ``note``: what was found, or done; it stands in the trail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: Annotated[str, Field(max_length=300)] = ""


class Acknowledged(BaseModel):
    """Attributes: ``by``: id of an operator."""

    by: str
    email: str | None
    note: str
    at: str


class AlertData(BaseModel):
    """Attributes: ``entry_id``: of the trail's entry that it was raised with; ``approval_id``: of its intent."""

    alert_id: str
    severity: alerts.Severity
    kind: str
    text: str
    agent_id: str | None
    agent: str | None
    intent_id: str | None
    approval_id: str | None
    entry_id: str | None
    at: str
    state: State
    acknowledged: Acknowledged | None


AlertList = listing("alerts", AlertData, bounded=True)


@route(
    "GET",
    "/alerts",
    who=Who.READER,
    writes=None,
    query=AlertsQuery,
    data=AlertList,
    summary="What people should look at, newest first",
)
async def list_alerts(ctx: Context) -> dict[str, Any]:
    tenant, wanted = ctx.principal.tenant, _wanted(ctx)
    return await ctx.app.store.read(
        lambda conn: page(
            conn, wanted, ctx.query, noun="alerts", shape=lambda ids: alerts.these(conn, tenant, ids)
        )
    )


def _wanted(ctx: Context) -> Listed:
    query, tenant = ctx.query, ctx.principal.tenant
    ids = select(table.c.id).where(table.c.tenant == tenant)
    if query.state is not None:
        seen = table.c.acknowledged_at
        ids = ids.where(seen.is_(None) if query.state == "open" else seen.is_not(None))
    tests: list[ColumnElement[bool]] = [
        table.c[name] == value for name in ("kind", "severity") if (value := getattr(query, name)) is not None
    ]
    if query.agent is not None:
        tests.append(alerts.of_agent(tenant, query.agent))
    return Listed(ids=ids, key=table.c.id, test=and_(*tests) if tests else None, rows=LOOKED_INTO)


@route("GET", "/alerts/{id}", who=Who.READER, writes=None, data=AlertData, summary="One alert")
async def read_alert(ctx: Context) -> dict[str, Any]:
    return await ctx.app.store.read(lambda conn: alerts.shown(conn, _found(conn, ctx)))


@route(
    "POST",
    "/alerts/{id}/acknowledge",
    who=Who.PROPOSER,
    writes=EntryType.ALERT_ACKNOWLEDGED,
    body=AcknowledgeBody,
    data=AlertData,
    optional_body=True,
    summary="Say that you have seen to an alert",
)
async def acknowledge(ctx: Context) -> dict[str, Any]:
    """Once: what was acknowledged stays so, by whom it was first."""

    def unit(tx: Tx) -> dict[str, Any]:
        row = _found(tx.conn, ctx)
        if row["acknowledged_at"] is not None:
            raise Problem(
                Code.CONFLICT, f"{row['email'] or row['acknowledged_by']} has acknowledged it already"
            )
        alerts.acknowledge(tx, row, by=ctx.principal.id, note=kept(ctx.body.note))
        return alerts.shown(tx.conn, there(alerts.find(tx.conn, row["tenant"], row["id"]), "found above"))

    return await ctx.app.store.write(unit)


def _found(conn: Connection, ctx: Context) -> Any:
    row = alerts.find(conn, ctx.principal.tenant, ctx.path["id"])
    if row is None:
        raise not_found("alert", ctx.path["id"])
    return row
