"""``vienna run --policy DIR --approve-all``: a control plane and a gate that live as long as one command.

What policy would hold goes on at once, in the name of operators called ``approve-all-…``; what it denies stays
denied. They are made in a temporary folder, on free ports, with the section ``gate`` and the agents of
``vienna.yaml``, and with nothing else of an installation: not its database, not its people, not its keys.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from vienna_cli.config import Installation
from vienna_cli.output import Code, Failure
from vienna_cli.processes import Sink, child_environment
from vienna_cli.up import FREE_PORT, Pair, announced, paired
from vienna_kernel.document import parse

MODULE = "vienna_control.rehearsal"
ENVIRONMENTS = ("dev", "test")

_OURS = ("listen", "mode", "control", "key_file", "state_dir", "enforcement")
"""Keys of ``gate`` that are of the installation, not of the calls that are tried."""
_OF_INSTALLATIONS = ("VIENNA_", "POSTGRES_", "REDIS_")


def permitted(environ: Mapping[str, str] = os.environ) -> str:
    """The environment that is asked for, ``dev`` unless said otherwise. Errors: ``Failure`` where people decide."""
    wanted = environ.get("VIENNA_ENV") or ENVIRONMENTS[0]
    if wanted not in ENVIRONMENTS:
        raise Failure(
            f"--approve-all agrees to everything without asking anybody, so it is for VIENNA_ENV=dev or test; "
            f"here it is {wanted}",
            Code.USAGE,
        )
    return wanted


@contextmanager
def rehearsed(installation: Installation, policies: Sequence[Path], sink: Sink) -> Iterator[Pair]:
    """The pair, ready; gone without a trace at the end. ``policies``: none: those of the installation.

    Errors: ``Failure`` outside of dev and test, and when one does not start.
    """
    wanted = permitted()
    with tempfile.TemporaryDirectory(prefix="vienna-rehearsal-") as folder:
        place = Path(folder)
        own = Installation(
            file=_write_config(place, installation, policies),
            data_dir=place / "data",
            control="",
            agent=installation.agent,
            policies=None,
        )
        clean = {name: value for name, value in os.environ.items() if not name.startswith(_OF_INSTALLATIONS)}
        environ = {**child_environment(clean), "VIENNA_ENV": wanted, "VIENNA_LOG_LEVEL": "warning"}
        with (
            paired(own, listen=FREE_PORT, environ=environ, sink=sink, module=MODULE) as pair,
            announced(pair),
        ):
            yield pair


def _write_config(place: Path, installation: Installation, policies: Sequence[Path]) -> Path:
    missing = [str(each) for each in policies if not each.exists()]
    if missing:
        raise Failure(f"--policy: there is nothing at {', '.join(missing)}", Code.USAGE)
    theirs = _sections(installation)
    control = theirs.get("control") or {}
    places = [each.absolute() for each in policies] or list(installation.policies or ())
    config: dict[str, Any] = {
        "control": {name: control[name] for name in ("default_action",) if name in control},
        "gate": _gate(theirs.get("gate") or {}, installation),
        "bootstrap": _agents(theirs.get("bootstrap") or {}, installation.agent),
    }
    if places:
        config["control"]["policies"] = [str(each) for each in places]
    file = place / "vienna.yaml"
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return file


def _sections(installation: Installation) -> dict[str, Any]:
    if installation.file is None:
        return {}
    data = parse(installation.file.read_bytes(), name=str(installation.file)).data
    return data if isinstance(data, dict) else {}


def _gate(theirs: Mapping[str, Any], installation: Installation) -> dict[str, Any]:
    kept = {name: value for name, value in theirs.items() if name not in _OURS}
    if isinstance(ca := kept.get("upstream_ca"), str) and installation.file is not None:
        kept["upstream_ca"] = str(installation.file.parent / ca)
    return {**kept, "agent": installation.agent}


def _agents(theirs: Mapping[str, Any], agent: str) -> dict[str, Any]:
    """The agents as they are described, and the one that runs in any case; no operators."""
    named = [row for row in theirs.get("agents") or [] if isinstance(row, dict)]
    if not any(row.get("name") == agent for row in named):
        named.append({"name": agent, "allowed_actions": ["*"]})
    return {"agents": named}
