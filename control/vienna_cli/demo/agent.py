"""The agent of the story: a real curl, or an ordinary Python script, unmodified, started as ``vienna run`` would."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path
from typing import Any

from vienna_cli.output import Failure

SCRIPT = Path(__file__).with_name("script.py")
_PATIENCE_SECONDS = 120.0
_TIMES = "%{stderr}%{time_pretransfer} %{time_total}"


@dataclass(frozen=True)
class Answer:
    """What the client got.

    Attributes:
        headers: Lower-case names.
        body: Decoded JSON, else the text.
        seconds: From the request to the whole answer.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    seconds: float

    @property
    def reason(self) -> str:
        """Reason code of a refusal; empty for anything else."""
        return self.headers.get("vienna-reason", "")

    @property
    def detail(self) -> str:
        """The sentence written for the agent."""
        return str(self.body.get("detail", "")) if isinstance(self.body, dict) else ""


class Call:
    """One request on its way; its connection waits for as long as people think."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._curl = Path(command[0]).name == "curl"
        self._process = subprocess.Popen(  # noqa: S603  # the client itself is the point
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def waiting(self) -> bool:
        return self._process.poll() is None

    def answer(self) -> Answer:
        """Waits for it. Errors: ``Failure`` when the client gave up without an answer."""
        try:
            out, err = self._process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise Failure("the agent got no answer in time") from None
        if self._process.returncode != 0:
            raise Failure(f"the agent's client failed: {err.strip()[-300:]}")
        return _curl(out, err) if self._curl else _script(out)

    def abandon(self) -> None:
        if self.waiting:
            self._process.kill()
            self._process.wait()


class Agent:
    """Starts calls in one environment."""

    def __init__(self, environ: Mapping[str, str], origin: str) -> None:
        self._environ = environ
        self._origin = origin
        self._curl = shutil.which("curl")
        self._calls: list[Call] = []

    @property
    def clients(self) -> str:
        return "an ordinary curl and a Python script" if self._curl else "an ordinary Python script"

    def start(
        self, method: str, path: str, body: Any = None, *, warrant: str | None = None, script: bool = False
    ) -> Call:
        """One call: by curl where there is one, by the script when asked to or where there is none.

        ``warrant``: a token to present.
        """
        plain = script or self._curl is None
        command = (
            self._script_command(method, path, body, warrant)
            if plain
            else self._curl_command(method, path, body, warrant)
        )
        call = Call(command, self._environ)
        self._calls.append(call)
        return call

    def ask(self, method: str, path: str, body: Any = None, **how: Any) -> Answer:
        """One call and its answer."""
        return self.start(method, path, body, **how).answer()

    def leave(self) -> None:
        """Ends every call that still waits."""
        for call in self._calls:
            call.abandon()

    def _curl_command(self, method: str, path: str, body: Any, warrant: str | None) -> list[str]:
        command = [
            str(self._curl),
            "-sS",
            "-i",
            "--suppress-connect-headers",
            "-w",
            _TIMES,
            "-X",
            method,
            self._origin + path,
        ]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "--data-binary", json.dumps(body)]
        return [*command, "-H", f"Vienna-Warrant: {warrant}"] if warrant else command

    def _script_command(self, method: str, path: str, body: Any, warrant: str | None) -> list[str]:
        command = [sys.executable, str(SCRIPT), method, self._origin + path]
        if body is not None:
            command.append(json.dumps(body))
        return [*command, f"Vienna-Warrant={warrant}"] if warrant else command


def _curl(out: str, err: str) -> Answer:
    """The last head that curl printed, and the body: interim responses (100, 102) come before it."""
    head, _, rest = out.partition("\n\n")
    while _status(head) // 100 == 1:
        head, _, rest = rest.partition("\n\n")
    _, _, fields = head.partition("\n")
    headers = {name.lower(): value for name, value in Parser().parsestr(fields).items()}
    sent, ended = err.split()[-2:]
    return Answer(_status(head), headers, _decoded(rest), float(ended) - float(sent))


def _status(head: str) -> int:
    parts = head.split(" ", 2)
    if len(parts) < 2 or not parts[1].isdigit():
        raise Failure(f"curl printed no answer: {head[:200]!r}")
    return int(parts[1])


def _script(out: str) -> Answer:
    data = json.loads(out)
    headers = {name.lower(): value for name, value in data["headers"].items()}
    return Answer(data["status"], headers, _decoded(data["body"]), data["seconds"])


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
