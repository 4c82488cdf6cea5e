"""What became of a call that left: held against its warrant, recorded durably, then told to the agent.

1. Every granted call ends in exactly one outcome: answered, failed, unknown, or never sent.
2. An outcome counts when the control plane has acknowledged it or the spool has synced it; only then does the agent
   get its answer. What neither has is not handed over.
3. A call that is read back is told once more, with what that changed.
4. A stream's start is spooled as ``unknown`` before its first byte, and replaced at its end: killed in between, the
   next start tells the truth.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from mitmproxy import http

from vienna_kernel.intent import Effect
from vienna_kernel.value import Value, pack
from vienna_kernel.verdict import Granted, Reason
from vienna_kernel.verification import Check, ResponseView, Result, Verification, verify
from vienna_kernel.warrant.response import MAX_BODY_BYTES
from vienna_kernel.wire import Decision, Fault, Outcome, Recorded, Reread, Undo
from vienna_proxy.answer.problem import Answer
from vienna_proxy.evidence.delivery import TRANSIENT
from vienna_proxy.evidence.events import Events
from vienna_proxy.evidence.spool import Spool
from vienna_proxy.evidence.tap import Tap
from vienna_proxy.judge.consult import Grant
from vienna_proxy.link.channel import Channel
from vienna_proxy.ports import UnavailableError
from vienna_proxy.transport.addresses import AddressRefusedError
from vienna_proxy.transport.exchange import INVALID
from vienna_proxy.transport.translate import essence, lines, view

_OURSELVES = "Request destination unknown"  # mitmproxy's words for its own port

log = structlog.get_logger()


def is_read(grant: Grant) -> bool:
    """Whether the call changes nothing."""
    return all(intent.effect is Effect.READ for intent in grant.mapped.intents)


class Outcomes:
    """Records outcomes."""

    def __init__(self, channel: Channel, spool: Spool, *, most_decoded: int) -> None:
        self._channel = channel
        self._spool = spool
        self._most_decoded = most_decoded

    async def buffered(
        self, grant: Grant, response: http.Response, content: bytes, *, agent_gone: bool = False
    ) -> Granted | Answer:
        """Verify and record a whole answer; whether it is handed over, or what the agent gets instead.

        Raises ``UnavailableError`` when it cannot be recorded.
        """
        seen = view(response, content, most=self._most_decoded)
        verification = verify(grant.mapped.promises, seen, limits=grant.limits)
        frame = self._answered(grant, seen, verification).model_copy(update={"agent_gone": agent_gone})
        recorded = await self._record(frame)
        grant.verification, grant.told = verification, frame
        return _handed_over(grant, recorded)

    async def reread(self, grant: Grant, verification: Verification, reread: Reread) -> Granted | Answer:
        """Record what a read-back changed; whether an answer that still waits is handed over.

        ``verification``: what both say together. Raises ``UnavailableError`` when it cannot be recorded.
        """
        if grant.told is None:
            raise UnavailableError("control", "a read-back of a call that was not told of")
        frame = grant.told.model_copy(
            update={**_judged(verification), "id": self._channel.next_id(), "reread": reread}
        )
        recorded = await self._record(frame, key=f"{grant.attempt}.r{reread.part}")
        grant.verification = verification
        return _handed_over(grant, recorded)

    async def stream_begins(self, grant: Grant, response: http.Response) -> Tap:
        """Record that an answer starts to pass. Raises ``UnavailableError`` when it cannot be recorded."""
        fields = Events.of(response, grant.mapped.response_fields)
        tap = Tap(response.status_code, essence(response), lines(response), fields)
        frame = self._frame(grant, status=tap.status, result=Result.AMBIGUOUS, unknown=True)
        await self._put(grant.attempt, frame)
        return tap

    async def stream_ends(
        self, grant: Grant, tap: Tap, *, came: int | None = None, agent_gone: bool = False
    ) -> None:
        """Record that a stream came to its end; its provisional record goes. Raises ``UnavailableError``.

        ``came``: bytes, where it was cut for them and fewer passed.
        """
        seen = tap.view()
        seen = seen if came is None else replace(seen, size=came)
        verification = verify(grant.mapped.promises, seen, limits=grant.limits)
        more = {"agent_gone": agent_gone, "extracted": _packed(tap.fields.values)}
        frame = self._answered(grant, seen, verification).model_copy(update=more)
        await self._replace(frame)
        grant.verification, grant.told = verification, frame

    async def stream_breaks(self, grant: Grant, tap: Tap, *, agent_gone: bool) -> None:
        """Record that a stream broke off; its provisional record goes. Raises ``UnavailableError``."""
        seen = tap.view()
        frame = self._answered(grant, seen, verify(grant.mapped.promises, seen, limits=grant.limits))
        broken = {
            "error": Reason.RESPONSE_INVALID,
            "unknown": not is_read(grant),
            "agent_gone": agent_gone,
            "extracted": _packed(tap.fields.values),
            "result": Result.AMBIGUOUS.value,
            "reads_due": 0,
        }
        await self._replace(frame.model_copy(update=broken))

    async def _replace(self, frame: Outcome) -> None:
        if await self._record(frame) is not None:
            await asyncio.to_thread(self._spool.remove, frame.attempt)

    async def failed(self, grant: Grant, *, sent: bool, message: str, agent_gone: bool = False) -> Answer:
        """Record that no answer came; what the agent is told. Raises ``UnavailableError``."""
        reason = Reason.OUTCOME_UNKNOWN
        if not sent:
            refused = AddressRefusedError.MARK in message or _OURSELVES in message
            reason = Reason.ADDRESS_REFUSED if refused else Reason.UPSTREAM_UNREACHABLE
        elif message.startswith(INVALID):
            reason = Reason.RESPONSE_INVALID
        reading = is_read(grant)
        frame = self._frame(
            grant,
            status=None,
            result=Result.FAILED if reading or not sent else Result.AMBIGUOUS,
            unknown=sent and not reading,
            error=None if agent_gone and not sent else reason,
            agent_gone=agent_gone,
        )
        await self._record(frame)
        return Answer(
            reason=reason,
            detail=_told(reason, message),
            decision=grant.word,
            intent_id=grant.decision.intent_id,
            warrant_id=grant.warrant_id,
            retryable=reading if sent else None,
            sent=sent,
        )

    async def too_large(self, grant: Grant, *, kept: int) -> Answer:
        """Record an answer that had to be verified and was too large to be kept. Raises ``UnavailableError``.

        ``kept``: bytes that would have been; where the mapping or the warrant allows fewer, that is drift.
        """
        promised = [promise.spec.max_body for promise in grant.mapped.promises if promise.spec is not None]
        most = [size for size in (*promised, grant.limits.get(MAX_BODY_BYTES)) if size is not None]
        result = Result.DRIFT if most and min(most) <= kept else Result.AMBIGUOUS
        check = Check("size", min([kept, *most]), f"more than {kept}", result)
        frame = self._frame(grant, status=None, result=result, error=Reason.RESPONSE_INVALID)
        await self._record(frame.model_copy(update={"checks": [check.to_json()]}))
        return withheld(
            grant, Reason.RESPONSE_INVALID, "The answer was too large to be verified, and is withheld."
        )

    async def passed(self, grant: Grant) -> None:
        """Record that something left which has no answer of its own: a message over a WebSocket, or what goes through
        a connection that nobody reads. Raises ``UnavailableError``.
        """
        result = Result.MATCH if is_read(grant) else Result.UNVERIFIABLE
        await self._record(self._frame(grant, status=None, result=result))
        grant.settled = True

    async def abandoned(self, decision: Decision, attempt: str) -> None:
        """A yes that nobody waits for any more, or whose warrant does not hold: it never left."""
        if decision.verdict not in ("granted", "observed") or decision.warrant_id is None:
            return
        frame = Outcome(
            id=self._channel.next_id(),
            intent_id=decision.intent_id,
            warrant_id=decision.warrant_id,
            attempt=attempt,
            status=None,
            error=Reason.CONTROL_UNAVAILABLE,
            result=Result.FAILED.value,
            duration_ms=0,
        )
        await self._record(frame)

    def _answered(self, grant: Grant, seen: ResponseView, verification: Verification) -> Outcome:
        return self._frame(grant, status=seen.status, result=verification.result).model_copy(
            update={
                **_judged(verification),
                "extracted": _packed(verification.extracted),
                "response_digest": seen.digest,
                "response_bytes": seen.size,
                "undo": [
                    Undo.model_construct(action=undo.action, method=undo.method, path=undo.path)
                    for undo in verification.undo
                ],
            }
        )

    def _frame(
        self,
        grant: Grant,
        *,
        status: int | None,
        result: Result,
        unknown: bool = False,
        error: Reason | None = None,
        agent_gone: bool = False,
    ) -> Outcome:
        return Outcome.model_construct(
            id=self._channel.next_id(),
            intent_id=grant.decision.intent_id,
            warrant_id=grant.warrant_id,
            attempt=grant.attempt,
            status=status,
            error=error,
            unknown=unknown,
            result=result.value,
            duration_ms=round((time.monotonic() - grant.released_at) * 1000, 3),
            agent_gone=agent_gone,
        )

    async def _record(self, frame: Outcome, *, key: str | None = None) -> Recorded | None:
        """Durable when this returns: at the control plane, or (None) in the spool.

        ``key``: in the spool, where it is not the attempt's only one.
        """
        key = key or frame.attempt
        try:
            answer = await self._channel.ask(frame)
        except UnavailableError:
            await self._put(key, frame)
            return None
        if isinstance(answer, Recorded):
            return answer
        await self._put(key, frame)
        if isinstance(answer, Fault) and answer.reason not in TRANSIENT:
            log.error(
                "outcome.refused",
                attempt=frame.attempt,
                reason=answer.reason.value,
                detail=answer.detail[:200],
            )
            await asyncio.to_thread(self._spool.set_aside, key)
        return None

    async def _put(self, key: str, frame: Outcome) -> None:
        await asyncio.to_thread(functools.partial(self._spool.put, key, frame))


def _packed(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: pack(value) for name, value in values.items()}


def _judged(verification: Verification) -> dict[str, Any]:
    return {
        "result": verification.result.value,
        "checks": [check.to_json() for check in verification.checks],
        "reads_due": len(verification.lookups),
        "notes": list(verification.notes),
    }


def _handed_over(grant: Grant, recorded: Recorded | None) -> Granted | Answer:
    """Whether the agent gets an answer whose verification is recorded."""
    drifted = grant.verification is not None and grant.verification.result is Result.DRIFT
    if not (drifted and grant.decision.withhold and not grant.observed) and not (
        recorded is not None and recorded.withhold
    ):
        return Granted()
    reason = Reason.RESPONSE_DRIFT if recorded is None else recorded.reason or Reason.RESPONSE_DRIFT
    return withheld(grant, reason, "" if recorded is None else recorded.hint)


def withheld(grant: Grant, reason: Reason, hint: str) -> Answer:
    """What the agent gets instead of an answer that is there and recorded."""
    return Answer(
        reason=reason,
        detail=hint,
        decision=grant.word,
        intent_id=grant.decision.intent_id,
        approval_id=grant.decision.approval_id,
        warrant_id=grant.warrant_id,
        retryable=False,
        sent=True,
    )


def _told(reason: Reason, message: str) -> str:
    """A sentence about a failed connection, without addresses."""
    low = message.lower()
    if reason is not Reason.UPSTREAM_UNREACHABLE:
        return ""
    if "certificate" in low or "tls" in low or "ssl" in low:
        return "The upstream's certificate is not accepted; nothing was sent."
    if "name or service" in low or "getaddrinfo" in low or "nodename" in low or "name resolution" in low:
        return "The upstream's name does not resolve; nothing was sent."
    return ""
