"""One gate's connection: its questions answered in whatever order they are decided.

1. ``hello`` first, within five seconds; the answer says which bundle is current.
2. Each question is a unit of work of its own; the answer is sent after its commit. A question that could not be
   served is answered with a fault, and the gate refuses.
3. A frame with a field that has no reading is answered with a fault that names it; one of which not even its number
   is read closes the stream.
4. All streams of an agent together have at most ``MOST_IN_FLIGHT`` questions in work. Beyond it the socket is not
   read until one is answered: nothing is dropped, and what others ask waits behind no more than that.
5. A gate that does not take what it is told within ``_HEAR_SECONDS`` is cut off; it is told all of it when it is back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import structlog
from aiohttp import WSMsgType, web
from pydantic import BaseModel, ValidationError

from vienna_control.clock import iso
from vienna_control.intake.ask import Ask, Caller
from vienna_control.logs import frames_of
from vienna_control.pipeline import Pipeline
from vienna_control.ports import StaleBundleError, UnavailableError
from vienna_control.sidecars import meaning
from vienna_control.sidecars.snapshot import Snapshots
from vienna_control.store import Store, Tx
from vienna_control.telemetry.metrics import Metrics
from vienna_control.telemetry.traces import Consulting, Traces
from vienna_kernel import wire
from vienna_kernel.errors import MalformedError
from vienna_kernel.verdict import Reason

log = structlog.get_logger("vienna.sidecars")

MOST_IN_FLIGHT = 128

_TOLD = 16
_UNANSWERED: dict[str, str | None] = {"intent_id": None, "tier": None, "rule": None, "reason": None}
_HELLO_SECONDS = 5.0
_HEAR_SECONDS = 5.0
_POLICY_VIOLATION = 1008  # RFC 6455 7.4.1


@dataclass(frozen=True, slots=True)
class Parts:
    """What a stream works with.

    Attributes:
        room: For questions in work, shared by the streams of an agent.
    """

    store: Store
    pipeline: Pipeline
    snapshots: Snapshots
    room: asyncio.Semaphore
    metrics: Metrics
    traces: Traces


class Stream:
    """One gate, connected.

    Attributes:
        caller: Who it is, from its credential.
    """

    def __init__(
        self, parts: Parts, caller: Caller, socket: web.WebSocketResponse, cut: Callable[[], None]
    ) -> None:
        """``cut``: ends the connection, whether the other end listens or not."""
        self._parts = parts
        self._socket = socket
        self._cut = cut
        self._tasks: set[asyncio.Task[None]] = set()
        self.caller = caller

    async def converse(self) -> None:
        """Serve until the gate hangs up, or says something that has no reading."""
        try:
            if not await self._greet():
                await self.close("hello was expected")
                return
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT:
                    break
                await self._hear(message.data)
        except ValidationError as error:
            log.warning("stream.unread", sidecar=self.caller.sidecar_id, errors=error.error_count())
            await self.close("a frame that has no reading")
        finally:
            for task in self._tasks:
                task.cancel()

    async def _greet(self) -> bool:
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                message = await self._socket.receive()
        except TimeoutError:
            return False
        if message.type is not WSMsgType.TEXT:
            return False
        hello = wire.from_gate.validate_json(message.data)
        if not isinstance(hello, wire.Hello) or hello.protocol != wire.PROTOCOL:
            return False
        current = await self._parts.snapshots.of_agent(self.caller.agent_id)
        await self.send(
            wire.Welcome(
                sidecar_id=self.caller.sidecar_id or "",
                bundle=current.digest,
                at=iso(self._parts.pipeline.clock.now()),
            )
        )
        return True

    async def send(self, frame: BaseModel) -> None:
        """Say something; a gate that hung up does not hear it. What is said first is heard first."""
        if self._socket.closed:
            return
        try:
            async with asyncio.timeout(_HEAR_SECONDS):
                await self._socket.send_str(frame.model_dump_json())
        except ConnectionError:
            log.info("stream.gone", sidecar=self.caller.sidecar_id)
        except TimeoutError:
            log.warning("stream.deaf", sidecar=self.caller.sidecar_id)
            self._cut()

    async def close(self, why: str) -> None:
        """Hang up."""
        await self._socket.close(code=_POLICY_VIOLATION, message=why.encode())

    async def _hear(self, data: str) -> None:
        """Take one frame. Raises ``ValidationError`` when it cannot even be answered."""
        try:
            frame = wire.from_gate.validate_json(data)
        except ValidationError as error:
            asked = wire.Question.model_validate_json(data)
            said = meaning.complaint(error, skip=1)  # the first step is the frame's kind
            await self.send(_fault(asked.id, Reason.MALFORMED_REQUEST, str(said)))
            return
        if not isinstance(frame, wire.Hello):
            await self._parts.room.acquire()
            self._take(frame)

    def _take(self, frame: wire.Consult | wire.Outcome | wire.Report | wire.Gone) -> None:
        task = asyncio.create_task(self._serve(frame))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, frame.id))

    def _ended(self, task: asyncio.Task[None], frame_id: int) -> None:
        self._tasks.discard(task)
        self._parts.room.release()
        if task.cancelled() or (error := task.exception()) is None:
            return
        # Our own bug. The gate refuses when it hears of it, and when it hears nothing.
        log.error("stream.internal", error=type(error).__name__, frames=frames_of(error))
        self._later(self.send(_fault(frame_id, Reason.INTERNAL_ERROR, "the control plane failed")))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, frame: wire.Consult | wire.Outcome | wire.Report | wire.Gone) -> None:
        try:
            answer = await self._answer(frame)
        except UnavailableError as error:
            reason = Reason.AUDIT_UNAVAILABLE if error.port == "audit" else Reason.CONTROL_UNAVAILABLE
            answer = _fault(frame.id, reason, str(error))
        await self.send(answer)

    async def _answer(
        self, frame: wire.Consult | wire.Outcome | wire.Report | wire.Gone
    ) -> wire.Decision | wire.Recorded | wire.Fault:
        store, pipeline = self._parts.store, self._parts.pipeline
        match frame:
            case wire.Consult():
                return await self._consulted(frame)
            case wire.Outcome():
                return await store.write(lambda tx: pipeline.outcome(tx, self.caller, frame))
            case wire.Report():
                return await store.write(lambda tx: pipeline.report(tx, self.caller, frame))
            case wire.Gone():
                return await store.write(lambda tx: pipeline.gone(tx, self.caller, frame))

    async def _consulted(self, frame: wire.Consult) -> wire.Decision | wire.Fault:
        """The answer to a consult, and the one line of it."""
        began = time.perf_counter()
        verdict, about = "fault", _UNANSWERED
        try:
            with self._parts.traces.consult(frame.traceparent) as traced:
                answer = await self._consult(frame, traced)
                about = _about(answer)
                verdict = answer.verdict if isinstance(answer, wire.Decision) else "fault"
                traced.said(verdict=verdict, attempt=frame.attempt, **about)
            return answer
        finally:
            seconds = time.perf_counter() - began
            self._parts.metrics.consulted(verdict, seconds)
            log.info(
                "decision",
                agent=self.caller.agent_id,
                sidecar=self.caller.sidecar_id,
                attempt=frame.attempt,
                actions=_actions(frame),
                verdict=verdict,
                **about,
                ms=round(seconds * 1000, 1),
            )

    async def _consult(self, frame: wire.Consult, traced: Consulting) -> wire.Decision | wire.Fault:
        agent_id, snapshots, pipeline = self.caller.agent_id, self._parts.snapshots, self._parts.pipeline
        terms = await snapshots.terms(agent_id, frame.bundle)
        try:
            ask = _ask(self.caller, frame, rung=terms.enforcement if terms else None)
        except MalformedError as error:
            return _fault(frame.id, Reason.MALFORMED_REQUEST, str(error))
        try:
            if terms is None or terms.mapping_digest != pipeline.mapping_digest(self.caller.tenant):
                raise StaleBundleError

            def unit(tx: Tx) -> wire.Decision:
                return pipeline.consult(tx, ask)

            answer = await self._parts.store.write(traced.unit(unit))
            traced.committed()
        except StaleBundleError:
            snapshots.forget(agent_id)
            await self.send(wire.BundleChanged(digest=(await snapshots.of_agent(agent_id)).digest))
            return _fault(frame.id, Reason.CONTROL_UNAVAILABLE, "the bundle changed")
        return answer.model_copy(update={"id": frame.id})


def _about(answer: wire.Decision | wire.Fault) -> dict[str, str | None]:
    reason = answer.reason.value if answer.reason else None
    if isinstance(answer, wire.Fault):
        return {**_UNANSWERED, "reason": reason}
    return {"intent_id": answer.intent_id, "tier": answer.tier, "rule": answer.rule, "reason": reason}


def _actions(frame: wire.Consult) -> list[str]:
    """Names of what it would do, as a mapping wrote them; where none did, it is the call's method that is told."""
    if not frame.mapped:
        return ["other"]
    return [str(intent.get("action"))[:128] for intent in frame.intents[:_TOLD]]


def _ask(caller: Caller, frame: wire.Consult, *, rung: str | None) -> Ask:
    return Ask(
        caller=caller,
        attempt=frame.attempt,
        fingerprint=frame.fingerprint,
        intents=meaning.read(frame.intents),
        bundle=frame.bundle,
        call=frame.call,
        mapped=frame.mapped,
        presented=frame.presented,
        wait=frame.wait,
        retry=frame.retry,
        key=frame.key,
        replay_seconds=frame.replay_seconds,
        preflight=frame.preflight,
        preflight_of=frame.preflight_of,
        rung=rung,
    )


def _fault(frame_id: int, reason: Reason, detail: str) -> wire.Fault:
    return wire.Fault(id=frame_id, reason=reason, detail=detail)
