"""Everything the story needs, started in a temporary folder on free ports and torn down at the end."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from vienna_cli.demo.agent import Agent
from vienna_cli.demo.people import Person, cast
from vienna_cli.demo.props import HOST, LOG_FILE
from vienna_cli.environment import agent_environment
from vienna_cli.output import Failure
from vienna_cli.processes import Child, begun, child_environment, control_plane, discard, gate, stop_all
from vienna_cli.trust_files import TrustFiles
from vienna_cli.up import FREE_PORT
from vienna_client import ViennaClient

AGENT = "billing-bot"
ORIGIN = f"https://{HOST}"
DRILL = "vienna_proxy.drill"
_PAUSE_SECONDS = 0.05


class Stage:
    """The processes of the story and the ways to look at them.

    Attributes:
        folder: Temporary, ours alone.
        people: By name.
        control, gate, toy: Running processes.
        admin: The control plane, spoken to as the admin.
        agent: Behind the gate.
        notes: What one scene leaves for another.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people: dict[str, Person] = cast()
        self.notes: dict[str, str] = {}
        self._environ = {**child_environment(_clean(os.environ)), "VIENNA_ENV": "dev"}
        self._running: list[Child] = []
        self._cleanup = ExitStack()

    def open(self) -> None:
        """Starts everything. Errors: ``Failure`` when something does not start."""
        self.toy = self._run(
            lambda: Child(
                "toy payments API", ["-m", "vienna_cli.demo.toy", str(self.folder)], self._environ, discard
            )
        )
        self._write_config()
        self.control = self._run(lambda: self._control(FREE_PORT))
        self.gate = self._run(lambda: self._gate("gate", "vienna_proxy"))
        self.admin = self._client("root")
        self.agent = self._agent(self.gate)

    def close(self) -> None:
        self._cleanup.close()
        stop_all(self._running)

    @property
    def url(self) -> str:
        """The control plane's address; the same after a restart."""
        return str(self.control.ready["control"])

    @property
    def database(self) -> Path:
        return self.folder / "data" / "vienna.db"

    def client_of(self, person: Person) -> ViennaClient:
        """The control plane, spoken to as somebody."""
        client = person.client(self.url)
        self._cleanup.callback(client.close)
        return client

    def stop_control(self) -> None:
        """Stops the control plane as an operator would."""
        self.control.stop()
        self._running.remove(self.control)

    def start_control(self) -> None:
        """Starts it again at the same address, on the same data."""
        self.control = self._run(lambda: self._control(urlsplit(self.url).netloc))

    @contextmanager
    def drilled(self) -> Iterator[Agent]:
        """The agent behind a second gate whose judging raises, while the block runs."""
        broken = self._run(lambda: self._gate("drill", DRILL))
        agent = self._agent(broken)
        try:
            yield agent
        finally:
            agent.leave()
            broken.stop()
            self._running.remove(broken)

    def reached(self) -> list[dict[str, Any]]:
        """Every request that reached the payments API, in order."""
        try:
            text = (self.folder / LOG_FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.splitlines()]

    def fleet(self) -> dict[str, Any]:
        """The agent as the control plane sees it."""
        agent: dict[str, Any] = self.admin.request("GET", f"/fleet/{AGENT}")
        return agent

    def edit_one_byte(self) -> tuple[int, str]:
        """Changes one byte in the middle of the stored trail. Index and id of the entry."""
        with closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            size = connection.execute("SELECT count(*) FROM entries WHERE idx IS NOT NULL").fetchone()[0]
            query = "SELECT idx, id, body FROM entries WHERE idx = ?"
            index, entry_id, body = connection.execute(query, (size // 2,)).fetchone()
            middle = len(body) // 2
            edited = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
            connection.execute("UPDATE entries SET body = ? WHERE idx = ?", (edited, index))
        return index, entry_id

    def _client(self, name: str) -> ViennaClient:
        return self.client_of(self.people[name])

    def _run(self, start: Callable[[], Child]) -> Child:
        return begun(self._running, start).wait_ready()

    def _control(self, listen: str) -> Child:
        return control_plane(
            config=self._config,
            data_dir=self.folder / "data",
            listen=listen,
            environ=self._environ,
            sink=discard,
        )

    def _gate(self, name: str, module: str) -> Child:
        return gate(
            config=self._config,
            control=self.control,
            listen=FREE_PORT,
            state_dir=self.folder / name,
            environ=self._environ,
            sink=discard,
            module=module,
        )

    def _agent(self, door: Child) -> Agent:
        folder = self.folder / f"agent-{door.pid}"
        folder.mkdir(mode=0o700)
        trust = TrustFiles(Path(door.ready["ca"]), folder)
        environ = agent_environment(_clean(os.environ), proxy=door.ready["proxy"], trust=trust, agent=AGENT)
        agent = Agent(environ, ORIGIN)
        self._cleanup.callback(agent.leave)
        return agent

    def _write_config(self) -> None:
        config = {
            "gate": {
                "agent": AGENT,
                "upstream_ca": self.toy.ready["ca"],
                "resolve": {HOST: f"127.0.0.1:{self.toy.ready['port']}"},
            },
            "bootstrap": {
                "operators": [person.seed() for person in self.people.values()],
                "agents": [{"name": AGENT, "allowed_actions": ["*"], "trust_score": 50}],
            },
        }
        self._config = self.folder / "vienna.yaml"
        self._config.touch(mode=0o600)
        self._config.write_text(yaml.safe_dump(config, sort_keys=False))


@contextmanager
def staged() -> Iterator[Stage]:
    """A stage that is not open yet; closed, with its folder, at the end."""
    with tempfile.TemporaryDirectory(prefix="vienna-demo-") as folder:
        stage = Stage(Path(folder))
        try:
            yield stage
        finally:
            stage.close()


def until[T](look: Callable[[], T | None], what: str, patience_seconds: float = 30.0) -> T:
    """What ``look`` finds, as soon as it finds it. Errors: ``Failure`` when the time is over."""
    end = time.monotonic() + patience_seconds
    while (found := look()) is None:
        if time.monotonic() > end:
            raise Failure(f"waited {patience_seconds:.0f} s for {what}")
        time.sleep(_PAUSE_SECONDS)
    return found


def _clean(environ: os._Environ[str]) -> dict[str, str]:
    """Without settings of an installation that is not ours."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(("VIENNA_", "POSTGRES_", "REDIS_"))
    }
