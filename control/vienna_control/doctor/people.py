"""The people of a tenant: whether those who are to decide can, are told, and have nothing left undone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals import groups
from vienna_control.doctor.check import Check, Status, named
from vienna_control.doctor.lookout import unreviewed
from vienna_control.fleet.alerts import open_count
from vienna_control.identity import operators
from vienna_control.identity.factors import enrolled
from vienna_control.identity.operators import Operator
from vienna_control.notify.deliveries import retrying
from vienna_control.policies import Bundle
from vienna_control.store.tables import integrations
from vienna_control.store.tables import operators as table
from vienna_kernel.approval.moves import EXECUTIVE
from vienna_kernel.intent import Tier

if TYPE_CHECKING:
    from vienna_control.app import App

_DECIDES = frozenset({"admin", "approver"})


def checks(app: App, conn: Connection, tenant: str) -> Iterator[Check]:
    """Each of them. In dev and test what only keeps people waiting is no failure: there one person tries things out."""
    severe: Status = "warn" if app.config.lenient else "fail"
    query = select(table).where(table.c.tenant == tenant, table.c.disabled.is_(False))
    people = [operators.of_row(row) for row in rows.every(conn, query)]
    yield _admins(people)
    yield _approvers(people)
    yield _second_factors(conn, people, severe)
    yield _groups(groups.every(conn, tenant), people, app.policies.of(tenant), severe)
    yield _channels(conn, tenant)
    yield _reviews(conn, tenant, app.clock.now())
    yield _alerts(conn, tenant)


def _admins(people: Sequence[Operator]) -> Check:
    count = sum(one.role == "admin" for one in people)
    if count >= 2:
        return Check("admins", "ok", f"{count}")
    text = "there is one, and what takes two people (lifting a freeze, changes of policy) cannot be done"
    return Check("admins", "warn", text, "vienna operators add --role admin")


def _approvers(people: Sequence[Operator]) -> Check:
    count = sum(one.role in _DECIDES for one in people)
    if count >= 2:
        return Check("approvers", "ok", f"{count} people may decide")
    return Check("approvers", "warn", "one person may decide: T2 and T3 ask two", "vienna operators add")


def _second_factors(conn: Connection, people: Sequence[Operator], severe: Status) -> Check:
    without = [one.email for one in people if one.role in _DECIDES and not enrolled(conn, one)]
    if without:
        fix = "have them enrol a passkey or codes: without one T2 and T3 cannot be approved"
        return Check("second factors", severe, f"{len(without)} who decide have none: {named(without)}", fix)
    return Check("second factors", "ok", "everybody who decides has one")


def _groups(written: Collection[str], people: Sequence[Operator], bundle: Bundle, severe: Status) -> Check:
    """Those that are written down, and those that rules and tiers ask for."""
    asked = (rule.shape.then.approvals for rule in bundle.rules.rules if rule.shape.enabled)
    wanted = {group for one in asked if one is not None for group in one.groups}
    wanted |= set(written)
    wanted |= {EXECUTIVE for tier in Tier if bundle.tiers.row(tier).executive}
    there = {group for one in people if one.role in _DECIDES for group in one.groups}
    if empty := wanted - there:
        fix = "vienna operators change --group, or take the group out of rules and tiers"
        return Check("groups", severe, f"nobody who decides is in: {named(empty)}", fix)
    return Check("groups", "ok", f"somebody is in each of {len(wanted)}")


def _channels(conn: Connection, tenant: str) -> Check:
    query = select(integrations.c.id, integrations.c.name, integrations.c.failing_since).where(
        integrations.c.tenant == tenant, integrations.c.enabled.is_(True)
    )
    found = conn.execute(query).all()
    if not found:
        return Check(
            "channels", "warn", "there is none: nobody is told of what waits", "vienna integrations add"
        )
    fix = "vienna integrations deliveries says why; then vienna integrations test"
    if failing := [name for _, name, since in found if since is not None]:
        return Check("channels", "fail", f"do not take events: {named(failing)}", fix)
    again = retrying(conn, [id for id, _, _ in found])
    if tried := [name for id, name, _ in found if id in again]:
        return Check(
            "channels", "warn", f"did not take the last event, and are tried again: {named(tried)}", fix
        )
    return Check("channels", "ok", f"{len(found)}")


def _reviews(conn: Connection, tenant: str, now: datetime) -> Check:
    waiting = [one for one in unreviewed(conn, now) if one.tenant == tenant]
    if waiting:
        text = f"{len(waiting)} emergencies are over, and nobody has reviewed them"
        return Check("break-glass", "warn", text, "vienna break-glass review")
    return Check("break-glass", "ok", "none waits for a review")


def _alerts(conn: Connection, tenant: str) -> Check:
    count = open_count(conn, tenant)
    if count:
        return Check("alerts", "warn", f"{count} are open", "see to them, and acknowledge them")
    return Check("alerts", "ok", "none is open")
