"""What changes about a person who is here: role, groups, name, and whether they may do anything at all.

1. Nobody changes their own role, groups or being disabled: another admin does.
2. An admin who can act must remain: the last enabled one who has a password or a key is neither demoted nor disabled.
3. Power that was handed out for the role or the groups before ends with them: sessions, and every key that carried it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, exists, func, or_, select

from vienna_control import rows
from vienna_control.identity import Identity, operators
from vienna_control.identity.operators import Operator
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import credentials
from vienna_control.store.tables import operators as table


class OwnStandingError(ValueError):
    """People do not change this about themselves."""


class LastAdminError(ValueError):
    """No admin would be left who can act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be otherwise; None: as it is."""

    name: str | None = None
    role: str | None = None
    groups: tuple[str, ...] | None = None
    disabled: bool | None = None


def amend(tx: Tx, identity: Identity, operator: Operator, change: Change, *, by: str) -> Operator:
    """Change a person, in the name of the operator ``by`` (an id). Raises ``OwnStandingError``, ``LastAdminError``."""
    wanted = _differing(operator, change)
    if not wanted:
        return operator
    power = wanted.keys() & {"role", "groups", "disabled"}
    if power and operator.id == by:
        raise OwnStandingError("nobody changes their own role, groups or standing: another admin must")
    values = {**wanted, **({"groups": rows.dump(wanted["groups"])} if "groups" in wanted else {})}
    rows.change(tx.conn, table, operator.id, **values)
    if operator.role == "admin" and power & {"role", "disabled"} and not _admins(tx, operator.tenant):
        raise LastAdminError("this is the last admin who can act: make another one first")
    operators.recorded(tx, operator.tenant, f"operator:{by}", operator.id, changed=_plain(wanted))
    if power:
        _end_power(tx, identity, operator, wanted, actor=f"operator:{by}")
    return there(operators.by_id(tx.conn, operator.id), "operators are never deleted")


def _differing(operator: Operator, change: Change) -> dict[str, Any]:
    said = {
        "name": change.name,
        "role": change.role,
        "groups": change.groups,
        "disabled": change.disabled,
    }
    return {
        name: value for name, value in said.items() if value is not None and value != getattr(operator, name)
    }


def _plain(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in wanted.items()}


def _admins(tx: Tx, tenant: str) -> int:
    """How many enabled admins can come in by a password or a key."""
    holds_key = exists().where(
        credentials.c.principal_id == table.c.id,
        credentials.c.kind == "operator",
        credentials.c.session.is_(None),
        credentials.c.scopes.is_(None),
        credentials.c.revoked_at.is_(None),
        or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > tx.at),
    )
    query = (
        select(func.count())
        .select_from(table)
        .where(
            table.c.tenant == tenant,
            table.c.role == "admin",
            table.c.disabled.is_(False),
            or_(table.c.password.is_not(None), holds_key),
        )
    )
    return tx.conn.scalar(query) or 0


def _end_power(tx: Tx, identity: Identity, operator: Operator, wanted: dict[str, Any], *, actor: str) -> None:
    identity.sessions.end_all_of(tx, operator.id)
    identity.credentials.revoke_kind_of(tx, "link", operator.id)
    if wanted.get("disabled"):
        identity.credentials.revoke_kind_of(tx, "invite", operator.id)
    for row in own_keys(tx.conn, operator.id):
        scopes = frozenset(rows.load(row["scopes"]) or ()) if row["scopes"] is not None else None
        if _carried(scopes, wanted):
            identity.credentials.retire(tx, row, actor=actor, why="the owner's standing changed")


def _carried(scopes: frozenset[str] | None, wanted: dict[str, Any]) -> bool:
    """Whether a key carries power that is another one now. One that may only read reads as before."""
    if wanted.get("disabled") or scopes is None:
        return True
    of_groups: set[Literal["approve"]] = {"approve"} if "groups" in wanted else set()
    of_role = scopes - {"read"} if "role" in wanted else frozenset[str]()
    return bool(of_role | (scopes & of_groups))


def own_keys(conn: Connection, operator_id: str) -> list[rows.Row]:
    """The keys of an operator that were not made at a login and were not revoked, newest first."""
    query = select(credentials).where(
        credentials.c.principal_id == operator_id,
        credentials.c.kind == "operator",
        credentials.c.session.is_(None),
        credentials.c.revoked_at.is_(None),
    )
    return list(rows.every(conn, query.order_by(credentials.c.id.desc())))
