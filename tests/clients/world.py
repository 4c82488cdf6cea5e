"""What runs while clients call: an upstream, a control plane, and two gates, a patient and a hasty one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from clients import apis
from clients.table import SECRETS, Client
from harness import laws
from harness.upstream import Upstream
from harness.vienna import Process, Vienna, until
from vienna_cli.environment import agent_environment
from vienna_cli.trust_files import TrustFiles

_RULES = Path(__file__).with_name("rules.yaml")
_SHIPPED = Path(__file__).parents[2] / "policies"
_BUDGET_SECONDS = 2
_LONGEST_SECONDS = 90
_ANSWERED = ("call", "call.refused", "call.replayed")  # lines of the log, one for each try that got an answer


@dataclass(frozen=True)
class Run:
    """One client that was started."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def said(self) -> str:
        """All that it printed until now."""
        return self.output.read_text()

    def ended(self) -> int:
        """Its exit code, once it has one. Errors: ``AssertionError`` with its last words when it does not end."""
        try:
            return self.process.wait(_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"{self.process.args!r} did not end: {self.said}") from None

    def stop(self) -> None:
        """Nobody wants its answer any more: the client and whatever it started end."""
        assert self.process.poll() is None, self.said
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(_LONGEST_SECONDS)


class World:
    """``running`` makes one.

    Args:
        hasty: A gate that holds a call for no more than two seconds; see ``clients.hasty``.
    """

    def __init__(self, folder: Path, vienna: Vienna, hasty: Process) -> None:
        self._folder = folder
        self._gates = {"patient": vienna.gate, "hasty": hasty}
        self._vienna = vienna
        self._runs: list[Run] = []

    def start(
        self, client: Client, what: str, *, gate: str = "patient", more: Mapping[str, str] | None = None
    ) -> Run:
        """The client, called about a thing as ``vienna run`` would. ``more``: further variables."""
        ready = self._gates[gate].ready
        home, work, trust = (self._folder / what / name for name in ("home", "work", "trust"))
        for place in (home, work, trust):
            place.mkdir(parents=True, exist_ok=True)
        own = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **client.env, **(more or {})}
        files = TrustFiles(Path(ready["ca"]), trust)
        env = agent_environment(own, proxy=ready["proxy"], trust=files, agent=Vienna.AGENT)
        output = self._folder / what / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                client.command(what, work),
                cwd=work,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._runs.append(Run(process, output))
        return self._runs[-1]

    def close(self) -> None:
        """Whatever still runs ends: what a test that failed left behind."""
        for run in self._runs:
            if run.process.poll() is None:
                run.stop()

    def asked_about(self, what: str) -> str:
        """The approval that waits for people, by its id."""

        def find() -> str | None:
            waiting = self._vienna.get("/approvals", "alice", status="pending", limit=200)["approvals"]
            return next((row["approval_id"] for row in waiting if what in json.dumps(row)), None)

        return until(f"people to be asked about {what}", find, seconds=_LONGEST_SECONDS)

    def approve(self, approval: str) -> None:
        """One person agrees."""
        answer = self._vienna.vote(approval, "carol", otp=None)
        assert answer.is_success, answer.text

    def sent(self, client: Client, what: str) -> int:
        """How often it reached the upstream."""
        calls = self._vienna.upstream.to(client.method, client.path)
        return sum(what.encode() in one.head + one.body for one in calls)

    def tries(self, client: Client, what: str) -> int:
        """How often the client asked and was answered, or hung up."""
        about = {
            row["intent_id"]
            for row in self._vienna.intents()
            if what in json.dumps(row)
            and row["method"] == client.method
            and fnmatch(urlsplit(row["url"]).path, client.path)
        }
        lines = [line for gate in self._gates.values() for line in gate.log.read_text().splitlines()]
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return sum(row["event"] in _ANSWERED and row.get("intent_id") in about for row in told)


@contextmanager
def running(folder: Path) -> Iterator[World]:
    """Everything, until the end of the block. Errors: ``AssertionError`` when by then a law was broken."""
    own = folder / "vienna"
    own.mkdir()
    policies = [str(path) for path in (_RULES, _SHIPPED / "mappings", _SHIPPED / "tiers.yaml")]
    with (
        Upstream(own, hosts=apis.HOSTS) as upstream,
        Vienna(own, upstream, control={"policies": policies}) as vienna,
    ):
        apis.serve(upstream, _repositories(folder))
        hasty = _hasty(own, vienna)
        world = World(folder, vienna, hasty)
        try:
            yield world
        finally:
            world.close()
            hasty.kill()
        laws.check(vienna, secrets=SECRETS)


def _hasty(folder: Path, vienna: Vienna) -> Process:
    settings = yaml.safe_load(vienna.config.read_text())
    settings["gate"]["hold"] = {"max_seconds": _BUDGET_SECONDS}
    config = folder / "hasty.yaml"
    config.write_text(yaml.safe_dump(settings))
    ready = vienna.control.ready
    given = ["-c", str(config), "--state-dir", str(folder / "hasty")]
    given += ["--control", ready["control"], "--key-file", ready["join_token"]]
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {"PATH": os.environ["PATH"], "VIENNA_ENV": "test", "PYTHONPATH": os.pathsep.join(paths)}
    gate = Process("clients.hasty", given, env=env, log=folder / "hasty.log")
    gate.start(address="proxy")
    return gate


def _repositories(folder: Path) -> Path:
    """A bare repository that takes pushes."""
    place = folder / "repositories" / "acme" / "shop.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(place)], check=True)
    subprocess.run(["git", "-C", str(place), "config", "http.receivepack", "true"], check=True)
    return folder / "repositories"
