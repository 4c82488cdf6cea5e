"""Who may do what: the one table. Every route names a row; identity comes from the credential and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from vienna_control.api.problems import Code, Problem

type Kind = Literal["operator", "agent", "sidecar", "join", "none"]

ROLES = ("admin", "approver", "operator", "auditor", "viewer")
"""Roles of operators. An admin may do all that an approver, an operator and an auditor may."""


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

    @property
    def actor(self) -> str:
        """As the trail names it: ``operator:op-…``."""
        return f"{self.kind}:{self.id}"


NOBODY = Principal(id="", kind="none", role="none", tenant="")


class Who(Enum):
    """Rows of the table: a name, and the roles (of operators) and kinds (of others) that may."""

    PUBLIC = ("anyone", frozenset({"none"}))
    READER = ("any operator", frozenset(ROLES))
    OPERATOR = ("operator", frozenset({"admin", "operator"}))
    APPROVER = ("approver", frozenset({"admin", "approver"}))
    AUDITOR = ("auditor", frozenset({"admin", "auditor"}))
    ADMIN = ("admin", frozenset({"admin"}))
    AGENT = ("agent or its sidecar", frozenset({"agent", "sidecar"}))
    SIDECAR = ("sidecar", frozenset({"sidecar"}))
    JOIN = ("whoever holds a join token", frozenset({"join"}))
    READER_OR_AGENT = ("any operator, or the agent itself", frozenset({*ROLES, "agent", "sidecar"}))
    OPERATOR_OR_AGENT = (
        "operator, or the agent itself",
        frozenset({"admin", "operator", "agent", "sidecar"}),
    )

    @property
    def phrase(self) -> str:
        return self.value[0]

    @property
    def roles(self) -> frozenset[str]:
        return self.value[1]

    def admits(self, principal: Principal) -> bool:
        return self is Who.PUBLIC or principal.role in self.roles


def judge(who: Who, principal: Principal) -> None:
    """Raises 401 for nobody where somebody is needed, 403 for somebody else."""
    if who.admits(principal):
        return
    if principal.kind == "none":
        raise Problem(
            Code.UNAUTHENTICATED,
            "a credential is needed: 'Authorization: Bearer <key>', or log in",
            headers={"WWW-Authenticate": 'Bearer realm="vienna"'},
        )
    raise Problem(Code.FORBIDDEN, f"this is for: {who.phrase}; you are: {principal.role}")
