"""One call judged: what it means, who says yes, and the warrant that lets it go.

Judging a call, in order. Each step refuses by itself, and only the last grants:

(1) It has one meaning, its host may be called, and a mapping reads it, after a lookup where the mapping asks for one.
(2) A warrant that the agent presented is verified.
(3) The control plane is asked. While people decide the call is held, then asked about again; so is a retry while the
    call that it repeats is under way. Where people agreed to less, the call is narrowed and asked about again.
(4) The warrant that comes with yes is verified here, and used up.

Nobody asked, nobody answering, an answer that makes no sense: refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vienna_kernel.call.request import Call, RawRequest
from vienna_kernel.mapping.reading import Mapped, NeedsPreflight
from vienna_kernel.mapping.received import received, received_head
from vienna_kernel.value import unpack
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import ResponseView
from vienna_kernel.wire import Decision
from vienna_proxy.answer.problem import Answer
from vienna_proxy.evidence.outcome import Outcomes
from vienna_proxy.evidence.replies import Replayed, Replies
from vienna_proxy.judge.consult import (
    Ask,
    Counsel,
    FaultError,
    Grant,
    LookedUp,
    StaleBundleError,
    new_attempt,
)
from vienna_proxy.judge.hold import Caller, Plea
from vienna_proxy.judge.preflight import Found, Preflight, facts_of, lookup_call, unread, why_unread
from vienna_proxy.judge.presented import Presenter
from vienna_proxy.judge.retries import is_retry
from vienna_proxy.judge.told import refusal
from vienna_proxy.judge.wait import Room, Wait
from vienna_proxy.link.bundle import Bundle, Bundles
from vienna_proxy.ports import UnavailableError
from vienna_proxy.telemetry.account import BROKEN, WHOLE, Account, Ending
from vienna_proxy.telemetry.clients import OURSELVES
from vienna_proxy.telemetry.endings import refused
from vienna_proxy.telemetry.lines import Lines
from vienna_proxy.transport.addresses import AddressPolicy

__all__ = ["Court", "Judge", "Plea"]

_TRIES_PER_BUNDLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """What a judge needs."""

    policy: AddressPolicy
    bundles: Bundles
    counsel: Counsel
    presenter: Presenter
    room: Room
    preflight: Preflight
    outcomes: Outcomes
    replies: Replies
    lines: Lines


@dataclass(frozen=True, slots=True)
class _Said:
    """What was decided in the end, about which call, asked under which attempt."""

    ask: Ask
    attempt: str
    decision: Decision


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

    async def judge(self, call: Call, plea: Plea) -> Grant | Answer | Replayed:
        """Whether a canonical call may leave; the answer that there was, where it has left before.

        Raises what a bug raises; the caller refuses then.
        """
        wait = Wait(self._court.room, plea)
        for _ in range(_TRIES_PER_BUNDLE):
            bundle = self._court.bundles.current
            try:
                ask = await self._meaning(call, bundle, plea)
                if isinstance(ask, Answer):
                    return ask
                return self._known(await self._decided(ask, wait))
            except StaleBundleError:
                await self._court.bundles.refresh()
            except FaultError as error:
                return Answer(reason=error.fault.reason)
            except UnavailableError as error:
                reason = Reason.AUDIT_UNAVAILABLE if error.port == "spool" else Reason.CONTROL_UNAVAILABLE
                return Answer(reason=reason)
        return Answer(reason=Reason.CONTROL_UNAVAILABLE)

    def _known(self, verdict: Grant | Answer) -> Grant | Answer | Replayed:
        if not isinstance(verdict, Answer) or verdict.reason is not Reason.ALREADY_EXECUTED:
            return verdict
        reply = self._court.replies.find(verdict.warrant_id or "")
        return verdict if reply is None else Replayed(reply, verdict.intent_id, verdict.warrant_id or "")

    async def look(self, call: Call) -> tuple[ResponseView | None, str | None]:
        """Make a read that nobody waits for: what came, if it was let go and answered, and its intent.

        Raises ``UnavailableError`` when its outcome cannot be recorded.
        """
        plea = _own_plea(call)
        verdict = await self.judge(call, plea)
        if isinstance(verdict, Grant):
            return await self._read(verdict, plea.account), verdict.decision.intent_id
        answer = verdict if isinstance(verdict, Answer) else Answer(reason=Reason.ALREADY_EXECUTED)
        self._court.lines.close(plea.account, refused(answer))
        return None, verdict.intent_id

    async def _read(self, grant: Grant, account: Account) -> ResponseView | None:
        """What the upstream says to a read of ours, which is over with it. Raises ``UnavailableError``."""
        account.leaves(grant.mapped, grant.decision, grant.attempt, at=grant.released_at)
        ending = Ending(
            decision=grant.word, reason=Reason.AUDIT_UNAVAILABLE, warrant_id=grant.warrant_id, ended=BROKEN
        )
        try:
            seen = await self._court.preflight.read(grant)
            status = None if seen is None else seen.status
            ended = BROKEN if seen is None else WHOLE
            ending = replace(ending, reason=None, status=status, ended=ended)
            return seen
        finally:
            account.verified = grant.result
            self._court.lines.close(account, ending)

    async def tunnel(self, mapped: Mapped, call: Call, plea: Plea) -> Grant | Answer:
        """Whether a connection that will not be opened may be made at all."""
        try:
            ask = self._ask(call, mapped, self._court.bundles.current, plea)
            return await self._decided(ask, Wait(self._court.room, plea))
        except (StaleBundleError, FaultError, UnavailableError):
            return Answer(reason=Reason.CONTROL_UNAVAILABLE)

    def _ask(
        self, call: Call, mapped: Mapped, bundle: Bundle, plea: Plea, found: Found | None = None, of: str = ""
    ) -> Ask:
        plea.account.mapped = mapped
        ask = Ask(
            call=call,
            mapped=mapped,
            bundle=bundle,
            intents=tuple(intent.redact(bundle.redaction_key) for intent in mapped.intents),
            client=plea.client,
            caller=plea.caller,
            facts=found.facts if found else None,
            lookup=found.lookup if found else None,
            lookup_of=of or None,
            trace=plea.account.trace,
        )
        ask.retry = is_retry(call) or self._court.replies.unheard(ask.fingerprint)
        return ask

    async def _meaning(self, call: Call, bundle: Bundle, plea: Plea) -> Ask | Answer:
        looked_up: Found | None = None
        with plea.account.trace.phase("map"):
            found = bundle.mappings.map(call)
        if isinstance(found, NeedsPreflight):
            answer = await self._lookup(lookup_call(call, found), bundle, call.request_digest)
            if isinstance(answer, Answer):
                return answer
            looked_up = answer
            found = bundle.mappings.map(call, preflight=looked_up.facts)
        if isinstance(found, Refused):
            return Answer(reason=found.reason, detail=found.hint)
        if isinstance(found, NeedsPreflight):
            return Answer(reason=Reason.PREFLIGHT_FAILED)
        return self._ask(call, found, bundle, plea, looked_up)

    async def _lookup(self, call: Call, bundle: Bundle, of: str) -> Found | Answer:
        """What a mapping must know first. The read is a call like any other: asked about, warranted, recorded.

        ``of``: request digest of the call that it is made for.
        """
        mapped = bundle.mappings.map(call)
        if not isinstance(mapped, Mapped):
            return unread("the mapping does not know the read that it asks for.")
        plea = _own_plea(call)
        ask = self._ask(call, mapped, bundle, plea, of=of)
        grant = await self._decided(ask, Wait(self._court.room, plea))
        if isinstance(grant, Answer):
            self._court.lines.close(plea.account, refused(grant))
            # as final as what was said of the look-up: clients repeat a 502 by themselves
            told = unread(grant.detail or grant.row.hint, grant.intent_id)
            return replace(told, status=grant.code, retryable=False)
        seen = await self._read(grant, plea.account)
        facts, intent_id = facts_of(seen), grant.decision.intent_id
        if facts is None:
            return unread(why_unread(seen), intent_id)
        return Found(facts, LookedUp(url=mapped.shown_url, intent_id=intent_id))

    async def _decided(self, ask: Ask, wait: Wait) -> Grant | Answer:
        if wait.plea.warrants:  # (2)
            token = await self._court.presenter.judge(wait.plea.warrants, ask)
            if isinstance(token, Answer):
                return token
            ask.presented = token
        said = await self._said(ask, wait)  # (3)
        if isinstance(said, Answer):
            return said
        if said.decision.verdict == "refused":
            return refusal(said.decision)
        grant = await self._court.counsel.redeem(said.ask, said.decision, said.attempt)  # (4)
        if isinstance(grant, Grant):
            return grant
        await self._court.outcomes.abandoned(said.decision, said.attempt)
        detail = grant.hint or "The warrant for this call does not hold; nothing was sent."
        return Answer(reason=grant.reason, detail=detail)

    async def _said(self, ask: Ask, wait: Wait) -> _Said | Answer:
        """What is decided once there is nothing to wait for, and nothing to narrow, any more."""
        attempt = new_attempt()
        wait.marks_now()
        decision = await self._court.counsel.consult(ask, attempt, wait=wait.willing)
        account = wait.plea.account
        while True:
            account.said, account.attempt = decision, attempt
            if self._is_awaited(decision):
                attempt = new_attempt()
                further = await wait.on(ask, decision, attempt)
            elif decision.narrowed and decision.warrant is None and not ask.narrowed:
                less = _narrowed(ask, decision)
                if isinstance(less, Answer):
                    return less
                ask, attempt = less, new_attempt()
                wait.marks_now()
                further = await self._court.counsel.consult(ask, attempt, wait=wait.willing)
            else:
                return _Said(ask, attempt, decision)
            if isinstance(further, Answer):
                return further
            decision = further

    def _is_awaited(self, decision: Decision) -> bool:
        """Whether people decide; or, for a retry, the call that it repeats is not answered yet."""
        repeats = decision.reason is Reason.ALREADY_EXECUTED
        return decision.verdict == "held" or (repeats and self._court.replies.under_way(decision.warrant_id))


def _own_plea(call: Call) -> Plea:
    """Of a read that the gate makes by itself."""
    account = Account(method=call.method, client=OURSELVES, origin=call.origin, judged=True)
    return Plea(client=None, caller=Caller("", ""), account=account)


def _narrowed(ask: Ask, decision: Decision) -> Ask | Answer:
    """The call with what people agreed to written into it, to be asked about as it is now."""
    refused = Answer(
        reason=Reason.INVALID_PARAMETER,
        detail="People agreed to less than this, and the request cannot be changed; nothing was sent.",
        intent_id=decision.intent_id,
        approval_id=decision.approval_id,
    )
    try:
        wanted = {name: unpack(value) for name, value in decision.narrowed.items()}
    except ValueError:
        return refused
    less = ask.bundle.mappings.narrow(ask.call, ask.mapped, wanted, preflight=ask.facts)
    if isinstance(less, Refused):
        return refused
    key = ask.bundle.redaction_key
    return replace(
        ask,
        call=less.call,
        mapped=less.mapped,
        intents=tuple(intent.redact(key) for intent in less.mapped.intents),
        narrowed=tuple(change.shown() for change in less.changes),
    )
