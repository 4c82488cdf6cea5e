"""Who may do what: the one table. Every route names a row; identity comes from the credential and nothing else.

1. The role of an operator (or the kind of another principal) must be in the row.
2. A key with scopes must have the row's scope as well: it can do less than its owner, never more.
3. A route that asks for it (``step_up``) wants a second factor that was shown a moment ago, outside dev and test.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from vienna_control.api.problems import Code, Problem

type Kind = Literal["operator", "agent", "sidecar", "join", "none"]

type Role = Literal["admin", "approver", "operator", "auditor", "viewer"]
type Scope = Literal["read", "approve", "operate", "audit", "administer"]

ROLES: tuple[str, ...] = ("admin", "approver", "operator", "auditor", "viewer")
"""Roles of operators. An admin may do all that an approver, an operator and an auditor may."""

SCOPES: tuple[str, ...] = ("read", "approve", "operate", "audit", "administer")
"""What a key may be limited to. ``administer``: people and keys, of which one's own account is a part."""

STEP_UP = timedelta(minutes=10)
"""For how long a second factor counts as just shown."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as the credential says.

    Attributes:
        id: ``op-…``, ``agt-…``, ``side-…``; the credential's own id for a join token.
        kind: ``operator``, ``agent``, ``sidecar``, ``join``, or ``none`` for nobody.
        role: One of ``ROLES`` for operators, else the kind.
        groups: Groups of an operator.
        agent_id: The agent it is, or speaks for; None for operators.
        name: E-mail of an operator, name of an agent.
        session: Hash of the session, when it came by cookie or was made at a login; else None.
        csrf: Token that writes must carry, when it came by cookie; else None.
        scopes: What its key is limited to; None: whatever the role may.
        mfa_at: When a second factor was shown for its session; None: never, or it is a key of its own.
    """

    id: str
    kind: Kind
    role: str
    tenant: str
    name: str = ""
    groups: tuple[str, ...] = ()
    agent_id: str | None = None
    session: str | None = None
    csrf: str | None = None
    scopes: frozenset[str] | None = None
    mfa_at: datetime | None = None

    @property
    def actor(self) -> str:
        """As the trail names it: ``operator:op-…``."""
        return f"{self.kind}:{self.id}"


NOBODY = Principal(id="", kind="none", role="none", tenant="")


class Who(Enum):
    """Rows of the table: a name, the roles (of operators) and kinds (of others) that may, and the scope of a key."""

    PUBLIC = ("anyone", frozenset({"none"}), "read")
    READER = ("any operator", frozenset(ROLES), "read")
    SELF = ("any operator, about their own account", frozenset(ROLES), "administer")
    OPERATOR = ("operator", frozenset({"admin", "operator"}), "operate")
    APPROVER = ("approver", frozenset({"admin", "approver"}), "approve")
    STAFF = ("operator or approver", frozenset({"admin", "operator", "approver"}), "administer")
    AUDITOR = ("auditor", frozenset({"admin", "auditor"}), "audit")
    PROPOSER = ("operator or approver", frozenset({"admin", "approver", "operator"}), "operate")
    ADMIN = ("admin", frozenset({"admin"}), "administer")
    AGENT = ("agent or its sidecar", frozenset({"agent", "sidecar"}), "operate")
    SIDECAR = ("sidecar", frozenset({"sidecar"}), "operate")
    JOIN = ("whoever holds a join token", frozenset({"join"}), "operate")
    READER_OR_AGENT = (
        "any operator, or the agent itself",
        frozenset({*ROLES, "agent", "sidecar"}),
        "read",
    )
    OPERATOR_OR_AGENT = (
        "operator, or the agent itself",
        frozenset({"admin", "operator", "agent", "sidecar"}),
        "operate",
    )

    @property
    def phrase(self) -> str:
        return self.value[0]

    @property
    def roles(self) -> frozenset[str]:
        return self.value[1]

    @property
    def scope(self) -> str:
        return self.value[2]

    def admits(self, principal: Principal) -> bool:
        return self is Who.PUBLIC or (
            principal.role in self.roles and (principal.scopes is None or self.scope in principal.scopes)
        )


def scopes_of(role: str) -> tuple[str, ...]:
    """The scopes that are of any use to a role."""
    return tuple(scope for scope in SCOPES if any(role in who.roles and who.scope == scope for who in Who))


def judge(who: Who, principal: Principal) -> None:
    """Raises 401 for nobody where somebody is needed, 403 for somebody else or a key without the scope."""
    if who.admits(principal):
        return
    if principal.kind == "none":
        raise Problem(
            Code.UNAUTHENTICATED,
            "a credential is needed: 'Authorization: Bearer <key>', or log in",
            headers={"WWW-Authenticate": 'Bearer realm="vienna"'},
        )
    if principal.role in who.roles:
        raise Problem(Code.FORBIDDEN, f"this key does not have the scope {who.scope!r}")
    raise Problem(Code.FORBIDDEN, f"this is for: {who.phrase}; you are: {principal.role}")


def judge_step_up(principal: Principal, *, now: datetime) -> None:
    """Raises 401 ``mfa_required``, with what to do, unless a second factor was shown within ``STEP_UP``."""
    if principal.mfa_at is not None and now - principal.mfa_at < STEP_UP:
        return
    what = (
        "a key of its own cannot show one: log in with your code and use that session"
        if principal.session is None
        else "show one with POST /api/v1/auth/step-up"
    )
    raise Problem(
        Code.MFA_REQUIRED,
        f"this needs a second factor shown within the last {STEP_UP.total_seconds() / 60:g} minutes; {what}",
        {
            "step_up": "POST /api/v1/auth/step-up",
            "passkey": "POST /api/v1/auth/passkey/options",
            "within_seconds": int(STEP_UP.total_seconds()),
            "enrol": "POST /api/v1/mfa/totp",
        },
    )
