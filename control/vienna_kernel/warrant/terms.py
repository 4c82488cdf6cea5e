"""The terms of a warrant: what is permitted, to whom, until when, and on whose consent. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vienna_kernel.consent.statement import Proof
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.value import Value, digest, pack
from vienna_kernel.warrant.scope import Act, Limit, Permit, Scope, exactly


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
class Roll:
    """All intents of a call that has too many to list: how many, and one digest over them in their order.

    Attributes:
        digest: ``sha256:<hex>`` of the RFC 8785 bytes of a list of ``{"action", "target", "parameters"}``, parameters
            packed as they travel, so that it tells the decimal 5 from the text "5".
    """

    count: int
    digest: str

    @classmethod
    def of(cls, acts: Sequence[Act | Meaning]) -> Roll:
        """The roll of these, redacted already, their parameters shown."""
        rows = [{"action": a.action, "target": a.target, "parameters": pack(a.parameters)} for a in acts]
        return cls(len(rows), digest(rows))


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's yes.

    Attributes:
        operator: Identifier, no name or address: the agent may read a warrant.
        shown_digest: Digest of exactly what this person was shown.
        mfa: ``totp``, ``passkey`` or empty.
        justified: They gave the justification that the tier asks for.
        proof: That their passkey agreed; its ``terms.shown`` is ``shown_digest``.
    """

    operator: str
    at: datetime
    shown_digest: str
    mfa: str = ""
    justified: bool = False
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What the tier asked for: this many distinct people, each with MFA, each with a justification where it says so."""

    approvals: int = 0
    mfa: bool = False
    justification: bool = False

    def within(self, outer: Demand) -> bool:
        """Whether it asks for no less than ``outer``."""
        return (
            self.approvals >= outer.approvals
            and self.mfa >= outer.mfa
            and self.justification >= outer.justification
        )

    def meet(self, other: Demand) -> Demand:
        """What asks for all that either asks for."""
        return Demand(
            max(self.approvals, other.approvals),
            self.mfa or other.mfa,
            self.justification or other.justification,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant:
    """What one agent may do once, until when, and why it may.

    Attributes:
        audience: Origin of the upstream; the issuer itself for a passback warrant whose origin is not known.
        subject: Name of the agent.
        not_before, expires_at: Aware, UTC, whole seconds; ``expires_at`` is the first instant it no longer holds.
        holder_jkt: Thumbprint of the key that may use it; None only for a passback warrant.
        holder_jwk: The holder's public key, when the holder may sign warrants within this one.
        meanings: What is permitted, one per intent of the call; with ``roll`` the first alone, for people.
        roll: Binds all intents of a call that has too many to list.
        request_digest: ``Call.request_digest``; None for a passback warrant, which binds its meanings only.
        audit_leaf: Leaf hash (hex) of the ``warrant_issued`` entry.
        parent, depth: Identifier of the warrant it was derived from; 0 for a root, at most 5.
        observed: Issued in observe mode: it permits nothing.
        constraints: Limits by parameter name, for uses of a passback warrant and for those derived from it.
        response_limits: Bounds of the answer, by their names in ``warrant.response``.
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
    roll: Roll | None = None

    @property
    def wire(self) -> bool:
        """Whether it binds one request on the wire; else it is for passback, and binds its meanings only."""
        return self.request_digest is not None

    @property
    def open_audience(self) -> bool:
        """Whether any upstream will do: a passback warrant that names the issuer itself."""
        return not self.wire and self.audience == self.issuer

    @property
    def size(self) -> int:
        """How many intents the call has."""
        return self.roll.count if self.roll is not None else len(self.meanings)

    def scope(self) -> Scope | None:
        """The calls that it covers by their meanings; None when these, or their parameters, did not travel.

        On the wire nothing may move, so that constraints hold for passback warrants only.
        """
        permits: list[Permit] = []
        for row in self.meanings:
            if row.parameters is None or self.roll is not None:
                return None
            permits.append(
                exactly(row.action, row.target, row.parameters, {} if self.wire else self.constraints)
            )
        return Scope(tuple(permits))
