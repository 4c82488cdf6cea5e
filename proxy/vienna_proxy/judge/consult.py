"""The question to the control plane about one call, and what its answer is worth.

A yes counts only with a warrant that verifies here, for exactly this call, under our key, and only the first time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import uuid_utils
from mitmproxy import http
from mitmproxy.connection import Client

from vienna_kernel.call.request import Call
from vienna_kernel.intent import Intent
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.value import pack, plain
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import Verification
from vienna_kernel.warrant import token as warrants
from vienna_kernel.wire import CallView, Consult, Decision, Fault, Outcome
from vienna_proxy.answer.problem import Answer
from vienna_proxy.clock import Clock
from vienna_proxy.judge.hold import Caller
from vienna_proxy.link.bundle import Bundle, Bundles
from vienna_proxy.link.channel import Channel
from vienna_proxy.ports import UnavailableError
from vienna_proxy.transport.translate import outgoing

_SHOWN_HEADERS = frozenset({"content-type", "accept", "user-agent", "idempotency-key"})
_USED_KEPT = 100_000


class StaleBundleError(Exception):
    """The control plane has another bundle than the one this call was mapped with."""


@dataclass(slots=True, kw_only=True)
class Ask:
    """Everything about one call on its way to a decision.

    Attributes:
        intents: Redacted, as they leave the gate.
        presented: A warrant the agent sent along, verified.
    """

    call: Call
    mapped: Mapped
    bundle: Bundle
    intents: tuple[Intent, ...]
    client: Client | None
    caller: Caller
    presented: str | None = None
    request_digest: str = field(init=False)

    def __post_init__(self) -> None:
        self.request_digest = self.call.request_digest

    @property
    def client_gone(self) -> bool:
        return self.client is not None and not self.client.connected


@dataclass(slots=True, eq=False, kw_only=True)
class Grant:
    """Yes: the call may leave, once.

    Attributes:
        request: What leaves.
        released_at: Monotonic instant.
        limits: ``response_limits`` of the warrant.
        verification: What its answer came to, once that was recorded.
        told: As the control plane was told.
        settled: Its outcome was told, or is being told.
    """

    call: Call
    mapped: Mapped
    decision: Decision
    warrant_id: str
    attempt: str
    request: http.Request
    released_at: float
    limits: Mapping[str, int] = field(default_factory=dict)
    settled: bool = False
    verification: Verification | None = None
    told: Outcome | None = None

    @property
    def observed(self) -> bool:
        """It went under a warrant that permits nothing: people are only watching."""
        return self.decision.verdict == "observed"

    @property
    def word(self) -> str:
        """``Vienna-Decision``."""
        return "observed" if self.observed else "granted"


class Used:
    """Warrants that moved a call through this gate."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, warrant_id: object) -> bool:
        return warrant_id in self._ids

    def add(self, warrant_id: str) -> None:
        """Take its one use. The oldest are forgotten; they expired long before."""
        self._ids[warrant_id] = None
        if len(self._ids) > _USED_KEPT:
            self._ids.popitem(last=False)


def new_attempt() -> str:
    """Identifier of one attempt to let one call go."""
    return f"att-{uuid_utils.uuid7()}"


def view_of(ask: Ask) -> CallView:
    """The call as people may see it."""
    call, mapped = ask.call, ask.mapped
    return CallView.model_construct(
        method=call.method,
        url=mapped.shown_url,
        origin=call.origin,
        headers=[line for line in call.headers if line[0] in _SHOWN_HEADERS],
        body=None if mapped.shown_body is None else plain(mapped.shown_body),
        body_bytes=len(call.body),
        content_type=call.content_type,
        body_digest=call.body_digest,
        request_digest=ask.request_digest,
        current={name: pack(value) for name, value in mapped.current.items()},
        unknown=list(mapped.unknown),
    )


class Counsel:
    """Asks the control plane, and believes it as far as its warrants go."""

    def __init__(
        self, channel: Channel, bundles: Bundles, clock: Clock, *, holder_jkt: str, issuer: Callable[[], str]
    ) -> None:
        self._channel = channel
        self._bundles = bundles
        self._clock = clock
        self.holder_jkt = holder_jkt
        self.issuer = issuer
        self.used = Used()

    async def consult(self, ask: Ask, attempt: str, *, wait: bool = True) -> Decision:
        """What is decided about this call now.

        Raises ``UnavailableError`` when nobody answers, ``StaleBundleError`` when it must be mapped anew.
        """
        frame = Consult.model_construct(  # our own values: nothing to validate
            id=self._channel.next_id(),
            attempt=attempt,
            call=view_of(ask),
            intents=[intent.to_json() for intent in ask.intents],
            fingerprint=ask.mapped.fingerprint_for(ask.bundle.agent_name),
            bundle=ask.bundle.digest,
            mapped=ask.mapped.mapped,
            presented=ask.presented,
            wait=wait,
        )
        answer = await self._channel.ask(frame)
        if isinstance(answer, Decision):
            return answer
        if isinstance(answer, Fault):
            if answer.reason is Reason.CONTROL_UNAVAILABLE and "bundle" in answer.detail:
                raise StaleBundleError
            raise FaultError(answer)
        raise UnavailableError("control", "an answer of another kind")

    def use_of(self, ask: Ask, *, observing: bool = False) -> warrants.Use:
        """What this call is to a warrant."""
        return warrants.Use(
            origin=ask.call.origin,
            agent=ask.bundle.agent_name,
            holder_jkt=self.holder_jkt,
            intents=ask.intents,
            request_digest=ask.request_digest,
            method=ask.call.method,
            url=ask.mapped.shown_url,  # all that the control plane knows of it; the digest binds the rest
            observing=observing,
        )

    def verify(self, token: str, ask: Ask, *, observing: bool = False) -> warrants.Warrant | Refused:
        """Whether a token lets this call go now."""
        return warrants.verify(
            token,
            use=self.use_of(ask, observing=observing),
            keyring=ask.bundle.keyring,
            now=self._clock.now(),
            issuer=self.issuer(),
            revoked=self._bundles.revoked,
            consumed=self.used.__contains__,
        )

    def inspect(self, token: str, ask: Ask) -> warrants.Warrant | Refused:
        """Whether a token is genuine and in force, for whatever use."""
        return warrants.inspect(
            token,
            keyring=ask.bundle.keyring,
            now=self._clock.now(),
            issuer=self.issuer(),
            revoked=self._bundles.revoked,
        )

    def redeem(self, ask: Ask, decision: Decision, attempt: str) -> Grant | Refused:
        """The grant of a yes, if its warrant says so too."""
        observing = decision.verdict == "observed" and ask.bundle.observes(decision.tier)
        if decision.warrant is None:
            return Refused(Reason.WARRANT_MALFORMED, "a yes without a warrant")
        warrant = self.verify(decision.warrant, ask, observing=observing)
        if isinstance(warrant, Refused):
            return warrant
        if warrant.observed != (decision.verdict == "observed"):
            return Refused(Reason.WARRANT_OBSERVED, "the decision and its warrant do not agree")
        self.used.add(warrant.id)
        mapped, key = ask.mapped, None
        if (
            mapped.idempotency_header
            and mapped.idempotency_inject
            and not ask.call.header(mapped.idempotency_header)
        ):
            key = (mapped.idempotency_header, decision.intent_id)
        return Grant(
            call=ask.call,
            mapped=mapped,
            decision=decision,
            warrant_id=warrant.id,
            attempt=attempt,
            request=outgoing(ask.call, idempotency=key, decodable=mapped.reads_answer),
            released_at=time.monotonic(),
            limits=warrant.response_limits,
        )


class FaultError(Exception):
    """The control plane could not serve the question.

    Attributes:
        fault: Its reason and detail.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


def refusal(decision: Decision) -> Answer:
    """A no as the agent hears it."""
    reason = decision.reason or Reason.POLICY_DENIED
    return Answer(
        reason=reason,
        detail=decision.hint,
        decision="expired" if reason is Reason.APPROVAL_EXPIRED else "denied",
        intent_id=decision.intent_id,
        approval_id=decision.approval_id,
        rule=decision.rule,
        retryable=decision.retryable or None,
        retry_after_seconds=decision.retry_after_seconds,
    )


def pending(
    decision: Decision, *, accepted: bool = False, reason: Reason = Reason.APPROVAL_PENDING
) -> Answer:
    """Not yet. ``accepted``: the caller asked for 202 instead of waiting."""
    return Answer(
        reason=reason,
        detail=decision.hint,
        decision="pending",
        status=202 if accepted else None,
        intent_id=decision.intent_id,
        approval_id=decision.approval_id,
        rule=decision.rule,
        retryable=True,
        retry_after_seconds=decision.retry_after_seconds,
    )
