"""The probes of ``vienna doctor``. Each really tries; nothing outside this machine is contacted."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Literal

import httpx

from vienna_cli.namespace import IsolationError, enter, reachable_sockets
from vienna_cli.output import Failure
from vienna_cli.run import Door
from vienna_cli.terminal import Terminal
from vienna_client import UnreachableError, ViennaClient, ViennaError

HOME = "https://vienna.internal/"
"""Answered by the gate itself, under our CA, without any upstream."""
CANARY = "http://canary.vienna.internal/a/%2e%2e/b"
"""Never canonical, so refused on sight: nobody is asked and nothing is contacted."""

_SKEW_SECONDS = 5.0
_TRY_SECONDS = 15.0
_NEEDED = (3, 13)


type State = Literal["ok", "warn", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """What one probe found.

    Attributes:
        found: What is so, in a few words.
        do: What to do about it; empty when nothing.
    """

    probe: str
    state: State
    found: str
    do: str = ""


def python_version() -> Finding:
    """Whether this Python is new enough."""
    said = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro} at {sys.executable}"
    if sys.version_info >= _NEEDED:
        return Finding("python", "ok", said)
    return Finding("python", "failed", said, "install Python 3.13 or newer, or set VIENNA_PYTHON")


def data_dir(folder: Path) -> Finding:
    """Whether the data directory is there, ours alone, and can be written."""
    if not folder.is_dir():
        return Finding("data directory", "skipped", f"{folder} is not there yet", "vienna up makes it")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return Finding("data directory", "failed", f"{folder} has mode {mode:o}", f"chmod 700 {folder}")
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Finding(
            "data directory",
            "failed",
            f"cannot write in {folder}: {error.strerror}",
            "make room, or fix its owner",
        )
    free = shutil.disk_usage(folder).free // 2**20
    return Finding("data directory", "ok", f"{folder}, {free} MiB free")


def control_plane(terminal: Terminal) -> Iterator[Finding]:
    """Whether it answers, is ready, agrees on the time, and takes our key."""
    start = "start it with: vienna up"
    try:
        client = terminal.client
    except Failure as failure:
        yield Finding("control plane", "failed", failure.message.partition(": set ")[0], start)
        return
    try:
        client.request("GET", "/health")
        yield Finding("control plane", "ok", f"answers at {client.url}")
        client.request("GET", "/ready")
        yield Finding("ready", "ok", "store, audit and keys")
    except UnreachableError as error:
        yield Finding("control plane", "failed", str(error), start)
        return
    except ViennaError as error:
        yield Finding("ready", "failed", error.message, "look into its log")
    yield _warrants(client)
    yield _clock(client.url)
    try:
        client.request("GET", "/warrants", params={"limit": 1})
        yield Finding("key", "ok", "accepted")
    except ViennaError as error:
        yield Finding("key", "failed", error.message, "set VIENNA_API_KEY to an operator's key")


def told(client: ViennaClient) -> Iterator[Finding]:
    """What the control plane finds about itself, its gates and its people."""
    try:
        checks = client.request("GET", "/doctor")["checks"]
    except ViennaError as error:
        yield Finding("control plane: itself", "skipped", error.message, "ask with the key of an admin")
        return
    for one in checks:
        yield Finding(f"control plane: {one['name']}", _STATES[one["status"]], one["detail"], one["fix"])


_STATES: Mapping[str, State] = {"ok": "ok", "warn": "warn", "fail": "failed"}


def _warrants(client: ViennaClient) -> Finding:
    try:
        said = client.request("GET", "/.well-known/jwks.json").get("warrant_algorithm", "ed25519")
    except ViennaError as error:
        return Finding("warrants", "failed", error.message, "look into its log")
    if said == "ed25519":
        return Finding("warrants", "ok", "signed with ed25519")
    found = f"signed with {said}, a shared secret: whoever verifies them can forge them"
    return Finding("warrants", "ok", found, "for a closed installation only; unset VIENNA_WARRANT_ALGORITHM")


def gate_listens(door: Door | None) -> Finding:
    """Whether the gate accepts connections."""
    if door is None:
        return Finding("gate", "skipped", "no vienna up runs here", "start it with: vienna up")
    try:
        socket.create_connection(door.address, timeout=2).close()
    except OSError as error:
        return Finding("gate", "failed", f"{door.proxy}: {error.strerror or error}", "restart vienna up")
    return Finding("gate", "ok", f"{door.proxy} speaks for {door.agent}")


def canary(door: Door) -> Finding:
    """Whether the gate refuses what must be refused."""
    connection = HTTPConnection(*door.address, timeout=_TRY_SECONDS)
    try:
        connection.request("GET", CANARY)
        answer = connection.getresponse()
    except (OSError, HTTPException) as error:
        return Finding("canary", "failed", f"no answer: {type(error).__name__}", "restart vienna up")
    finally:
        connection.close()
    problem = answer.getheader("content-type", "").startswith("application/problem")
    if problem and answer.status >= 400:
        return Finding("canary", "ok", f"refused with {answer.status}: {answer.getheader('vienna-reason')}")
    found = f"answered {answer.status}: it was let through"
    return Finding("canary", "failed", found, "stop the agents, look into the gate's log")


def clients(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether each client on this machine goes through the gate and trusts its CA, with the variables of ``run``."""
    for name, program, command, mark in _CLIENTS:
        path = program if os.path.isabs(program) else shutil.which(program)
        if path is None:
            yield Finding(f"{name} trusts the CA", "skipped", f"{name} is not installed")
            continue
        yield _client(name, [path, *command], mark, environ)


def isolation() -> Finding:
    """Whether ``run --isolate`` works here: from inside, a listener on this machine must be out of reach."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        attempt = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2)"
        command = [sys.executable, "-I", "-c", attempt]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:  # noqa: S603  # our own probe
            return Finding(
                "isolation",
                "failed",
                "a loopback listener cannot be reached at all",
                "look at this machine's firewall",
            )
        try:
            process, relay = enter(
                command, {**os.environ, "PYTHONWARNINGS": "ignore"}, ("127.0.0.1", port), quiet=True
            )
        except IsolationError as error:
            return Finding(
                "isolation",
                "skipped",
                f"not possible: {error}",
                "clients that ignore the proxy variables can go around; use a pod or another user with network rules",
            )
        status = process.wait()
        relay.close()
    if status == 0:
        return Finding(
            "isolation",
            "failed",
            "a process inside reached past the gate",
            "do not rely on --isolate on this kernel",
        )
    return Finding(
        "isolation", "ok", "run --isolate leaves the gate as the only way out; without it clients may bypass"
    )


def sockets() -> Finding:
    """Unix sockets that lead around the gate."""
    found = reachable_sockets(os.environ)
    if not found:
        return Finding("unix sockets", "ok", "none that leads around the gate")
    return Finding(
        "unix sockets",
        "ok",
        f"reachable even with --isolate: {', '.join(found)}",
        "keep them from agents you do not trust",
    )


_REQUESTS = f"import requests; print(requests.get({HOME!r}, timeout=10).status_code)"
_NODE = (
    f"fetch({HOME!r}).then(r => console.log(r.status),"
    " e => { console.error(String(e.cause || e)); process.exit(1) })"
)
_CLIENTS: Sequence[tuple[str, str, Sequence[str], str]] = (
    ("curl", "curl", ["-sS", "-o", os.devnull, "-w", "%{http_code}", "--max-time", "10", HOME], ""),
    ("python requests", sys.executable, ["-c", _REQUESTS], ""),
    ("node", "node", ["-e", _NODE], ""),
    ("git", "git", ["ls-remote", HOME + "x.git"], "not found"),
)


def _client(name: str, command: Sequence[str], mark: str, environ: Mapping[str, str]) -> Finding:
    """The gate's own page over TLS is the proof: the client went through the gate and believed its certificate."""
    probe = f"{name} trusts the CA"
    try:
        done = subprocess.run(  # noqa: S603  # the client itself is what is probed
            command,
            env=dict(environ),
            capture_output=True,
            text=True,
            timeout=_TRY_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Finding(probe, "failed", "no answer in time", "vienna run sets what it needs")
    said = done.stdout.strip()
    if said == "200" or (mark and mark in done.stderr):
        return Finding(probe, "ok", "through the gate, over TLS")
    last = (done.stderr.strip() or said or f"exit code {done.returncode}").splitlines()[-1][:200]
    if "No module named" in last:
        return Finding(probe, "skipped", f"{name} is not installed")
    return Finding(probe, "failed", last, _ADVICE.get(name, "vienna run sets what it needs"))


_ADVICE = {
    "node": "Node before 22.21 or 24 has no proxy support: use a newer one, or run --isolate, where it fails closed"
}


def _clock(url: str) -> Finding:
    try:
        answer = httpx.get(f"{url}/health", timeout=5, trust_env=False)
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (httpx.HTTPError, httpx.UnsupportedProtocol, KeyError, ValueError):
        return Finding("clock", "skipped", "it does not say its time")
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    if skew <= _SKEW_SECONDS:
        return Finding("clock", "ok", "agrees with the control plane")
    return Finding("clock", "failed", f"{skew:.0f} s apart from the control plane", "synchronise both clocks")
