"""The terms of a warrant: what is permitted, to whom, until when, and on whose consent. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vienna_kernel.intent import Intent, Tier
from vienna_kernel.value import Value
from vienna_kernel.warrant.scope import Limit, Scope, exactly


@dataclass(frozen=True, slots=True)
class Meaning:
    """One intent as a warrant names it.

    Attributes:
        parameters: Redacted values as keyed hashes; None when they were too large to travel: ``digest`` names them.
        digest: ``Intent.digest`` of the redacted intent.
    """

    action: str
    target: str
    parameters: Mapping[str, Value] | None
    digest: str

    @classmethod
    def of(cls, intent: Intent) -> Meaning:
        """The meaning of an intent that is already redacted."""
        return cls(intent.action, intent.target, intent.parameters, intent.digest())


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's yes.

    Attributes:
        operator: Identifier, no name or address: the agent may read a warrant.
        shown_digest: Digest of exactly what this person was shown.
        mfa: ``totp``, ``passkey`` or empty.
        justified: They gave the justification that the tier asks for.
    """

    operator: str
    at: datetime
    shown_digest: str
    mfa: str = ""
    justified: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """What the tier asked for: this many distinct people, each with MFA, each with a justification where it says so."""

    approvals: int = 0
    mfa: bool = False
    justification: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant:
    """What one agent may do once, until when, and why it may.

    Attributes:
        audience: Origin of the upstream; the issuer itself for a passback warrant whose origin is not known.
        subject: Name of the agent.
        not_before, expires_at: Aware, UTC, whole seconds; ``expires_at`` is the first instant it no longer holds.
        holder_jkt: Thumbprint of the key that may use it; None only for a passback warrant.
        holder_jwk: The holder's public key, when the holder may sign warrants within this one.
        meanings: What is permitted, one per intent of the call.
        request_digest: ``Call.request_digest``; None for a passback warrant, which binds its meanings only.
        audit_leaf: Leaf hash (hex) of the ``warrant_issued`` entry.
        parent, depth: Identifier of the warrant it was derived from; 0 for a root, at most 5.
        observed: Issued in observe mode: it permits nothing.
        constraints: Limits by parameter name, for uses of a passback warrant and for derived warrants.
        response_limits: Bounds of the answer, e.g. ``max_bytes``.
    """

    id: str
    issuer: str
    audience: str
    subject: str
    issued_at: datetime
    not_before: datetime
    expires_at: datetime
    tier: Tier
    intent_id: str
    meanings: tuple[Meaning, ...]
    audit_leaf: str
    holder_jkt: str | None = None
    holder_jwk: Mapping[str, str] | None = None
    method: str | None = None
    url: str | None = None
    content_type: str | None = None
    body_digest: str | None = None
    request_digest: str | None = None
    policy_digest: str = ""
    mapping_digest: str = ""
    consents: tuple[Consent, ...] = ()
    demand: Demand = field(default_factory=Demand)
    parent: str | None = None
    depth: int = 0
    observed: bool = False
    constraints: Mapping[str, Limit] = field(default_factory=dict)
    response_limits: Mapping[str, int] = field(default_factory=dict)

    def scope(self) -> Scope:
        """What it covers by meaning. A meaning whose parameters did not travel is in no scope."""
        shown = ((row, row.parameters) for row in self.meanings if row.parameters is not None)
        return Scope(
            tuple(exactly(row.action, row.target, values, self.constraints) for row, values in shown)
        )
