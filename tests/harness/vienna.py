"""Vienna as somebody runs it: the control plane and the gate as processes of their own, seen over their sockets.

``with Vienna(folder, upstream) as vienna:`` starts both and stops both. ``vienna.control`` and ``vienna.gate`` can be
killed, stopped and started again at the same place while clients go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import pyotp
import yaml

from harness import forks
from harness.ports import kept_place
from harness.starts import place_database
from harness.upstream import Upstream

START_SECONDS = 60
STOP_SECONDS = 10


def until[T](what: str, ask: Callable[[], T | None], *, seconds: float = 40.0) -> T:
    """The first answer that is not None or False. Errors: ``AssertionError`` naming ``what`` when none comes."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while True:
        answer = ask()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        pause.wait(0.03)


@dataclass
class Operator:
    """One person: how they show who they are, and a code generator."""

    email: str
    role: str
    groups: list[str]
    totp_secret: str = field(default_factory=pyotp.random_base32)
    password: str | None = None  # hashing one is slow on purpose; a key will do
    _used: int = 0

    @property
    def api_key(self) -> str:
        return f"vos_live_k1_test-key-of-{self.email.partition('@')[0]}"

    def code(self) -> str:
        """A code that was not given before; the next step's when this step's is used up."""
        step = max(int(time.time()) // 30, self._used + 1)
        self._used = step
        return pyotp.TOTP(self.totp_secret).at(step * 30)


def people() -> dict[str, Operator]:
    """alice and bob decide about money, carol about the rest; dora and dirk run it, eve only reads."""
    return {
        "alice": Operator(
            "alice@example.com", "approver", ["finance"], password="correct horse battery staple"
        ),
        "bob": Operator("bob@example.com", "approver", ["finance"], password="battery staple horse correct"),
        "carol": Operator("carol@example.com", "approver", ["devops", "executive"]),
        "dora": Operator("dora@example.com", "admin", []),
        "dirk": Operator("dirk@example.com", "admin", []),
        "eve": Operator("eve@example.com", "auditor", []),
    }


class Process:
    """One of Vienna's processes; started again it is at the same address with the same data.

    Attributes:
        within: Start of the command, where it is to run in another place or as another user.
        listen: ``host:port`` it is at, or is to be at when it is started; none: wherever is free.
    """

    def __init__(self, module: str, arguments: list[str], *, env: dict[str, str], log: Path) -> None:
        self.within: list[str] = []
        self.module = module
        self.arguments = arguments
        self.log = log
        self._env = env
        self.listen: str | None = None
        self._place: socket.socket | None = None
        self._child: subprocess.Popen[str] | forks.Forked | None = None
        self.ready: dict[str, Any] = {}

    def start(self, *, address: str) -> dict[str, Any]:
        """Start and wait for the ready line; ``address`` names its key that holds our URL. Errors: AssertionError."""
        if self.listen is None:
            self._place = kept_place()
            self.listen = "{}:{}".format(*self._place.getsockname())
        arguments = [*self.arguments, "--json", "--listen", self.listen]
        child = self._child = self._started(arguments)
        line = self._first_line(child)
        assert line.startswith("{"), f"{self.module} did not become ready: {line!r}\n{self.tail()}"
        self.ready = json.loads(line)
        assert self.ready["ready"] is True
        self.listen = self.ready[address].removeprefix("http://")
        return self.ready

    def _started(self, arguments: list[str]) -> subprocess.Popen[str] | forks.Forked:
        with self.log.open("a") as log:
            if not self.within and forks.can(self.module, self._env):
                return forks.start(self.module, arguments, env=self._env, stderr=log)
            command = [*self.within, sys.executable, "-m", self.module, *arguments]
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=self._env, text=True)

    def _first_line(self, child: subprocess.Popen[str] | forks.Forked) -> str:
        assert child.stdout
        box: list[str] = []
        reader = threading.Thread(target=lambda: box.append(child.stdout.readline()), daemon=True)
        reader.start()
        reader.join(START_SECONDS)
        if not box or not box[0]:
            child.kill()
            child.wait()
        threading.Thread(target=_drain, args=(child.stdout,), daemon=True).start()
        return box[0] if box else ""

    @property
    def child(self) -> subprocess.Popen[str] | forks.Forked:
        assert self._child, f"{self.module} was never started"
        return self._child

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        self.child.kill()
        self.child.wait()

    def close(self) -> None:
        """It is over, and will not be started again. Harmless when repeated."""
        if self.running:
            self.kill()
        if self._place is not None:
            self._place.close()

    def stop(self) -> int:
        """SIGTERM; the exit code. Errors: ``AssertionError`` when it takes longer than promised."""
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.module} did not stop in {STOP_SECONDS} s\n{self.tail()}") from None

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text().splitlines()[-lines:]) if self.log.exists() else ""


@contextlib.contextmanager
def nobody_listens() -> Iterator[int]:
    """A port of the loopback interface at which connections are refused."""
    with kept_place() as place:
        yield int(place.getsockname()[1])


def _drain(stream: IO[str]) -> None:
    with stream:
        stream.read()


class Vienna:
    """A control plane, a gate in front of ``upstream``, five operators and one agent.

    Attributes:
        env: The environment of both processes.

    Args:
        gate: Further keys of the section ``gate``, over the harness's own.
        control: Further keys of the section ``control``.
        agent: Further keys of the agent ``billing-bot``.
        everybody: The operators, instead of ``people()``.
        environ: Further variables for both processes.
    """

    AGENT = "billing-bot"

    def __init__(
        self,
        folder: Path,
        upstream: Upstream,
        *,
        gate: dict[str, Any] | None = None,
        control: dict[str, Any] | None = None,
        agent: dict[str, Any] | None = None,
        environ: dict[str, str] | None = None,
        everybody: dict[str, Operator] | None = None,
    ) -> None:
        self.folder = folder
        self.upstream = upstream
        self.people = everybody or people()
        self.config = folder / "vienna.yaml"
        self.agent_key = "vos_agent_k1_test-key-of-billing-bot"
        settings = {
            "control": {"listen": "127.0.0.1:0", "data_dir": str(folder / "data"), **(control or {})},
            "gate": {
                "listen": "127.0.0.1:0",
                "agent": self.AGENT,
                "upstream_ca": str(upstream.authority.path),
                "resolve": upstream.resolve,
                **(gate or {}),
            },
            "bootstrap": {
                "operators": [self._seed(person) for person in self.people.values()],
                "agents": [{"name": self.AGENT, "api_key": self.agent_key, **(agent or {})}],
            },
        }
        self._data = Path(settings["control"]["data_dir"])
        self.config.write_text(yaml.safe_dump(settings, sort_keys=False))
        self.env = {**_clean_environment(), "VIENNA_ENV": "test", **(environ or {})}
        self.control = Process(
            "vienna_control", ["-c", str(self.config)], env=self.env, log=folder / "control.log"
        )
        self.gate = Process(
            "vienna_proxy",
            ["-c", str(self.config), "--state-dir", str(folder / "gate")],
            env={**self.env, forks.PATIENT: "yes"},
            log=folder / "gate.log",
        )
        self._clients: dict[str, httpx.Client] = {}

    @staticmethod
    def _seed(person: Operator) -> dict[str, Any]:
        keys = ("email", "role", "groups", "api_key", "totp_secret", "password")
        return {key: value for key in keys if (value := getattr(person, key))}

    def __enter__(self) -> Vienna:
        try:
            self.start_control()
            self.start_gate()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()
        for process in (self.gate, self.control):
            process.close()

    def start_control(self) -> None:
        self._data.mkdir(mode=0o700, exist_ok=True)
        place_database(self._data / "vienna.db")
        self.control.start(address="control")

    def start_gate(self) -> None:
        ready = self.control.ready
        given = ["--control", ready["control"], "--key-file", ready["join_token"]]
        if "--control" not in self.gate.arguments:
            self.gate.arguments += given
        self.gate.start(address="proxy")

    # Where things are.

    @property
    def url(self) -> str:
        return str(self.control.ready["control"])

    @property
    def proxy(self) -> str:
        return str(self.gate.ready["proxy"])

    @property
    def ca(self) -> str:
        """PEM file that an agent trusts."""
        return str(self.gate.ready["ca"])

    @property
    def database(self) -> Path:
        """The SQLite file. Errors: ``AssertionError`` unless there is exactly one."""
        found = [
            path for path in (self.folder / "data").iterdir() if path.suffix in (".db", ".sqlite", ".sqlite3")
        ]
        assert len(found) == 1, found
        return found[0]

    def environment(self) -> dict[str, str]:
        """What an unmodified program gets so that its calls pass the gate."""
        env = {**_clean_environment(), "NO_PROXY": "", "no_proxy": ""}
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            env[name] = env[name.lower()] = self.proxy
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            env[name] = self.ca
        return env

    def agent(self, *, seconds: float = 30.0) -> httpx.Client:
        """An agent's HTTP client, as `vienna run` would set it up; close it."""
        trust = ssl.create_default_context(cafile=self.ca)
        return httpx.Client(proxy=self.proxy, verify=trust, timeout=seconds, trust_env=False)

    def call(self, method: str, url: str, *, seconds: float = 30.0, **rest: Any) -> httpx.Response:
        """One call by the agent, on a connection of its own."""
        with self.agent(seconds=seconds) as client:
            return client.request(method, url, **rest)

    @contextlib.contextmanager
    def leaving(self, method: str, url: str, **rest: Any) -> Iterator[None]:
        """A call by the agent, who hangs up at the end of the block; before that nobody may answer it."""
        leaves = threading.Event()
        trust = ssl.create_default_context(cafile=self.ca)
        settings: dict[str, Any] = {"proxy": self.proxy, "verify": trust, "timeout": None, "trust_env": False}

        async def called() -> bool:
            async with httpx.AsyncClient(**settings) as client:
                call = asyncio.create_task(client.request(method, url, **rest))
                await asyncio.to_thread(leaves.wait)
                waited = call.cancel()
                await asyncio.wait([call])
                return waited

        with in_background(lambda: asyncio.run(called())) as caller:
            try:
                yield
            finally:
                leaves.set()
            assert caller.result(), "it was answered before it hung up"

    def hung_up(self, method: str, url: str, **rest: Any) -> dict[str, Any]:
        """The approval of a held call whose caller hung up; people see already that nobody waits for it."""
        with self.leaving(method, url, **rest):
            (approval,) = self.pending()
        path = f"/approvals/{approval['approval_id']}"
        until("the gate to miss the caller", lambda: not self.get(path, "alice")["agent_waiting"])
        return approval

    # What people do.

    def api(self, who: str) -> httpx.Client:
        """The control API as that person (or ``agent``), by API key."""
        if who not in self._clients:
            key = self.agent_key if who == "agent" else self.people[who].api_key
            headers = {"Authorization": f"Bearer {key}"}
            self._clients[who] = httpx.Client(headers=headers, timeout=60, trust_env=False)
        client = self._clients[who]
        client.base_url = f"{self.url}/api/v1/"
        return client

    def get(self, path: str, who: str = "dora", **query: Any) -> Any:
        """``data`` of a GET. Errors: ``AssertionError`` when it is not a success."""
        return _data(self.api(who).get(path.lstrip("/"), params=query))

    def post(self, path: str, who: str = "dora", **body: Any) -> Any:
        return _data(self.api(who).post(path.lstrip("/"), json=body))

    def pending(self, count: int = 1) -> list[dict[str, Any]]:
        """Pending approvals, once there are ``count``."""

        def ask() -> list[dict[str, Any]] | None:
            found = self.get("/approvals", "alice", status="pending")["approvals"]
            return found if len(found) >= count else None

        return until(f"{count} pending approvals", ask)

    def vote(
        self, approval: dict[str, Any] | str, who: str, verb: str = "approve", **body: Any
    ) -> httpx.Response:
        """One person's vote, as the API answers it; a code goes with every approval."""
        identity = approval if isinstance(approval, str) else approval["approval_id"]
        if verb == "approve" and "otp" not in body:
            body["otp"] = self.people[who].code()
        return self.api(who).post(f"approvals/{identity}/{verb}", json=body)

    def approve(self, approval: dict[str, Any] | str, *who: str) -> Any:
        """Each of ``who`` approves with a code of theirs; the last answer's ``data``."""
        data = None
        for person in who:
            data = _data(self.vote(approval, person))
        return data

    def deny(self, approval: dict[str, Any] | str, who: str, reason: str) -> Any:
        return _data(self.vote(approval, who, "deny", reason=reason))

    def intents(self, **filters: Any) -> list[dict[str, Any]]:
        """Newest first."""
        return list(self.get("/intents", limit=500, **filters)["intents"])

    def settled(self, intent_id: str, *statuses: str) -> dict[str, Any]:
        """The intent, once its status is one of ``statuses``."""

        def ask() -> dict[str, Any] | None:
            intent = self.get(f"/intents/{intent_id}")
            return intent if intent["status"] in statuses else None

        return until(f"{intent_id} to be {' or '.join(statuses)}", ask)


def _data(response: httpx.Response) -> Any:
    answer = response.json()
    assert response.is_success, f"{response.request.url}: {response.status_code} {answer}"
    assert answer["success"] is True
    return answer["data"]


def _clean_environment() -> dict[str, str]:
    """Ours without what would lead around the gate, to another configuration, or to compiling all anew each start."""
    tainted = ("_proxy", "_ca_bundle", "ssl_cert_file", "ssl_cert_dir", "pythondontwritebytecode")
    return {
        key: value
        for key, value in os.environ.items()
        if not key.lower().endswith(tainted) and not key.startswith("VIENNA_")
    }


@contextlib.contextmanager
def in_background(work: Callable[[], Any]) -> Iterator[Background]:
    """Run ``work`` beside the test; ``result()`` waits for it. At the end nothing may be left running."""
    job = Background(work)
    yield job
    job.join(60)
    assert not job.is_alive(), "a background call never ended"


class Background(threading.Thread):
    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._result: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error

    @property
    def finished(self) -> bool:
        return not self.is_alive()

    def result(self, seconds: float = 60.0) -> Any:
        """What ``work`` returned or raised. Errors: ``AssertionError`` when it is not done in time."""
        self.join(seconds)
        assert not self.is_alive(), f"no answer after {seconds} s"
        if self._error:
            raise self._error
        return self._result
