"""Every connected gate, and what all of them are told unasked: wake, revoked, stopped, bundle changed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta

import structlog
from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import Connection, or_, select, update

from vienna_control.authority import Authority
from vienna_control.clock import iso
from vienna_control.events import Event
from vienna_control.intake import replay
from vienna_control.intake.ask import Caller
from vienna_control.pipeline import Pipeline
from vienna_control.policies import Policies
from vienna_control.ports import UnavailableError
from vienna_control.sidecars.snapshot import Snapshot, Snapshots
from vienna_control.sidecars.stream import MOST_IN_FLIGHT, Parts, Stream
from vienna_control.store import Store, Tx
from vienna_control.store.tables import approvals, intents, sidecars
from vienna_control.telemetry.metrics import Metrics
from vienna_control.telemetry.traces import Traces
from vienna_kernel import wire

log = structlog.get_logger("vienna.sidecars")

_TOPICS = ("_wake", "_revoked", "_stop", "_bundle", "_sidecar")
_SEEN_EVERY_SECONDS = 15.0
_FORGET = timedelta(minutes=5)


class Hub:
    """The gates of this process.

    Attributes:
        snapshots: The bundles they work by.
    """

    def __init__(
        self,
        store: Store,
        authority: Authority,
        policies: Policies,
        pipeline: Pipeline,
        metrics: Metrics,
        traces: Traces,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._traces = traces
        self._pipeline = pipeline
        self._streams: dict[str, set[Stream]] = defaultdict(set)
        self._rooms: dict[str, asyncio.Semaphore] = {}
        self._away: dict[str, datetime] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._bundles_changed = asyncio.Condition()
        self.snapshots = Snapshots(
            store, authority, policies, env=pipeline.settings.env, clock=pipeline.clock
        )

    async def serve(self, caller: Caller, socket: web.WebSocketResponse, cut: Callable[[], None]) -> None:
        """One gate's connection, from hello to the end; ``cut`` as ``Stream`` has it."""
        room = self._rooms.setdefault(caller.agent_id, asyncio.Semaphore(MOST_IN_FLIGHT))
        stream = Stream(
            Parts(self._store, self._pipeline, self.snapshots, room, self._metrics, self._traces),
            caller,
            socket,
            cut,
        )
        mine = self._streams[caller.agent_id]
        mine.add(stream)
        self._away.pop(caller.sidecar_id or "", None)
        try:
            await self._seen([caller.sidecar_id or ""])
            await stream.converse()
        finally:
            mine.discard(stream)
            if not mine:
                self._streams.pop(caller.agent_id, None)
                self._rooms.pop(caller.agent_id, None)
            if not any(other.caller.sidecar_id == caller.sidecar_id for other in mine):
                self._away[caller.sidecar_id or ""] = self._pipeline.clock.now()
                await self._hung_up(caller.sidecar_id or "")

    def away(self, least: timedelta) -> list[str]:
        """Gates that hung up here, ``least`` or longer ago, and did not come back.

        Those of ``_FORGET`` and more ago are left out: by then ``sidecars.seen_at`` tells.
        """
        now = self._pipeline.clock.now()
        self._away = {name: since for name, since in self._away.items() if now - since < _FORGET}
        return [name for name, since in self._away.items() if now - since >= least]

    def connected(self, agent_id: str) -> int:
        """How many gates of an agent are connected."""
        return len(self._streams.get(agent_id, ()))

    def is_connected(self, sidecar_id: str) -> bool:
        """Whether this gate is connected."""
        return sidecar_id in self._connected()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._streams.values()))

    @property
    def gates(self) -> int:
        """How many gates are connected."""
        return len(self._connected())

    def _connected(self) -> set[str]:
        return {stream.caller.sidecar_id or "" for mine in self._streams.values() for stream in mine}

    async def run(self) -> None:
        """Pass on what happens, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass_on())
            group.create_task(self._keep_seen())

    async def _pass_on(self) -> None:
        with self._store.bus.subscribe(_TOPICS) as events:
            async for event in events:
                try:
                    await self._pass(event)
                except UnavailableError as error:  # gates find out when they ask
                    log.warning("sidecars.unavailable", port=error.port, why=error.why)

    async def _pass(self, event: Event) -> None:
        match event.name:
            case "_wake":
                self._tell(event, wire.Wake(**_only(event, "approval_id", "intent_id")))
            case "_revoked":
                self._tell(event, wire.Revoked(warrant_ids=event.data["warrant_ids"]))
            case "_sidecar":
                self._hang_up({event.data["sidecar_id"]}, "this sidecar was revoked")
            case "_stop":
                self._stop(event)
            case _:
                await self._bundle_changed(event)

    def _stop(self, event: Event) -> None:
        """Tell those that it is about, ahead of the bundle that says so; hang up on those it kills."""
        agent_id = event.data["agent_id"]
        told = wire.BundleChanged(digest="", stops=[wire.StopRow(**event.data["stop"])])
        about = [
            stream
            for name in ([agent_id] if agent_id else list(self._streams))
            for stream in self._streams.get(name, ())
            if stream.caller.tenant == event.tenant
        ]
        self.snapshots.forget(agent_id)
        self._meanwhile(stream.send(told) for stream in about)
        if event.data["kills"]:
            self._meanwhile(stream.close("killed") for stream in about)

    def _meanwhile(self, sayings: Iterable[Coroutine[None, None, None]]) -> None:
        """Begin each, in order, and wait for none: a gate that does not listen keeps nothing from the others."""
        for saying in sayings:
            task = asyncio.create_task(saying)
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def _tell(self, event: Event, frame: BaseModel) -> None:
        self._meanwhile(stream.send(frame) for stream in self._streams.get(event.data["agent_id"], ()))

    async def _bundle_changed(self, event: Event) -> None:
        agent_id = event.data.get("agent_id")
        self.snapshots.forget(agent_id)
        for connected in [agent_id] if agent_id else list(self._streams):
            if streams := list(self._streams.get(connected, ())):
                current = await self.snapshots.of_agent(connected)
                frame = wire.BundleChanged(digest=current.digest)
                self._meanwhile(stream.send(frame) for stream in streams)
        async with self._bundles_changed:
            self._bundles_changed.notify_all()

    async def bundle_other_than(self, agent_id: str, digest: str, *, wait_seconds: float) -> Snapshot:
        """The agent's bundle, as soon as it is another than ``digest``, or after the wait as it is."""
        try:
            async with asyncio.timeout(wait_seconds), self._bundles_changed:
                while (current := await self.snapshots.of_agent(agent_id)).digest == digest:
                    await self._bundles_changed.wait()
        except TimeoutError:
            current = await self.snapshots.of_agent(agent_id)
        return current

    def _hang_up(self, sidecar_ids: set[str], why: str) -> None:
        streams = [stream for mine in self._streams.values() for stream in mine]
        ended = [stream for stream in streams if stream.caller.sidecar_id in sidecar_ids]
        self._meanwhile(stream.close(why) for stream in ended)

    async def _keep_seen(self) -> None:
        while True:
            await self._pipeline.clock.sleep(_SEEN_EVERY_SECONDS)
            await self._seen(sorted(self._connected()))
            try:
                lapsed = await self._store.read(self._lapsed)
            except UnavailableError as error:
                log.warning("sidecars.unavailable", port=error.port, why=error.why)
                continue
            self._hang_up(lapsed & self._connected(), "its enrolment does not hold any more")

    def _lapsed(self, conn: Connection) -> set[str]:
        """Those whose stream must not outlive what it was opened with: revoked, or not renewed in time."""
        now = iso(self._pipeline.clock.now())
        ended = or_(sidecars.c.revoked_at.is_not(None), sidecars.c.cert_expires_at < now)
        return set(conn.scalars(select(sidecars.c.id).where(ended)))

    async def _seen(self, sidecar_ids: list[str]) -> None:
        if not sidecar_ids:
            return

        def touch(tx: Tx) -> None:
            tx.conn.execute(update(sidecars).where(sidecars.c.id.in_(sidecar_ids)).values(seen_at=tx.at))

        try:
            await self._store.write(touch)
        except UnavailableError as error:
            log.warning("sidecars.unavailable", port=error.port, why=error.why)

    async def _hung_up(self, sidecar_id: str) -> None:
        """Whoever waited through this gate waits no more; it asks again when it is back."""

        def mark(tx: Tx) -> None:
            held = update(approvals).where(
                approvals.c.status == "pending",
                approvals.c.agent_waiting,
                approvals.c.intent_id == intents.c.id,
                intents.c.sidecar_id == sidecar_id,
            )
            tx.conn.execute(held.values(agent_waiting=False))
            replay.undelivered(tx, sidecar_id)

        try:
            await self._store.write(mark)
        except UnavailableError as error:
            log.warning("sidecars.unavailable", port=error.port, why=error.why)


def _only(event: Event, *names: str) -> dict[str, str]:
    return {name: event.data[name] for name in names}
