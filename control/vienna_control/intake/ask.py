"""One attempt to let one thing happen, whichever road it came on.

Identity is the credential's: ``Caller`` is filled from it and from nothing the caller said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

from vienna_kernel.intent import Effect, Intent, Tier
from vienna_kernel.value import Value, digest, plain
from vienna_kernel.wire import REPLAY_SECONDS, CallView

type Mode = Literal["direct", "passback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks.

    Attributes:
        source: ``sidecar:<id>``, ``agent:<id>`` or ``operator:<id>``.
        sidecar_id: The gate that stands in the way, None on the API's road.
        jkt: Thumbprint of that gate's key, which warrants are bound to; empty on the API's road.
    """

    tenant: str
    agent_id: str
    source: str
    sidecar_id: str | None = None
    jkt: str = ""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What is asked for.

    Attributes:
        attempt: Who asks again with the same attempt gets the same answer.
        fingerprint: Names the call for rejoining and redeeming.
        intents: At least one, redacted.
        call: The request as people may see it; None on the API's road.
        mapped: False when no mapping read the call.
        presented: A warrant the agent brought along.
        wait: Whether the caller is waiting for people.
        retry: It is a further try of a call that left before (``wire.Consult``).
        key: ``sha256:<hex>`` of the idempotency key on the wire.
        replay_seconds: How long an identical call is the same call.
        rung: The enforcement its gate goes by, None on the API's road.
        mode: ``direct``: we (or the gate) execute. ``passback``: the caller gets the warrant.
        preflight: Intent of the read of the current state that was made for it.
        preflight_of: It is such a read: request digest of the call that it is made for.
        claimed: What the agent says of itself and the world; it can only raise scrutiny.
    """

    caller: Caller
    attempt: str
    fingerprint: str
    intents: tuple[Intent, ...]
    bundle: str
    call: CallView | None = None
    mapped: bool = True
    presented: str | None = None
    wait: bool = True
    retry: bool = False
    key: str | None = None
    replay_seconds: int = REPLAY_SECONDS
    rung: str | None = None
    preflight: str | None = None
    preflight_of: str | None = None
    mode: Mode = "direct"
    claimed: Mapping[str, Value] = field(default_factory=dict)
    idempotency_key: str | None = None
    simulation: bool = False
    override_tier: Tier | None = None

    @cached_property
    def action(self) -> str:
        """The name the call goes by in lists: its actions, each once, in order."""
        return "+".join(dict.fromkeys(intent.action for intent in self.intents))[:128]

    @cached_property
    def host(self) -> str:
        """DNS name that the call would reach; empty on the API's road."""
        return urlsplit(self.call.url).hostname or "" if self.call else ""

    @property
    def method(self) -> str:
        """HTTP method; empty on the API's road."""
        return self.call.method if self.call else ""

    @cached_property
    def reads(self) -> bool:
        """Whether nothing of it changes anything."""
        return all(intent.effect is Effect.READ for intent in self.intents)

    @cached_property
    def meaning_digest(self) -> str:
        """``sha256:<hex>``: the digest of its intent, or over the digests of its intents in order."""
        if len(self.intents) == 1:
            return self.intents[0].digest()
        return digest([intent.digest() for intent in self.intents])

    @property
    def grade(self) -> str:
        """How well an execution of it can be vouched for."""
        return "intercepted" if self.caller.sidecar_id else "reported"

    def request(self) -> dict[str, Value]:
        """The facts of the real request, for policy."""
        call = self.call
        return request_facts(call.method, call.url, call.content_type, call.body_bytes) if call else {}

    def summary(self) -> str:
        """One sentence for people: what it would do."""
        told = [intent.summary or f"{intent.action} on {intent.target}" for intent in self.intents]
        if self.call is not None and not self.mapped:
            return f"{self.call.method} {self.call.url}"
        return "; ".join(dict.fromkeys(told))

    def actions(self) -> list[dict[str, Any]]:
        """Its intents as people see them: decimals as text, redactions in place."""
        return [
            {
                "action": intent.action,
                "target": intent.target,
                "parameters": plain(intent.parameters),
                "effect": intent.effect.value,
                "reversibility": intent.reversibility.value,
                "summary": intent.summary,
                "undetermined": sorted(intent.undetermined),
                "redacted": sorted(intent.redacted),
                "mapping": intent.mapping,
                "digest": intent.digest(),
            }
            for intent in self.intents
        ]


def request_facts(method: str, url: str, content_type: str | None, body_bytes: int) -> dict[str, Value]:
    """The facts of a request for policy, of the members of its ``CallView``."""
    parts = urlsplit(url)
    return {
        "method": method,
        "host": parts.hostname or "",
        "path": parts.path,
        "scheme": parts.scheme,
        "port": parts.port or (443 if parts.scheme == "https" else 80),
        "content_type": content_type,
        "body_bytes": body_bytes,
    }
