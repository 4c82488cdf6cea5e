"""One call judged: what it means, who says yes, and the warrant that lets it go.

Judging a call, in order. Each step refuses by itself, and only the last grants:

(1) It has one meaning, its host may be called, and a mapping reads it, after a lookup where the mapping asks for one.
(2) A warrant that the agent presented is verified.
(3) The control plane is asked. While people decide the call is held, then asked about again.
(4) The warrant that comes with yes is verified here, and used up.

Nobody asked, nobody answering, an answer that makes no sense: refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from mitmproxy.connection import Client

from vienna_kernel.call.request import Call, RawRequest
from vienna_kernel.mapping.reading import Mapped, NeedsPreflight
from vienna_kernel.mapping.received import received, received_head
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import ResponseView
from vienna_kernel.wire import Decision, Gone
from vienna_proxy.answer.problem import Answer
from vienna_proxy.config import HoldConfig
from vienna_proxy.evidence.outcome import Outcomes
from vienna_proxy.judge.consult import (
    Ask,
    Counsel,
    FaultError,
    Grant,
    StaleBundleError,
    new_attempt,
    pending,
    refusal,
)
from vienna_proxy.judge.hold import Caller, Held, Holds, Interim
from vienna_proxy.judge.preflight import Preflight, lookup_call
from vienna_proxy.judge.presented import Presenter
from vienna_proxy.link.bundle import Bundle, Bundles
from vienna_proxy.link.channel import Channel
from vienna_proxy.ports import UnavailableError
from vienna_proxy.transport.addresses import AddressPolicy

_TRIES_PER_BUNDLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plea:
    """Who asks, and how: what is known of a call beside its bytes.

    Attributes:
        client: None for what the gate asks by itself.
        warrants: Tokens that the agent presented.
    """

    client: Client | None
    caller: Caller
    warrants: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """What a judge needs."""

    hold: HoldConfig
    policy: AddressPolicy
    bundles: Bundles
    channel: Channel
    counsel: Counsel
    presenter: Presenter
    holds: Holds
    interim: Interim
    preflight: Preflight
    outcomes: Outcomes


class Judge:
    """Judges calls; see the module."""

    def __init__(self, court: Court) -> None:
        self._court = court

    def head(self, raw: RawRequest) -> Call | Refused:
        """(1) What headers alone refuse."""
        mappings, literals = self._court.bundles.current.mappings, self._court.policy.literal_allowed
        return self._placed(received_head(raw, mappings, literals=literals))

    def whole(self, raw: RawRequest) -> Call | Refused:
        """(1) The canonical call, if its host may be called; a coded body undone where its mapping says so."""
        mappings, literals = self._court.bundles.current.mappings, self._court.policy.literal_allowed
        return self._placed(received(raw, mappings, literals=literals))

    def _placed(self, call: Call | Refused) -> Call | Refused:
        if isinstance(call, Refused):
            return call
        return self._court.policy.judge_name(call.host, call.port) or call

    async def judge(self, call: Call, plea: Plea) -> Grant | Answer:
        """Whether a canonical call may leave.

        Raises what a bug raises; the caller refuses then.
        """
        wait = _Wait(self._court, plea)
        for _ in range(_TRIES_PER_BUNDLE):
            bundle = self._court.bundles.current
            try:
                mapped = await self._meaning(call, bundle)
                if isinstance(mapped, Answer):
                    return mapped
                return await self._decided(call, mapped, bundle, wait)
            except StaleBundleError:
                await self._court.bundles.refresh()
            except FaultError as error:
                return Answer(reason=error.fault.reason)
            except UnavailableError as error:
                reason = Reason.AUDIT_UNAVAILABLE if error.port == "spool" else Reason.CONTROL_UNAVAILABLE
                return Answer(reason=reason)
        return Answer(reason=Reason.CONTROL_UNAVAILABLE)

    async def look(self, call: Call) -> tuple[ResponseView | None, str | None]:
        """Make a read that nobody waits for: what came, if it was let go and answered, and its intent.

        Raises ``UnavailableError`` when its outcome cannot be recorded.
        """
        verdict = await self.judge(call, Plea(client=None, caller=Caller("", "")))
        if isinstance(verdict, Answer):
            return None, verdict.intent_id
        return await self._court.preflight.read(verdict), verdict.decision.intent_id

    async def tunnel(self, mapped: Mapped, call: Call, plea: Plea) -> Grant | Answer:
        """Whether a connection that will not be opened may be made at all."""
        try:
            return await self._decided(call, mapped, self._court.bundles.current, _Wait(self._court, plea))
        except (StaleBundleError, FaultError, UnavailableError):
            return Answer(reason=Reason.CONTROL_UNAVAILABLE)

    async def _meaning(self, call: Call, bundle: Bundle) -> Mapped | Answer:
        found = bundle.mappings.map(call)
        if isinstance(found, NeedsPreflight):
            facts = await self._lookup(lookup_call(call, found), bundle)
            if isinstance(facts, Answer):
                return facts
            found = bundle.mappings.map(call, preflight=facts)
        if isinstance(found, Refused):
            return Answer(reason=found.reason, detail=found.hint)
        if isinstance(found, NeedsPreflight):
            return Answer(reason=Reason.PREFLIGHT_FAILED)
        return found

    async def _lookup(self, call: Call, bundle: Bundle) -> Value | Answer:
        """What a mapping must know first. The read is a call like any other: asked about, warranted, recorded."""
        mapped = bundle.mappings.map(call)
        if not isinstance(mapped, Mapped):
            return Answer(reason=Reason.PREFLIGHT_FAILED)
        wait = _Wait(self._court, Plea(client=None, caller=Caller("", "")))
        grant = await self._decided(call, mapped, bundle, wait)
        if isinstance(grant, Answer):
            return Answer(
                reason=Reason.PREFLIGHT_FAILED,
                detail=f"What this request refers to could not be looked up: {grant.detail or grant.row.hint}",
                intent_id=grant.intent_id,
                retryable=False,
            )
        facts = await self._court.preflight.fetch(grant)
        if facts is None:
            return Answer(reason=Reason.PREFLIGHT_FAILED, intent_id=grant.decision.intent_id)
        return facts

    async def _decided(self, call: Call, mapped: Mapped, bundle: Bundle, wait: _Wait) -> Grant | Answer:
        plea = wait.plea
        ask = Ask(
            call=call,
            mapped=mapped,
            bundle=bundle,
            intents=tuple(intent.redact(bundle.redaction_key) for intent in mapped.intents),
            client=plea.client,
            caller=plea.caller,
        )
        if plea.warrants:  # (2)
            token = await self._court.presenter.judge(plea.warrants, ask)
            if isinstance(token, Answer):
                return token
            ask.presented = token
        attempt = new_attempt()
        wait.marks_now()
        decision = await self._court.counsel.consult(ask, attempt, wait=wait.willing)  # (3)
        while decision.verdict == "held":
            attempt = new_attempt()
            further = await wait.on(ask, decision, attempt)
            if isinstance(further, Answer):
                return further
            decision = further
        if decision.verdict == "refused":
            return refusal(decision)
        grant = self._court.counsel.redeem(ask, decision, attempt)  # (4)
        if isinstance(grant, Grant):
            return grant
        await self._court.outcomes.abandoned(decision, attempt)
        return Answer(
            reason=grant.reason, detail="The warrant for this call does not hold; nothing was sent."
        )


class _Wait:
    """The patience of one caller, over all questions about its call."""

    def __init__(self, court: Court, plea: Plea) -> None:
        self._court = court
        self.plea = plea
        self._until: float | None = None
        self._since = 0

    def marks_now(self) -> None:
        """A question is about to be asked: wakes from here on are later than its answer's knowledge."""
        self._since = self._court.holds.mark()

    @property
    def willing(self) -> bool:
        """Whether the caller may be held at all."""
        return self.plea.client is not None and not self.plea.caller.wants_async

    def _left(self, beat: bytes | None) -> float:
        now = asyncio.get_running_loop().time()
        if self._until is None:
            seconds = self.plea.caller.patience_seconds(
                most=self._court.hold.max_seconds, beating=beat is not None
            )
            self._until = now + max(0.0, seconds)
        return self._until - now

    async def on(self, ask: Ask, decision: Decision, attempt: str) -> Decision | Answer:
        """Wait for people, then ask again under ``attempt``: what is decided, or what the agent is told."""
        if not self.willing or self.plea.client is None or decision.approval_id is None:
            return pending(decision, accepted=self.plea.caller.wants_async and self.plea.client is not None)
        interim = self._court.interim
        beat = self.plea.caller.beat(heartbeat=self._court.hold.heartbeat) if interim.works else None
        held = Held(self.plea.client, decision.approval_id, decision.intent_id, beat, since=self._since)
        if not self._court.holds.add(held):
            return pending(decision, reason=Reason.TOO_MANY_HELD)
        try:
            return await self._stirred(held, ask, decision, attempt)
        finally:
            self._court.holds.remove(held)

    async def _stirred(self, held: Held, ask: Ask, decision: Decision, attempt: str) -> Decision | Answer:
        while (left := self._left(held.beat)) > 0 and await held.stirred(left) and not held.released:
            if held.gone or ask.client_gone:
                self._court.channel.tell(Gone(approval_id=held.approval_id, intent_id=held.intent_id))
                return pending(decision)
            self.marks_now()
            try:
                return await self._court.counsel.consult(ask, attempt)
            except UnavailableError:
                continue  # the stream's return wakes every held call
        return pending(decision)
