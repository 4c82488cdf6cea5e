"""The composition root: one gate put together, kept going, and taken apart.

Start, in order, each step able to stop it with one line: the guards proved, the identity, the bundle, the port, the
canary refused. Only then is it ready. While it runs it checks that nothing of this has changed; what no longer
holds ends the process, because a gate in doubt must not stand open.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from mitmproxy import http

from vienna_kernel.call.authority import DEFAULT_PORTS
from vienna_kernel.intent import Intent
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.wire import Decision, Hello, Reported
from vienna_proxy.clock import Clock, iso
from vienna_proxy.config import GateConfig, Settings
from vienna_proxy.evidence.delivery import Delivery
from vienna_proxy.evidence.outcome import Outcomes
from vienna_proxy.evidence.readback import Readbacks
from vienna_proxy.evidence.replies import Replies
from vienna_proxy.evidence.report import Reporter
from vienna_proxy.evidence.spool import Spool
from vienna_proxy.gate import Gate, Offices
from vienna_proxy.internal import Internal
from vienna_proxy.judge.consent import Consents
from vienna_proxy.judge.consult import Counsel
from vienna_proxy.judge.decide import Court, Judge
from vienna_proxy.judge.hold import Holds, Interim
from vienna_proxy.judge.messages import Messages
from vienna_proxy.judge.preflight import Preflight
from vienna_proxy.judge.presented import Presenter
from vienna_proxy.judge.wait import Room
from vienna_proxy.link import enrol
from vienna_proxy.link.bundle import RUNGS, Bundle, Bundles
from vienna_proxy.link.channel import Channel, Listener
from vienna_proxy.link.heart import Heart, Pulse
from vienna_proxy.modes import Kind
from vienna_proxy.ports import StartError, UnavailableError
from vienna_proxy.telemetry.admin import Admin
from vienna_proxy.telemetry.lines import Lines
from vienna_proxy.telemetry.metrics import Metrics, Now
from vienna_proxy.telemetry.pages import pages
from vienna_proxy.telemetry.traces import traces_to
from vienna_proxy.transport import canary, embed, guards, hop_tunnel, proofs
from vienna_proxy.transport.addresses import AddressPolicy, GuardedLoop, exempt
from vienna_proxy.transport.connections import Connections
from vienna_proxy.transport.exchange import Rules
from vienna_proxy.transport.tunnel import Tunnels
from vienna_proxy.version import VERSION

_START_SECONDS = 10.0  # for each thing that is tried before the gate is ready: a busy machine takes its time
_CANARY_SECONDS = 30.0
_RENEW_SECONDS = 600.0
_RENEW_BEFORE = timedelta(hours=8)
_DRAIN_SECONDS = 7.0
_MARGIN_SECONDS = 60.0

log = structlog.get_logger()

type MakeJudge = Callable[[Court], Judge]


class Sidecar:
    """One gate.

    Attributes:
        failed: Set when something that must hold does not any more; its text says what.
    """

    def __init__(self, settings: Settings, *, make_judge: MakeJudge = Judge) -> None:
        self.settings = settings
        self._make_judge = make_judge
        self._keys = enrol.Keys()
        self._clock = Clock()
        self._metrics = Metrics()
        self._traces = traces_to(settings.traces_url, agent=settings.gate.agent)
        self._lines = Lines(self._metrics, lambda: self._bundles.current.rung, self._traces)
        self._canary = canary.Canary()
        self._admin = Admin(pages(self._metrics, self._unwell))
        self._is_ready = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self, tell: Callable[[str], None]) -> dict[str, Any]:
        """Everything up to ready; what the ready line says. Raises ``StartError``."""
        config = self.settings.gate
        if config.admin_listen is not None:
            await self._admin.open(config.admin_listen)
        self._state = _state_folder(config.state_dir)
        self._consents = Consents.open(config.consent, agent=config.agent, folder=self._state)
        self._folder = embed.private_folder(self._state)
        trust = embed.write_trust(self._folder, config.upstream_ca)
        token = enrol.read_token(config.key_file)
        patience = config.upstream
        self._master = embed.Embedded(
            config,
            folder=self._folder,
            trust=trust,
            silence_seconds=max(patience.first_byte_seconds, patience.idle_seconds) + _MARGIN_SECONDS,
        )
        guards.install(Rules(speak=_proof_words, too_large=_proof_response, deafen=_proof_deafen))
        hop_tunnel.install(patience.connect_seconds)
        proofs.prove(self._master.options)
        self._control = enrol.Control(config.control, ca=config.control_ca)
        self._identity = await enrol.patiently(lambda: self._enrol(token), tell)
        self._control.show(self._identity.certificate, self._keys.holder_pem(), self._folder)
        self._bundles = Bundles(self._control, lambda: self._identity, config.hosts)
        self._policy = await self._addresses()
        self._bundles.swapped = self._obey
        await enrol.patiently(self._bundles.first, tell)
        if (told := _contradicted(config, self._bundles.current)) is not None:
            tell(told)
        embed.write_ca(self._folder, key=self._keys.ca_pem(), chain=self._identity.ca_chain)
        ca_file = self._state / "root-ca.pem"
        ca_file.write_text(self._identity.root_ca)
        self._assemble()
        await self._open()
        self._is_ready = True
        admin = {} if config.admin_listen is None else {"admin": self._admin.url}
        return {
            "ready": True,
            "control": config.control,
            "proxy": f"http://{_first(self._listeners).shown}",
            "listeners": [{"mode": str(one.mode), "address": one.shown} for one in self._listeners],
            "ca": str(ca_file),
            "data_dir": str(self._state),
            **admin,
        }

    async def _enrol(self, token: str) -> enrol.Identity:
        agent = self.settings.gate.agent
        return await enrol.enrol(
            self._control, token=token, agent=agent, keys=self._keys, version=VERSION, now=self._clock.now
        )

    async def _addresses(self) -> AddressPolicy:
        config = self.settings.gate
        hop = None if config.hop is None else (config.hop.host, config.hop.port)
        policy = AddressPolicy(private=config.private_networks, resolve=config.resolve, hop=hop)
        for url in (config.control, self._identity.issuer):
            if (place := _place(url)) is not None:
                policy.forbid_name(*place)
        if (place := _place(config.control)) is not None:
            host, port = place
            loop = asyncio.get_running_loop()
            with exempt():
                infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for info in infos:
                policy.forbid(str(info[4][0]), port)
        return policy

    def _obey(self, bundle: Bundle) -> None:
        """Take what the bundle says of addresses; in prod this machine's file may only narrow it."""
        mine, theirs = self.settings.gate.private_networks, bundle.private_networks or ()
        if self.settings.lenient:
            self._policy.allow({*mine, *theirs})
        else:
            self._policy.allow([row for row in theirs if not mine or row in mine])

    def _swap(self, bundle: Bundle) -> None:
        self._obey(bundle)
        self._gate.obey(bundle)
        self._follow(bundle)

    def _follow(self, bundle: Bundle) -> None:
        """Take the roster that the bundle brings, if it follows from ours; else an alarm, and ours stays."""
        if (wrong := self._consents.follow(bundle.rosters)) is None:
            return
        log.critical("roster.refused", why=wrong.detail)
        at, detail = iso(self._clock.now()), wrong.detail
        row = Reported(at=at, reason=wrong.reason, detail=detail, severity="critical")
        self._spawn(self._reporter.alarm(row))

    def _stopped(self, intent: Intent, host: str) -> Reason | None:
        stop = self._bundles.stops.refusing((intent,), host)
        return self._bundles.current.stopped if stop is None else stop.reason

    def _passes_through(self, host: str) -> bool:
        mine, theirs = self.settings.gate.passthrough, self._bundles.current.passthrough or frozenset()
        if self.settings.gate.consent.roster is not None and host not in mine:
            return False  # of what is not read nobody can say what people agreed to
        if self.settings.lenient:
            return host in mine or host in theirs
        return host in theirs and (not mine or host in mine)

    def _assemble(self) -> None:
        config, control = self.settings.gate, self._control
        self._channel = Channel(
            control,
            self._listener(),
            hello=self._hello,
            key=lambda: self._identity.api_key,
            answered=self._metrics.answered,
        )
        self._spool = spool = Spool(self._state / "spool")
        self._outcomes = Outcomes(self._channel, spool, most_decoded=config.body.inspect_max_bytes)
        self._reporter = Reporter(self._channel, spool, self._clock)
        self._interim = Interim(self._master.proxyserver.connections)
        self._connections = Connections(
            self._master.proxyserver.connections, connect_seconds=config.upstream.connect_seconds
        )
        self._holds = Holds(self._interim, most=lambda: self._bundles.current.held_per_agent)
        self._replies = Replies(ended=self._holds.wake)
        counsel = Counsel(
            self._channel,
            self._bundles,
            self._clock,
            self._reporter,
            self._consents,
            holder_jkt=self._keys.holder.kid,
            issuer=lambda: self._identity.issuer,
        )
        self._preflight = Preflight(self._outcomes, config.upstream_ca, config.hop)
        court = Court(
            policy=self._policy,
            bundles=self._bundles,
            counsel=counsel,
            presenter=Presenter(counsel, self._reporter, self._clock),
            room=Room(
                hold=config.hold,
                holds=self._holds,
                interim=self._interim,
                channel=self._channel,
                counsel=counsel,
            ),
            preflight=self._preflight,
            outcomes=self._outcomes,
            replies=self._replies,
            lines=self._lines,
        )
        self._gate = Gate(self._offices(court))
        self._delivery = Delivery(
            self._channel,
            spool,
            under_way=lambda: frozenset(grant.attempt for grant in self._gate.active),
        )
        self._heart = Heart(
            control,
            key=lambda: self._identity.api_key,
            pulse=self._pulse,
            heard=self._clock.anchor,  # two clocks drift apart by seconds a day
        )
        self._bundles.swapped = self._swap
        self._follow(self._bundles.current)
        self._bundles.stopped = self._gate.stop
        self._metrics.now = self._now
        self._master.complete(self._gate, self._gate.sockets, self._gate.peers)
        self._master.doors.admit = self._gate.admit
        self._master.tell_changes(self._misconfigured)
        guards.install(
            Rules(
                speak=self._gate.speak,
                too_large=self._gate.too_large,
                deafen=self._connections.deafen,
                upstream=config.upstream,
            )
        )

    def _offices(self, court: Court) -> Offices:
        judge = self._make_judge(court)
        return Offices(
            config=self.settings.gate,
            judge=judge,
            messages=Messages(
                judge,
                self._outcomes,
                bundle=lambda: self._bundles.current,
                most_bytes=self.settings.gate.body.inspect_max_bytes,
                lines=self._lines,
            ),
            bundles=self._bundles,
            outcomes=self._outcomes,
            reporter=self._reporter,
            internal=Internal(self._control, lambda: self._identity),
            tunnels=Tunnels(
                judge=judge,
                policy=self._policy,
                doors=self._master.doors,
                outcomes=self._outcomes,
                reporter=self._reporter,
                passthrough=self._passes_through,
                stopped=self._stopped,
                sever=self._connections.sever,
            ),
            holds=self._holds,
            replies=self._replies,
            interim=self._interim,
            connections=self._connections,
            readbacks=Readbacks(judge.look, self._outcomes),
            lines=self._lines,
            canary=self._canary,
            spawn=self._spawn,
        )

    def _listener(self) -> Listener:
        return Listener(
            wake=lambda approval_id: self._holds.wake(approval_id),
            revoked=lambda ids: self._bundles.revoke(ids),
            bundle=lambda digest: self._spawn(self._bundles.refresh(digest)),
            stopped=lambda rows: self._bundles.stop(rows),
            late=self._late,
            welcome=self._welcome,
            connected=self._connected,
            unauthorised=self._renew,
        )

    def _hello(self) -> Hello:
        return Hello(version=VERSION, bundle=self._bundles.current.digest)

    def _welcome(self, at: datetime) -> None:
        off = self._clock.anchor(at)
        if abs(off) > 5:
            log.warning("clock.off", seconds=round(off, 1))

    def _connected(self) -> None:
        self._spawn(self._delivery.deliver())
        self._holds.wake_all()

    def _late(self, decision: Decision, attempt: str) -> None:
        self._spawn(self._outcomes.abandoned(decision, attempt))

    async def _open(self) -> None:
        """Listen, and be seen to refuse."""
        self._listeners = await self._master.listen()
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            self._policy.forbid(listener.host, listener.port)
        if self.settings.gate.admin_listen is not None:
            self._policy.forbid(*self._admin.address)
        for work in (self._channel.run(), self._delivery.run(), self._holds.run(), self._reporter.run()):
            self._spawn(work)
        with exempt():
            if (
                wrong := await self._canary.look(self._listeners, patience=1, seconds=_START_SECONDS)
            ) is not None:
                raise StartError(f"the canary was not refused: {wrong}")
            self._interim.works = await _try_interim(self._master, self._interim, self._listeners[0].address)
        if isinstance(loop, GuardedLoop):
            loop.policy = self._policy
        if not self._interim.works:
            log.warning("hold.silent", why="interim responses do not reach clients; holds end early")
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._channel.up.wait()
        except TimeoutError:
            raise StartError("the control plane's stream does not open") from None
        for work in (self._watch(), self._heart.run(), self._stay_enrolled()):
            self._spawn(work)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        if not task.done():
            self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, UnavailableError):
            log.error("work.unavailable", port=error.port, why=error.why)
        else:
            self._fail(f"work in the background ended: {type(error).__name__}")

    def _fail(self, why: str) -> None:
        log.critical("gate.failed", why=why)
        self._gate.shut()
        if not self.failed.done():
            self.failed.set_result(why)

    def _misconfigured(self, wrong: str) -> None:
        self._fail(f"mitmproxy is not set up as it must be: {wrong}")

    async def _watch(self) -> None:
        """As long as it runs: nothing that lets anything past was switched on, and the canary is refused."""
        due = time.monotonic() + _CANARY_SECONDS
        while True:
            await asyncio.sleep(embed.ASSERT_SECONDS)
            if (wrong := self._master.wrong()) is not None:
                self._misconfigured(wrong)
            if time.monotonic() >= due:
                due = time.monotonic() + _CANARY_SECONDS
                with exempt():
                    wrong = await self._canary.look(self._listeners)
                if wrong is not None:
                    self._fail(f"the canary was not refused: {wrong}")

    def _unwell(self) -> str | None:
        """Why it is not to be given calls, None when it is."""
        if self.failed.done():
            return "failed"
        if not self._is_ready:
            return "starting"
        if self._canary.silent:
            return "no answer to the canary"
        return None if self._channel.up.is_set() else "no control plane"

    async def _now(self) -> Now:
        """What the metrics show of this moment."""
        usage = await asyncio.to_thread(self._spool.usage)
        return Now(
            control_up=self._channel.up.is_set(),
            active=len(self._gate.active),
            held=len(self._holds),
            bundle_age_seconds=self._bundles.age_seconds,
            body_bytes=self._gate.meter.taken,
            spool_frames=usage.frames,
            spool_bytes=usage.bytes,
            spool_refused=usage.refused,
        )

    def _pulse(self) -> Pulse:
        return Pulse(
            counts=self._lines.tally.counts,
            bundle=self._bundles.current.digest,
            holding=len(self._holds),
            active=len(self._gate.active),
        )

    async def _stay_enrolled(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            if self._identity.ca_expires_at - self._clock.now() < _RENEW_BEFORE:
                await self._renew()

    async def _renew(self) -> None:
        """A new key and a new intermediate, for the same holder key; the old ones go on when that fails."""
        try:
            self._identity = await self._enrol(enrol.read_token(self.settings.gate.key_file))
        except (StartError, UnavailableError) as error:
            log.error("enrol.failed", why=str(error)[:300])
            return
        folder = embed.private_folder(self._state)
        embed.write_ca(folder, key=self._keys.ca_pem(), chain=self._identity.ca_chain)
        self._control.show(self._identity.certificate, self._keys.holder_pem(), folder)
        self._master.change_folder(folder)
        (self._state / "root-ca.pem").write_text(self._identity.root_ca)
        await self._bundles.refresh()
        log.info("enrol.renewed", sidecar=self._identity.sidecar_id)

    async def close(self) -> None:
        """Finish what is under way, tell what is to be told, and stop; within ten seconds."""
        self._is_ready = False
        with contextlib.suppress(AttributeError):  # whatever part of the start was not reached
            await self._master.stop_listening()
            self._holds.release()
            until = time.monotonic() + _DRAIN_SECONDS
            while self._gate.active and time.monotonic() < until and not self.failed.done():
                await asyncio.sleep(0.05)
            async with asyncio.timeout(1.5):
                await self._reporter.flush()
            await self._heart.leave()
        for task in list(self._tasks):
            task.cancel()
        self._admin.close()
        await asyncio.to_thread(self._traces.close)
        for part in ("_preflight", "_control"):
            if (found := getattr(self, part, None)) is not None:
                await found.close()
        if (folder := getattr(self, "_folder", None)) is not None:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def master(self) -> embed.Embedded:
        """mitmproxy."""
        return self._master


def _state_folder(path: Path) -> Path:
    try:
        # the data directory, where this is the first to want it
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot make the state folder {path}: {error.strerror}") from None
    return path.resolve()


def _contradicted(config: GateConfig, bundle: Bundle) -> str | None:
    """What to tell when ``gate.enforcement`` asks for less than the agent's signed rung; None when there is nothing.

    Raises ``StartError`` when it asks for more: whoever wrote it counts on a gate that refuses.
    """
    asked, rung = config.enforcement, bundle.rung
    if "enforcement" not in config.model_fields_set or asked == rung:
        return None
    told = (
        f"gate.enforcement is {asked}, but the control plane signed {rung} for agent {bundle.agent_name}, and that"
        f" holds: change it with 'vienna agents promote {bundle.agent_name} --to {asked}', or remove the setting"
    )
    if RUNGS.index(asked) > RUNGS.index(rung):
        raise StartError(told)
    return told


def _first(listeners: list[canary.Listener]) -> canary.Listener:
    """The one that proxy variables can name, where there is one."""
    return next((one for one in listeners if one.mode.kind is Kind.REGULAR), listeners[0])


def _place(url: str) -> tuple[str, int] | None:
    """Host and port of an ``http`` or ``https`` URL, None for another."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme]


def _proof_words(client: object, refused: Refused, passage: object) -> bytes:
    return b"HTTP/1.1 400 Proof\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def _proof_deafen(client: object) -> None:
    pass


def _proof_response(flow: object, refused: Refused) -> http.Response:
    return http.Response.make(413 if refused.reason is Reason.BODY_TOO_LARGE else 400, b"proof")


async def _try_interim(master: embed.Embedded, interim: Interim, address: tuple[str, int]) -> bool:
    """Whether an interim response, written as for a held call, arrives at a client."""
    head = b"HTTP/1.1 100 Continue\r\n\r\n"
    try:
        async with asyncio.timeout(_START_SECONDS):
            reader, writer = await asyncio.open_connection(*address)
            try:
                mine = writer.get_extra_info("sockname")[:2]
                while True:
                    handlers = list(master.proxyserver.connections.values())
                    found = [one.client for one in handlers if (one.client.peername or ())[:2] == mine]
                    if found:
                        return interim.write(found[0], head) and await reader.readexactly(len(head)) == head
                    await asyncio.sleep(0.01)
            finally:
                writer.close()
    except (OSError, TimeoutError, AttributeError, asyncio.IncompleteReadError):
        return False
