"""Operators: the people who approve, run and review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select

from vienna_control import rows
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import credentials, operators, passkeys
from vienna_kernel.ledger.trail import EntryType


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One person.

    Attributes:
        email: Lower case; unique, and what one logs in with.
        role: One of ``access.ROLES``.
        groups: Named groups, e.g. ``finance``.
        password: Argon2id text; None: no login by password.
        mfa: Whether a TOTP secret is enrolled.
    """

    id: str
    tenant: str
    email: str
    name: str
    role: str
    groups: tuple[str, ...]
    password: str | None
    mfa: bool
    disabled: bool
    created_at: str

    def to_api(self) -> dict[str, Any]:
        """As the API shows it: without the password."""
        return {
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "role": self.role,
            "groups": list(self.groups),
            "mfa": self.mfa,
            "has_password": self.password is not None,
            "disabled": self.disabled,
            "created_at": self.created_at,
        }


def of_row(row: rows.Row) -> Operator:
    return Operator(
        id=row["id"],
        tenant=row["tenant"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        groups=tuple(rows.load(row["groups"])),
        password=row["password"],
        mfa=row["totp"] is not None,
        disabled=row["disabled"],
        created_at=row["created_at"],
    )


def by_id(conn: Connection, operator_id: str) -> Operator | None:
    row = rows.first(conn, select(operators).where(operators.c.id == operator_id))
    return of_row(row) if row else None


def of_tenant(conn: Connection, tenant: str, operator_id: str) -> Operator | None:
    """An operator, if this tenant has them."""
    found = by_id(conn, operator_id)
    return found if found is not None and found.tenant == tenant else None


def by_email(conn: Connection, email: str) -> Operator | None:
    row = rows.first(conn, select(operators).where(operators.c.email == email.lower()))
    return of_row(row) if row else None


def arrived(conn: Connection, tenant: str) -> set[str]:
    """Ids of those who have, or had, something to come in with: a password, a passkey or a key; not only a link."""
    has = (
        exists().where(passkeys.c.operator_id == operators.c.id),
        exists().where(credentials.c.principal_id == operators.c.id, credentials.c.kind == "operator"),
    )
    query = select(operators.c.id).where(
        operators.c.tenant == tenant, or_(operators.c.password.is_not(None), *has)
    )
    return set(conn.scalars(query))


def count(conn: Connection) -> int:
    return conn.scalar(select(func.count()).select_from(operators)) or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A person who is new here. ``email``: lower case."""

    tenant: str
    email: str
    name: str = ""
    role: str = "viewer"
    groups: tuple[str, ...] = ()


class KnownError(ValueError):
    """Somebody has this address already."""


def create(tx: Tx, new: Entered, *, actor: str) -> Operator:
    """Enter a person, without a password yet. Raises ``KnownError``."""
    if by_email(tx.conn, new.email) is not None:
        raise KnownError("an operator with this e-mail address is there already")
    operator_id = tx.id("op")
    rows.add(
        tx.conn,
        operators,
        id=operator_id,
        tenant=new.tenant,
        email=new.email.lower(),
        name=new.name or new.email.partition("@")[0],
        role=new.role,
        groups=rows.dump(new.groups),
        totp_step=0,
        disabled=False,
        created_at=tx.at,
    )
    recorded(tx, new.tenant, actor, operator_id, role=new.role, groups=list(new.groups), added=True)
    return there(by_id(tx.conn, operator_id), "entered above, in this transaction")


def set_hash(tx: Tx, operator_id: str, hashed: str) -> None:
    """Set a password, given as Argon2id text."""
    rows.change(tx.conn, operators, operator_id, password=hashed)


def recorded(tx: Tx, tenant: str, actor: str, operator_id: str, **what: Any) -> None:
    """Enter a change of a person into the trail."""
    tx.record(
        EntryType.CONFIG_CHANGED,
        tenant=tenant,
        actor=actor,
        data={"what": "operator", "operator": operator_id, **what},
    )


def enter(
    tx: Tx, *, tenant: str, email: str, role: str, groups: tuple[str, ...], password: str | None, actor: str
) -> str:
    """Enter a person, or bring one that is there to this role, these groups and this password; returns the id.

    ``password``: Argon2id text (``Passwords.hash``, worked out before the unit); None leaves it as it is.
    """
    known = by_email(tx.conn, email)
    if known is None:
        new = Entered(tenant=tenant, email=email.lower(), role=role, groups=groups)
        operator_id = create(tx, new, actor=actor).id
    else:
        operator_id = known.id
        rows.change(tx.conn, operators, operator_id, role=role, groups=rows.dump(groups))
        recorded(tx, tenant, actor, operator_id, role=role, groups=list(groups))
    if password is not None:
        set_hash(tx, operator_id, password)
    return operator_id
