"""Which installation is meant: where its files lie, where its control plane listens, as whom to speak to it.

Precedence: flag, then environment ``VIENNA_*``, then file, then default. The processes check their own sections of
``vienna.yaml`` in full; here only what the command line itself needs is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vienna_cli.output import Code, Failure
from vienna_kernel.document import Document, parse
from vienna_kernel.errors import MalformedError

DEFAULT_FILE = Path("vienna.yaml")
DEFAULT_CONTROL = "127.0.0.1:8080"
STATE_FILE = "run.json"
ADMIN_FILE = "admin.json"

_SCHEMES = ("http://", "https://", "unix://")


@dataclass(frozen=True)
class Installation:
    """What ``vienna.yaml``, or its absence, says.

    Attributes:
        file: None when there is no file.
        data_dir: Absolute.
        control: ``http://host:port`` or ``unix:///path`` of the control plane.
        agent: Who the gate speaks for.
        policies: Files and folders, absolute; None: the shipped ones.
    """

    file: Path | None
    data_dir: Path
    control: str
    agent: str
    policies: tuple[Path, ...] | None

    @classmethod
    def find(cls, file: Path | None, environ: Mapping[str, str] = os.environ) -> Installation:
        """The installation of a file; without one, of ``./vienna.yaml`` if it is there, else of the defaults.

        Errors: ``Failure`` when the file cannot be read, or says something of the wrong type here.
        """
        if file is None and DEFAULT_FILE.is_file():
            file = DEFAULT_FILE
        document = _read(file) if file else Document("defaults", {}, {})
        base = file.resolve().parent if file else Path.cwd()
        control = _section(document, "control")
        data_dir = environ.get("VIENNA_DATA_DIR") or base / _text(
            document, ("control", "data_dir"), "vienna-data"
        )
        listen = environ.get("VIENNA_CONTROL_LISTEN") or _text(
            document, ("control", "listen"), DEFAULT_CONTROL
        )
        return cls(
            file=file.resolve() if file else None,
            data_dir=Path(data_dir).absolute(),
            control=listen if listen.startswith("unix://") else f"http://{listen}",
            agent=_text(document, ("gate", "agent"), "default-agent"),
            policies=_policies(control, base, environ),
        )

    def state(self) -> dict[str, Any] | None:
        """What a running ``vienna up`` wrote; None when none runs."""
        state = _json(self.data_dir / STATE_FILE)
        return state if state and alive(state.get("pid")) else None


@dataclass(frozen=True)
class Access:
    """Where the control plane is and with which key to speak to it."""

    url: str
    api_key: str

    @classmethod
    def find(
        cls, installation: Installation, url: str | None, environ: Mapping[str, str] = os.environ
    ) -> Access:
        """By flag, environment, the running ``up``, the file. The key: VIENNA_API_KEY, else the first admin's.

        The first admin's key is sent to the installation that made it and to no other address.
        """
        home, there = _home(installation), cls.place(installation, url, environ)
        key = environ.get("VIENNA_API_KEY")
        if not key and there == home.rstrip("/"):
            key = (_json(installation.data_dir / ADMIN_FILE) or {}).get("api_key")
        if not key:
            raise Failure(
                f"no key for {there}: set VIENNA_API_KEY, or name the installation with -c (its first start in dev "
                f"leaves one in {installation.data_dir / ADMIN_FILE})",
                Code.USAGE,
            )
        return cls(there, key)

    @staticmethod
    def place(installation: Installation, url: str | None, environ: Mapping[str, str] = os.environ) -> str:
        """Where the control plane is, for whoever has no key yet."""
        there = (url or environ.get("VIENNA_URL") or _home(installation)).rstrip("/")
        if not there.startswith(_SCHEMES):
            raise Failure(f"the control plane is http://…, https://… or unix:///…, got {there!r}", Code.USAGE)
        return there


def _home(installation: Installation) -> str:
    """Where the control plane of these files is."""
    state = installation.state() or {}
    return str(state.get("control") or installation.control)


def alive(pid: Any) -> bool:
    """Whether a process with this number runs."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(file: Path) -> Document:
    try:
        document = parse(file.read_bytes(), name=str(file))
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror}") from None
    except MalformedError as error:
        raise Failure(str(error)) from None
    if document.data is None:
        return Document(document.name, {}, {})
    if not isinstance(document.data, dict):
        raise Failure(f"{document.where()}: expected the sections control, gate, bootstrap")
    return document


def _section(document: Document, name: str) -> dict[str, Any]:
    section = document.data.get(name) or {}
    if not isinstance(section, dict):
        raise Failure(f"{document.where((name,))}: expected an object")
    return section


def _text(document: Document, place: tuple[str, str], default: str) -> str:
    section, key = place
    value = _section(document, section).get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise Failure(f"{document.where(place)}: expected text, got {value!r}")
    return value


def _policies(control: Mapping[str, Any], base: Path, environ: Mapping[str, str]) -> tuple[Path, ...] | None:
    if said := environ.get("VIENNA_POLICIES"):
        return tuple(Path(part).absolute() for part in said.split(":"))
    named = control.get("policies")
    if isinstance(named, list):
        return tuple(base / str(part) for part in named)
    beside = base / "policies"
    return (beside,) if beside.is_dir() else None


def _json(file: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None
