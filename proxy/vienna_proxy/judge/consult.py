"""The question to the control plane about one call, and what its answer is worth.

1. A yes counts only with a warrant that verifies here, for exactly this call, under our key, and only the first time.
2. What is stopped does not leave, whatever the answer is. Who is asked all the same records it; where nobody can be
   asked, the gate refuses by itself.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog
import uuid_utils
from mitmproxy import http
from mitmproxy.connection import Client

from vienna_kernel.call.request import Call
from vienna_kernel.intent import Intent
from vienna_kernel.mapping import narrow
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.stop import Stop
from vienna_kernel.value import Value, pack, plain
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import Verification
from vienna_kernel.warrant import token as warrants
from vienna_kernel.wire import REPLAY_SECONDS, CallView, Consult, Decision, Fault, Outcome, Reported
from vienna_proxy.clock import Clock, iso
from vienna_proxy.evidence.report import Reporter
from vienna_proxy.judge.consent import Consents, Leaving
from vienna_proxy.judge.hold import Caller
from vienna_proxy.judge.retries import key_digest, with_key
from vienna_proxy.link.bundle import Bundle, Bundles
from vienna_proxy.link.channel import Channel
from vienna_proxy.ports import UnavailableError
from vienna_proxy.telemetry.traces import NO_TRACE, Trace
from vienna_proxy.transport.translate import outgoing

_SHOWN_HEADERS = frozenset({"content-type", "accept", "user-agent", "idempotency-key"})
_USED_KEPT = 100_000

log = structlog.get_logger()
_MEANWHILE = "Operators stopped this in the same moment; nothing was sent. Do not retry; tell the user."


class StaleBundleError(Exception):
    """The control plane has another bundle than the one this call was mapped with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """A read that was made before a call: where, as people may see it, and as which intent."""

    url: str
    intent_id: str


@dataclass(slots=True, kw_only=True)
class Ask:
    """Everything about one call on its way to a decision.

    Attributes:
        intents: Redacted, as they leave the gate.
        facts: What a lookup before it said, decoded.
        lookup: That read, its URL and its intent; None when none was made.
        lookup_of: It is such a read: request digest of the call that it is made for.
        presented: A warrant the agent sent along, verified.
        retry: It is a further try of a call that left before.
        narrowed: What people lowered in it, ``amount 5000→3000``.
        fingerprint: Of the call as the agent sent it.
    """

    call: Call
    mapped: Mapped
    bundle: Bundle
    intents: tuple[Intent, ...]
    client: Client | None
    caller: Caller
    facts: Value = None
    lookup: LookedUp | None = None
    lookup_of: str | None = None
    presented: str | None = None
    retry: bool = False
    narrowed: tuple[str, ...] = ()
    fingerprint: str = ""
    trace: Trace = NO_TRACE
    request_digest: str = field(init=False)

    def __post_init__(self) -> None:
        self.fingerprint = self.fingerprint or self.mapped.fingerprint_for(self.bundle.agent_name)
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
        fingerprint: Of the call as the agent sent it.
        narrowed: What people lowered in it.
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
    fingerprint: str = ""
    narrowed: tuple[str, ...] = ()
    settled: bool = False
    verification: Verification | None = None
    told: Outcome | None = None

    @property
    def observed(self) -> bool:
        """It went under a warrant that permits nothing: people are only watching."""
        return self.decision.verdict == "observed"

    @property
    def result(self) -> str | None:
        """What its answer came to, None before that is known."""
        return None if self.verification is None else self.verification.result.value

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
    writable = mapped.writable if len(mapped.intents) == 1 and call.payload is None else ()
    signed = bool(writable) and narrow.signed(call)
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
        current_from=ask.lookup.url if ask.lookup else None,
        unknown=list(mapped.unknown),
        writable=[] if signed else list(writable),
        signed=signed,
    )


class Counsel:
    """Asks the control plane, and believes it as far as its warrants go."""

    def __init__(
        self,
        channel: Channel,
        bundles: Bundles,
        clock: Clock,
        reporter: Reporter,
        consents: Consents,
        *,
        holder_jkt: str,
        issuer: Callable[[], str],
    ) -> None:
        self._channel = channel
        self._reporter = reporter
        self._consents = consents
        self._bundles = bundles
        self._clock = clock
        self.holder_jkt = holder_jkt
        self.issuer = issuer
        self.used = Used()

    async def consult(self, ask: Ask, attempt: str, *, wait: bool = True) -> Decision:
        """What is decided about this call now.

        Raises ``UnavailableError`` when nobody answers, ``StaleBundleError`` when it must be mapped anew.
        """
        if (stop := self._stop_of(ask)) is not None and not self._channel.up.is_set():
            return self._refused_here(ask, stop)
        frame = Consult.model_construct(  # our own values: nothing to validate
            id=self._channel.next_id(),
            attempt=attempt,
            call=view_of(ask),
            intents=[intent.to_json() for intent in ask.intents],
            fingerprint=ask.fingerprint,
            bundle=ask.bundle.digest,
            mapped=ask.mapped.mapped,
            presented=ask.presented,
            wait=wait,
            retry=ask.retry,
            key=key_digest(ask.call, ask.mapped),
            replay_seconds=REPLAY_SECONDS if (most := ask.mapped.replay_seconds) is None else most,
            preflight=ask.lookup.intent_id if ask.lookup else None,
            preflight_of=ask.lookup_of,
        )
        try:
            with ask.trace.phase("consult") as traceparent:
                if traceparent is not None:
                    frame = frame.model_copy(update={"traceparent": traceparent})
                answer = await self._channel.ask(frame)
        except UnavailableError:
            if (stop := self._stop_of(ask)) is None:
                raise
            return self._refused_here(ask, stop)
        if isinstance(answer, Decision):
            return answer
        if isinstance(answer, Fault):
            if answer.reason is Reason.CONTROL_UNAVAILABLE and "bundle" in answer.detail:
                raise StaleBundleError
            raise FaultError(answer)
        raise UnavailableError("control", "an answer of another kind")

    def _stop_of(self, ask: Ask) -> Stop | None:
        return self._bundles.stops.refusing(ask.intents, ask.call.host)

    def _refused_here(self, ask: Ask, stop: Stop) -> Decision:
        told = f"refused here by order {stop.n}: the control plane does not answer"
        self._reporter.note(stop.reason, told, method=ask.call.method, url=ask.mapped.shown_url)
        return Decision(id=0, verdict="refused", intent_id="", reason=stop.reason)

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

    async def redeem(self, ask: Ask, decision: Decision, attempt: str) -> Grant | Refused:
        """The grant of a yes, if its warrant says so too, and people where this gate asks for them.

        Raises ``UnavailableError`` when an alarm can be told to nobody.
        """
        observing = decision.verdict == "observed" and ask.bundle.observes(decision.tier)
        if decision.warrant is None:
            return Refused(Reason.WARRANT_MALFORMED, "a yes without a warrant")
        warrant = self.verify(decision.warrant, ask, observing=observing)
        if isinstance(warrant, Refused):
            return warrant
        if (stop := self._stop_of(ask)) is not None:
            return Refused(stop.reason, f"stopped by order {stop.n}", _MEANWHILE)
        if warrant.observed != (decision.verdict == "observed"):
            return Refused(Reason.WARRANT_OBSERVED, "the decision and its warrant do not agree")
        self.used.add(warrant.id)
        if (unproven := await self._consents.take(warrant, self._leaving(ask))) is not None:
            await self._alarm(unproven, ask, warrant.id)
            return unproven
        call, mapped, key = with_key(ask.call, decision.first_key), ask.mapped, None
        if (
            mapped.idempotency_header
            and mapped.idempotency_inject
            and not call.header(mapped.idempotency_header)
        ):
            key = (mapped.idempotency_header, decision.intent_id)
        return Grant(
            call=call,
            mapped=mapped,
            decision=decision,
            warrant_id=warrant.id,
            attempt=attempt,
            request=outgoing(call, idempotency=key, decodable=mapped.reads_answer),
            released_at=time.monotonic(),
            limits=warrant.response_limits,
            fingerprint=ask.fingerprint,
            narrowed=ask.narrowed,
        )

    def _leaving(self, ask: Ask) -> Leaving:
        return Leaving(
            call=ask.call,
            intents=ask.intents,
            fingerprint=ask.fingerprint,
            now=self._clock.now(),
        )

    async def _alarm(self, unproven: Refused, ask: Ask, warrant_id: str) -> None:
        """A yes that people did not give: told at once, and to whoever reads this machine's log too."""
        log.critical("consent.unproven", why=unproven.detail, warrant=warrant_id)
        row = Reported(
            at=iso(self._clock.now()),
            reason=unproven.reason,
            detail=unproven.detail,
            method=ask.call.method,
            url=ask.mapped.shown_url,
            warrant_id=warrant_id,
            severity="critical",
        )
        await self._reporter.alarm(row)


class FaultError(Exception):
    """The control plane could not serve the question.

    Attributes:
        fault: Its reason and detail.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault
