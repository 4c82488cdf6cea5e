"""A control plane that says what a test wants it to say, over the real wire, and a gate process in front of it."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml
from aiohttp import ClientConnectionResetError, WSMsgType, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import apis
from harness.answers import answer_to
from harness.ports import kept_place
from harness.upstream import Upstream
from harness.vienna import Process, until
from vienna_kernel import wire
from vienna_kernel.heartbeat import Heartbeat
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.keyring import Purpose, thumbprint
from vienna_kernel.shipped import root as shipped
from vienna_kernel.signing import BUNDLE_TYPE, SigningKey, jws_sign
from vienna_kernel.warrant import token as warrants
from vienna_kernel.warrant.terms import Meaning, Warrant

ISSUER = "http://control.test"
OURS = Path(__file__).parent / "mappings"
AGENT = "billing-bot"
MAPPINGS = ("toy_payments.yaml", "stripe.yaml", "openai.yaml", "anthropic.yaml")

type Answer = wire.Decision | wire.Recorded | wire.Fault | None
type Script = Callable[["FakeControl", Any], Answer | Awaitable[Answer]]


class RootCA:
    """Root of the interception CA."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test interception root")])
        self.pem = self._sign(self._name, self._key.public_key(), path_length=1)

    def _sign(self, subject: x509.Name, public: Any, *, path_length: int) -> str:
        now = datetime.now(UTC)
        ours = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ours), False)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def intermediate(self, csr_pem: str) -> str:
        """The chain for a certificate request."""
        request = x509.load_pem_x509_csr(csr_pem.encode())
        return self._sign(request.subject, request.public_key(), path_length=0) + self.pem


class FakeControl:
    """Speaks ``vienna_kernel.wire``; a test sets ``script`` to answer frames its way.

    Attributes:
        frames: Everything the gate said, in order.
        beats: Its heartbeats.
        rung: The agent's enforcement in the next bundle.
        status: The agent's standing there.
        freeze, stops: The orders to stop there, and their counts.
        passthrough: The hosts there whose TLS is not opened; None: the gate's own setting stands.
        mappings: Shipped mapping files in the next bundle.
        rosters: The chain of rosters there.
    """

    def __init__(self) -> None:
        self.warrant_key = SigningKey.generate_from(os.urandom(32))
        self.bundle_key = SigningKey.generate_from(os.urandom(32))
        self.ca = RootCA()
        self.frames: list[Any] = []
        self._over: set[str] = set()
        self.script: Script = FakeControl.grants
        self.rung = "enforce"
        self.status = "active"
        self.freeze: list[wire.StopRow] = []
        self.stops = {"last": 0, "count": 0}
        self.passthrough: list[str] | None = None
        self.mappings: tuple[str, ...] = ()
        self.rosters: list[Any] = []
        self.held_most = 100
        self.digest = "sha256:one"
        self.forged_by: SigningKey | None = None
        self.internal: list[tuple[str, str, str]] = []
        self.beats: list[Heartbeat] = []
        self._holders: dict[str, str] = {}
        self._askers: dict[str, str] = {}
        self._sockets: set[web.WebSocketResponse] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._place = kept_place()
        self.open()

    # The server.

    def open(self) -> None:
        """Listen, at the same port as before."""
        self._do(self._open())

    def shut(self) -> None:
        """Stop listening and hang up."""
        self._do(self._runner.cleanup())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def end(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._place.close()

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_post("/api/v1/sidecars/enrol", self._enrol)
        app.router.add_get("/api/v1/sidecars/bundle", self._bundle)
        app.router.add_get("/api/v1/sidecars/stream", self._stream)
        app.router.add_post("/api/v1/sidecars/heartbeat", self._heartbeat)
        app.router.add_route("*", "/api/v1/{rest:.*}", self._rest)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self._place.getsockname()[1])

    @staticmethod
    def _data(data: Any) -> web.Response:
        return web.json_response({"success": True, "data": data, "error": None})

    async def _enrol(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._holders[key := f"vos_side_k1_secret{len(self._holders)}"] = thumbprint(body["public_jwk"])
        return self._data(
            {
                "sidecar_id": "side-1",
                "api_key": key,
                "agent": {"id": "agt-1", "name": body["agent"]},
                "issuer": ISSUER,
                "jwks": self._jwks(),
                "ca_chain_pem": self.ca.intermediate(body["csr_pem"]),
                "root_ca_pem": self.ca.pem,
                "bundle_key": self.bundle_key.verifying(Purpose.BUNDLE).jwk(),
            }
        )

    def _jwks(self) -> dict[str, Any]:
        return {"keys": [self.warrant_key.verifying(Purpose.WARRANT).jwk()]}

    async def _bundle(self, request: web.Request) -> web.Response:
        payload = {
            "v": 1,
            "digest": self.digest,
            "env": "test",
            "agent": {"id": "agt-1", "name": AGENT, "enforcement": self.rung, "status": self.status},
            "enforcement": self.rung,
            "mappings": [
                {"name": name, "text": (folder / name).read_text()}
                for folder, names in (
                    (shipped() / "mappings", self.mappings),
                    (OURS, ("shop.yaml", "tools.yaml", "live.yaml")),
                )
                for name in names
            ],
            "hosts": {},
            "jwks": self._jwks(),
            "freeze": [row.model_dump() for row in self.freeze],
            "stops": self.stops,
            "rosters": self.rosters,
            "redaction_key": base64.b64encode(b"k" * 32).decode(),
            "private_networks": None,
            "passthrough": self.passthrough,
            "limits": {"held_per_agent": self.held_most},
            "revoked": [],
        }
        key = self.forged_by or self.bundle_key
        return self._data({"token": jws_sign(orjson.dumps(payload), key, typ=BUNDLE_TYPE)})

    async def _heartbeat(self, request: web.Request) -> web.Response:
        self.beats.append(Heartbeat.model_validate_json(await request.read()))
        return self._data(
            {"bundle": self.digest, "at": datetime.now(UTC).isoformat(), "interval_seconds": 30}
        )

    async def _rest(self, request: web.Request) -> web.Response:
        self.internal.append((request.method, request.path_qs, request.headers.get("Authorization", "")))
        return self._data({"path": request.path})

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket_ = web.WebSocketResponse()
        await socket_.prepare(request)
        self._sockets.add(socket_)
        try:
            async for message in socket_:
                if message.type is WSMsgType.TEXT:
                    frame = wire.from_gate.validate_json(message.data)
                    if isinstance(frame, wire.Consult):
                        key = request.headers["Authorization"].removeprefix("Bearer ")
                        self._askers[frame.attempt] = self._holders[key]
                    await self._take(socket_, frame)
        finally:
            self._sockets.discard(socket_)
        return socket_

    async def _take(self, socket_: web.WebSocketResponse, frame: Any) -> None:
        if isinstance(frame, wire.Hello):
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            welcome = wire.Welcome(sidecar_id="side-1", bundle=self.digest, at=at)
            await socket_.send_str(welcome.model_dump_json())
            return
        if not (isinstance(frame, wire.Outcome) and frame.attempt in self._over):
            self.frames.append(frame)

        async def answer() -> None:
            said = self.script(self, frame)
            if asyncio.iscoroutine(said):
                said = await said
            if said is not None and not socket_.closed:
                await socket_.send_str(said.model_copy(update={"id": frame.id}).model_dump_json())

        task = asyncio.create_task(answer())
        task.add_done_callback(lambda done: done.exception() and print("fake control:", done.exception()))

    def say(self, frame: Any) -> None:
        """Speak unasked to every gate that is still there: one of an earlier test may just be going."""

        async def send() -> None:
            for one in list(self._sockets):
                with suppress(ClientConnectionResetError):
                    await one.send_str(frame.model_dump_json())

        self._do(send())

    def set(self, event: asyncio.Event) -> None:
        """Set what a script waits for."""
        self._loop.call_soon_threadsafe(event.set)

    def hang_up(self) -> None:
        """Close every stream; the gate comes back."""

        async def close() -> None:
            for one in list(self._sockets):
                await one.close()

        self._do(close())

    # What it says.

    def warrant_for(self, consult: wire.Consult, **changes: Any) -> Warrant:
        """The terms that let exactly this consult's call go."""
        now = datetime.now(UTC).replace(microsecond=0)
        terms = Warrant(
            id=f"wrt-{consult.attempt}",
            issuer=ISSUER,
            audience=consult.call.origin,
            subject=AGENT,
            issued_at=now,
            not_before=now,
            expires_at=now + timedelta(seconds=300),
            tier=Tier.T0,
            intent_id=f"int-{consult.fingerprint[7:19]}",
            meanings=tuple(Meaning.of(Intent.from_json(row)) for row in consult.intents),
            audit_leaf="00" * 32,
            holder_jkt=self._askers[consult.attempt],
            method=consult.call.method,
            url=consult.call.url,
            request_digest=consult.call.request_digest,
        )
        return replace(terms, **changes)

    def granted(
        self,
        consult: wire.Consult,
        *,
        key: SigningKey | None = None,
        verdict: Any = "granted",
        **changes: Any,
    ) -> wire.Decision:
        """A yes; ``changes`` are lies in its warrant."""
        terms = self.warrant_for(consult, **changes)
        return wire.Decision(
            id=consult.id,
            verdict=verdict,
            intent_id=f"int-{consult.fingerprint[7:19]}",
            warrant=warrants.issue(terms, key or self.warrant_key),
            warrant_id=terms.id,
        )

    def held(self, consult: wire.Consult, approval_id: str = "apr-1") -> wire.Decision:
        return wire.Decision(
            id=consult.id,
            verdict="held",
            intent_id=f"int-{consult.fingerprint[7:19]}",
            approval_id=approval_id,
            tier="T2",
            hint="Two people of finance have been asked.",
        )

    def refused(self, consult: wire.Consult, **rest: Any) -> wire.Decision:
        given: dict[str, Any] = {"reason": "policy_denied", "hint": "agents may not", **rest}
        return wire.Decision(id=consult.id, verdict="refused", intent_id="int-1", **given)

    def grants(self, frame: Any) -> Answer:
        """The script that says yes to everything."""
        return self.granted(frame) if isinstance(frame, wire.Consult) else wire.Recorded(id=frame.id)

    # What it heard.

    def heard[T](self, kind: type[T]) -> list[T]:
        return [frame for frame in list(self.frames) if isinstance(frame, kind)]

    def forget(self) -> None:
        """As if nothing had been said yet: what is still to come of earlier calls is not heard either."""
        said, self.frames = self.frames, []
        self._over |= {frame.attempt for frame in said if isinstance(frame, wire.Consult)}

    def wait_for[T](self, kind: type[T], count: int = 1) -> list[T]:
        """Frames of a kind, once there are ``count``. Errors: ``AssertionError`` when there are not."""

        def found() -> list[T] | None:
            return heard if len(heard := self.heard(kind)) >= count else None

        try:
            return until(f"{count} {kind.__name__}", found)
        except AssertionError as error:
            raise AssertionError(f"{error}; heard {self.frames}") from None


class GateProcess:
    """A gate of its own process, and an agent's way to it."""

    def __init__(self, folder: Path, control: FakeControl, upstream: Upstream, /, **gate: Any) -> None:
        self.folder = folder
        self.control = control
        folder.mkdir(exist_ok=True)
        token = folder / "join"
        token.write_text("join-token\n")
        module, environ = gate.pop("module", "vienna_proxy"), gate.pop("environ", {})
        settings = {
            "listen": "127.0.0.1:0",
            "agent": AGENT,
            "control": control.url,
            "key_file": str(token),
            "upstream_ca": str(upstream.authority.path),
            "resolve": upstream.resolve,
            "state_dir": str(folder / "state"),
            **gate,
        }
        config = folder / "vienna.yaml"
        config.write_text(yaml.safe_dump({"gate": settings}))
        env = {**os.environ, "VIENNA_ENV": "test", **environ}
        self.process = Process(module, ["-c", str(config)], env=env, log=folder / "gate.log")
        self.start()

    def start(self) -> None:
        self.process.start(address="proxy")

    @property
    def proxy(self) -> str:
        return str(self.process.ready["proxy"])

    @property
    def ca(self) -> str:
        return str(self.process.ready["ca"])

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.proxy.removeprefix("http://").rpartition(":")
        return host, int(port)

    def log(self) -> str:
        return self.process.log.read_text()

    def current(self) -> None:
        """Wait until it judges by the control plane's bundle of now. Errors: ``AssertionError`` when it does not."""
        if self._loaded() != self.control.digest:
            self.control.say(wire.BundleChanged(digest=self.control.digest))
            until("the bundle of now", lambda: self._loaded() == self.control.digest)

    def _loaded(self) -> str:
        """The digest of its latest bundle."""
        loaded = re.findall(r'^\{"digest":"([^"]+)".*"event":"bundle\.loaded"', self.log(), re.MULTILINE)
        return loaded[-1] if loaded else ""

    def client(self, *, seconds: float = 40.0) -> httpx.Client:
        trust = ssl.create_default_context(cafile=self.process.ready["ca"])
        return httpx.Client(proxy=self.proxy, verify=trust, timeout=seconds, trust_env=False)

    def call(self, method: str, url: str, *, seconds: float = 40.0, **rest: Any) -> httpx.Response:
        with self.client(seconds=seconds) as client:
            return client.request(method, url, **rest)

    @contextmanager
    def leaving(self, method: str, url: str, **rest: Any) -> Iterator[None]:
        """One call by a caller who hangs up at the end of the block; nobody may have answered it."""
        request = httpx.Request(method, url, **rest)
        lines = b"".join(b"%b: %b\r\n" % line for line in request.headers.raw)
        head = b"%b %b HTTP/1.1\r\n%b\r\n" % (method.encode(), request.url.raw_path, lines)
        with self.tunnel(request.url.host) as inside:
            inside.sendall(head + request.read())
            yield

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=40)

    def raw(self, *parts: bytes, seconds: float = 40.0) -> bytes:
        """The gate's answer to these bytes, or as much of one as there is when it hangs up or is silent for long."""
        with self.connect() as plain:
            return answer_to(plain, *parts, seconds=seconds)

    def notices(self) -> None:
        """What agents have said and done before, the gate has seen when this returns: it takes turns with them."""
        assert self.call("GET", "http://vienna.internal/").status_code == 200

    def tunnel(self, host: str, port: int = 443, *, sni: str | None = None) -> ssl.SSLSocket:
        """TLS inside a CONNECT, as an agent has it."""
        plain = self.connect()
        plain.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            more = plain.recv(4096)
            if not more:
                break
            head += more
        assert head.startswith(b"HTTP/1.1 200"), head
        trust = ssl.create_default_context(cafile=self.process.ready["ca"])
        trust.check_hostname = sni is None
        return trust.wrap_socket(plain, server_hostname=sni or host)


@pytest.fixture(scope="module")
def mappings() -> tuple[str, ...]:
    """Shipped mapping files that the module's gate has; a module may have its own."""
    return MAPPINGS


@pytest.fixture(scope="module")
def hosts() -> list[str]:
    """The hosts that are the module's upstream."""
    return apis.HOSTS


type Gates = Callable[..., GateProcess]


@pytest.fixture(scope="session")
def worlds() -> Callable[..., AbstractContextManager[tuple[FakeControl, Upstream, Gates]]]:
    """A control plane, an upstream, and a way to start gates between them, all ended with the context."""

    @contextmanager
    def begin(
        folder: Path, *, mappings: tuple[str, ...] = MAPPINGS, hosts: list[str]
    ) -> Iterator[tuple[FakeControl, Upstream, Gates]]:
        with ExitStack() as stack:
            upstream = stack.enter_context(Upstream(folder, hosts=hosts))
            control = FakeControl()
            control.mappings = mappings
            stack.callback(control.end)

            def start(place: Path, /, **settings: Any) -> GateProcess:
                gate = GateProcess(place, control, upstream, **settings)
                stack.callback(gate.process.close)
                return gate

            yield control, upstream, start

    return begin


@pytest.fixture(scope="module")
def world(
    worlds: Callable[..., AbstractContextManager[tuple[FakeControl, Upstream, Gates]]],
    tmp_path_factory: pytest.TempPathFactory,
    mappings: tuple[str, ...],
    hosts: list[str],
) -> Iterator[tuple[FakeControl, Upstream, GateProcess]]:
    folder = tmp_path_factory.mktemp("gate")
    with worlds(folder, mappings=mappings, hosts=hosts) as (control, upstream, start):
        yield control, upstream, start(folder / "one")


@pytest.fixture
def control(world: tuple[FakeControl, Upstream, GateProcess]) -> FakeControl:
    """The module's control plane, granting everything again."""
    world[0].script = FakeControl.grants
    world[0].forget()
    world[0].internal.clear()
    return world[0]


@pytest.fixture
def upstream(world: tuple[FakeControl, Upstream, GateProcess]) -> Upstream:
    """The module's upstream, its memory empty."""
    world[1].received.clear()
    world[1]._rules.clear()
    world[1].connections = 0
    return world[1]


@pytest.fixture
def gate(
    world: tuple[FakeControl, Upstream, GateProcess], control: FakeControl, upstream: Upstream
) -> GateProcess:
    """The module's gate, judging by the control plane's bundle of now."""
    if not world[2].process.running:
        world[2].start()
    world[2].current()  # an earlier test may have taken back what it changed a moment ago
    return world[2]


@pytest.fixture
def own_gate(
    tmp_path: Path, control: FakeControl, upstream: Upstream
) -> Iterator[Callable[..., GateProcess]]:
    """Start a gate of this test's own, with further settings."""
    started: list[GateProcess] = []

    def start(**settings: Any) -> GateProcess:
        started.append(GateProcess(tmp_path / f"gate{len(started)}", control, upstream, **settings))
        return started[-1]

    yield start
    for one in started:
        one.process.close()
