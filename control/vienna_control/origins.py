"""By which names the settings are given, and which of them each came from: a flag, a variable, or the file.

A key of the file is known by its dotted name, whatever has no key by its variable. What nobody said is not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from vienna_kernel.settings import traces_variable

VARIABLES = {
    "control.listen": "VIENNA_CONTROL_LISTEN",
    "control.data_dir": "VIENNA_DATA_DIR",
    "control.database": "POSTGRES_URL",
    "control.redis": "REDIS_URL",
    "control.policies": "VIENNA_POLICIES",
    "control.default_action": "VIENNA_DEFAULT_ACTION",
    "control.public_url": "VIENNA_PUBLIC_URL",
}
"""Variables that go before a key."""

FIELDS = {
    "VIENNA_ENV": "env",
    "VIENNA_SECRET_KEY": "secret",
    "VIENNA_SIMULATION": "simulation",
    "VIENNA_LOG_LEVEL": "log_level",
    "VIENNA_CORS_ORIGIN": "cors_origin",
    "VIENNA_SESSION_TTL": "session_seconds",
    "VIENNA_WARRANT_TTL": "warrant_seconds",
    "VIENNA_WARRANT_ALGORITHM": "warrant_algorithm",
    "VIENNA_ALLOW_HMAC_WARRANTS": "allow_hmac_warrants",
    "VIENNA_STRICT_MAPPINGS": "strict_mappings",
    "VIENNA_MAX_AGENTS": "max_agents",
    "VIENNA_SETUP_TOKEN_FILE": "setup_token_file",
}
"""Variables without a key, and the field of ``Settings`` that each sets."""

FLAGS = {"control.listen": "--listen", "control.data_dir": "--data-dir"}
"""Flags that go before all else."""

KEY_FILE_VARIABLE = "VIENNA_SECRET_KEY_FILE"
CLUSTER = "KUBERNETES_SERVICE_HOST"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting was said.

    Attributes:
        where: The flag, the variable, or the file's path.
    """

    source: Literal["flag", "environment", "file"]
    where: str


def origins(
    content: BaseModel, environ: Mapping[str, str], file: Path | None, *, flags: Iterable[str] = ()
) -> dict[str, Origin]:
    """Of every setting that was said, by its name; what goes before replaces what it goes before.

    ``content``: the file as it was read. ``flags``: names of settings that flags gave.
    """
    found = {name: Origin("file", str(file)) for name in _said(content)}
    found |= {name: Origin("environment", variable) for name, variable in _given(environ, known=found)}
    return found | {name: Origin("flag", FLAGS[name]) for name in flags}


def _said(content: BaseModel, prefix: str = "") -> Iterator[str]:
    for field in content.model_fields_set:
        value, name = getattr(content, field), f"{prefix}{field}"
        if isinstance(value, BaseModel):
            yield from _said(value, f"{name}.")
        else:
            yield name


def _given(environ: Mapping[str, str], *, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and variable, of each that the environment sets; of two variables, the one that counts comes later."""
    by_name = {**VARIABLES, **{name: name for name in FIELDS}}
    yield from ((name, variable) for name, variable in by_name.items() if environ.get(variable))
    if environ.get(KEY_FILE_VARIABLE):
        yield "VIENNA_SECRET_KEY", KEY_FILE_VARIABLE
    if environ.get("PORT"):
        yield "control.listen", "PORT"
    if environ.get(CLUSTER) and "control.enrolment.api_server" not in known:
        yield "control.enrolment.api_server", CLUSTER
    if (tracing := traces_variable(environ)) is not None:
        yield "telemetry.otlp", tracing
