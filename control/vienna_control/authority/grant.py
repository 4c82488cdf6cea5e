"""What a warrant is asked for, once the law and the people have said yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vienna_kernel.intent import Intent, Tier
from vienna_kernel.warrant.scope import Limit
from vienna_kernel.warrant.token import Consent, Demand, Warrant
from vienna_kernel.wire import CallView


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Terms that the pipeline decides; identifier, times, issuer and the trail's leaf are the authority's.

    Attributes:
        agent_id, agent: Identifier and name; the warrant names the name.
        audience: Origin of the upstream; None for a passback warrant whose origin is not known.
        ttl_seconds: Lifetime from now, at least 1.
        intents: Redacted, in the order of the call.
        call: The request that it binds; None for a passback warrant.
        holder_jkt: Thumbprint of the sidecar's key; None for a passback warrant.
        consents, demand: Who said yes, and what the tier asked for.
        observed: It says so, and permits nothing.
        actor: Who asked, for the trail: ``sidecar:side-…``.
        parent: Warrant that this one is a use of; the token of one that stands for itself cannot name it (``chain``),
            so that the row and the entry do.
        standing: Standing warrant that it belongs to, for the trail.
        budgets: What is reserved with it, for the trail: name, amount, currency.
    """

    tenant: str
    intent_id: str
    agent_id: str
    agent: str
    tier: Tier
    ttl_seconds: int
    intents: tuple[Intent, ...]
    actor: str
    audience: str | None = None
    call: CallView | None = None
    holder_jkt: str | None = None
    policy_digest: str = ""
    mapping_digest: str = ""
    consents: tuple[Consent, ...] = ()
    demand: Demand = field(default_factory=Demand)
    observed: bool = False
    constraints: Mapping[str, Limit] = field(default_factory=dict)
    response_limits: Mapping[str, int] = field(default_factory=dict)
    parent: str | None = None
    standing: str | None = None
    budgets: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Issued:
    """A warrant and its token."""

    warrant: Warrant
    token: str
