"""What a call means, and what is promised of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vienna_kernel.intent import Intent
from vienna_kernel.mapping.fingerprint import of_agent
from vienna_kernel.value import Value
from vienna_kernel.verification.spec import Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a call means.

    Attributes:
        intents: At least one, in the order of the call.
        fingerprint: Names the call, without its agent: ``fingerprint_for``.
        mapped: False when there is an intent that no mapping read.
        mapping: ``id@version``.
        shown_url: For people; values of undeclared query parameters are ``…``.
        shown_body: For people: declared values, the shape of the rest; None when there is no body to decode.
        promises: What the answer is held against, one for each part of the call.
        idempotency_header: The API's own, lower-case.
        idempotency_inject: Whether one is to be sent when the agent sends none.
        replay_seconds: How long an identical call is the same call; None: as the gate has it.
        writable: Parameters that an approver may lower.
        stream: The answer may pass as a stream.
        response_fields: Pointers of answer fields that may be kept.
        unknown: Undeclared parameters that the mapping flags, by name.
        current: The current state as far as the mapping shows it, by pointer.
    """

    intents: tuple[Intent, ...]
    fingerprint: str
    mapped: bool
    mapping: str | None = None
    shown_url: str
    shown_body: Value = None
    promises: tuple[Promise, ...] = ()
    idempotency_header: str | None = None
    idempotency_inject: bool = False
    replay_seconds: int | None = None
    writable: tuple[str, ...] = ()
    stream: bool = False
    response_fields: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    current: Mapping[str, Value] = field(default_factory=dict)

    def fingerprint_for(self, agent: str) -> str:
        """The fingerprint of this agent's call."""
        return of_agent(self.fingerprint, agent)

    @property
    def needs_body(self) -> bool:
        """Whether something in the answer's body is promised."""
        return any(promise.needs_body for promise in self.promises)

    @property
    def max_body(self) -> int | None:
        """Most bytes of body that every part's promise allows; None: any number."""
        sizes = [promise.spec.max_body for promise in self.promises if promise.spec is not None]
        return min((size for size in sizes if size is not None), default=None)

    @property
    def reads_answer(self) -> bool:
        """Whether the answer's body is looked into at all: to hold it against a promise, or to keep fields of it."""
        return any(promise.reads_body for promise in self.promises)


@dataclass(frozen=True, slots=True)
class NeedsPreflight:
    """A read on the same origin must be made first, with the agent's own credentials.

    Attributes:
        path: Path and query.
    """

    method: str
    path: str
