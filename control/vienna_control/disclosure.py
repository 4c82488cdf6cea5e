"""What may be told of how a control plane was set up: each setting as it holds, and no secret.

1. Only what ``GROUPS`` names is told; a field that is new is not, until somebody has thought about it.
2. A secret is ``set`` or ``not set``. A URL loses user, password, query and fragment; text that only looks like one is
   ``withheld``. Of a key file, the path is told. Of a list whose items have secrets, how many there are.
3. Where nobody said anything and the environment decides, the value is what it decided.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, SecretStr

from vienna_control.config import BootstrapConfig, Settings
from vienna_control.identity import setup
from vienna_control.origins import FIELDS, FLAGS, VARIABLES
from vienna_kernel.settings import TelemetryConfig

GROUPS: Mapping[str, Sequence[str]] = {
    "Process": ("VIENNA_ENV", "VIENNA_LOG_LEVEL", "VIENNA_SIMULATION", "VIENNA_MAX_AGENTS", "telemetry.otlp"),
    "Addresses": ("control.listen", "control.public_url", "control.admin_listen", "VIENNA_CORS_ORIGIN"),
    "TLS": ("control.tls.cert", "control.tls.key", "control.tls.require_client_cert"),
    "Storage and secrets": (
        *("control.data_dir", "control.database", "control.redis"),
        *("VIENNA_SECRET_KEY", "VIENNA_SETUP_TOKEN_FILE"),
    ),
    "Policy": (
        *("control.policies", "control.default_action", "control.policy_two_person"),
        "VIENNA_STRICT_MAPPINGS",
    ),
    "People": ("VIENNA_SESSION_TTL", "control.break_glass", "control.break_glass_passkey"),
    "Warrants": ("VIENNA_WARRANT_TTL", "VIENNA_WARRANT_ALGORITHM", "VIENNA_ALLOW_HMAC_WARRANTS"),
    "Gates in Kubernetes": tuple(
        f"control.enrolment.{key}" for key in ("kubernetes", "api_server", "api_ca", "api_token", "audience")
    ),
    "Channels": tuple(
        f"control.notify.{key}" for key in ("private_networks", "push_networks", "slack_api", "pagerduty_api")
    ),
    "First start": ("bootstrap.tenant", "bootstrap.operators", "bootstrap.agents"),
}
"""Names of settings, under the heads that people look for."""

WITHHELD = {
    "config_file": "told beside the settings, since it is where they stand",
    "origins": "what is told of each setting as its source",
}
"""Fields that are no settings of their own, each with its reason."""

_URL = re.compile(
    r"([a-z][a-z0-9+.-]*://)(?:[^/?#\s]*@)?([^/?#@\s]*(?:/[^?#@\s]*)?)(?:[?#][^@]*)?\Z", re.I | re.DOTALL
)
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


class Disclosed(BaseModel):
    """One setting.

    Attributes:
        name: Its key in vienna.yaml; its variable where it has no key.
        value: As it holds, in plain data; of a secret, ``set`` or ``not set``; of a list with secrets, its length.
        unit: Of a number.
        secret: Whether there is more to it than is told.
        default: Whether it is what it would be had nobody said anything.
        source: The kind of place it was said in.
        where: The flag, the variable or the file's path; empty where it was said nowhere.
        key: In vienna.yaml; None: it has none.
        variable: None: it has none.
        flag: None: it has none.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    group: str
    value: Any
    unit: Literal["seconds"] | None
    secret: bool
    default: bool
    source: Literal["flag", "environment", "file", "default"]
    where: str
    key: str | None
    variable: str | None
    flag: str | None
    description: str


def disclosed(settings: Settings, *, holds: Mapping[str, Any]) -> Iterator[Disclosed]:
    """Every setting, by group. ``holds``: by name, what holds where nobody said, and the settings alone cannot know."""
    decided = {**_decided(settings), **holds}
    for group, names in GROUPS.items():
        for name in names:
            yield _one(settings, group, name, decided.get(name))


def _decided(settings: Settings) -> dict[str, Any]:
    """What the environment decides."""
    token = None if settings.lenient else settings.control.data_dir / setup.FILE
    return {
        "control.policy_two_person": settings.two_person_policy,
        "control.break_glass_passkey": settings.break_glass_passkey,
        "VIENNA_STRICT_MAPPINGS": settings.strict,
        "VIENNA_SIMULATION": True,
        "VIENNA_SETUP_TOKEN_FILE": token,
    }


def _one(settings: Settings, group: str, name: str, decided: Any) -> Disclosed:
    section, field = _place(settings, name)
    info = type(section).model_fields[field]
    value, origin = getattr(section, field), settings.origins.get(name)
    secret = hides(info.annotation)
    holds = decided if value is None else value
    return Disclosed(
        name=name,
        group=group,
        value=_summary(value) if secret else plain(holds),
        unit="seconds" if field.endswith("_seconds") else None,
        secret=secret,
        default=origin is None or value == info.get_default(call_default_factory=True),
        source="default" if origin is None else origin.source,
        where="" if origin is None else origin.where,
        key=None if name in FIELDS else name,
        variable=name if name in FIELDS else VARIABLES.get(name),
        flag=FLAGS.get(name),
        description=described(type(section)).get(field, ""),
    )


def _place(settings: Settings, name: str) -> tuple[BaseModel, str]:
    """The section that has a setting, and the field's name there."""
    if name in FIELDS:
        return settings, FIELDS[name]
    head, *between, field = name.split(".")
    if head == "telemetry":  # what holds has the environment in it, which the section has not
        return TelemetryConfig.model_construct(otlp=settings.traces_url), field
    section: BaseModel = settings.control if head == "control" else settings.bootstrap or BootstrapConfig()
    for step in between:
        section = getattr(section, step)
    return section, field


def hides(kind: Any) -> bool:
    """Whether values of this type are secrets, or have some in them."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(hides(info.annotation) for info in kind.model_fields.values())
    return kind is SecretStr or any(hides(each) for each in get_args(kind))


def _summary(value: SecretStr | tuple[BaseModel, ...] | None) -> str | int:
    return len(value) if isinstance(value, tuple) else "set" if value else "not set"


def plain(value: Any) -> Any:
    """A value that hides nothing, as plain data."""
    if isinstance(value, BaseModel):
        return {field: plain(getattr(value, field)) for field in type(value).model_fields}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    return bare_url(value) if isinstance(value, str) and "://" in value else value


def bare_url(text: str) -> str:
    """A URL without user, password, query and fragment; ``withheld`` for what has no reading as one."""
    found = _URL.match(text)
    return f"{found[1]}{found[2]}" if found else "withheld"


@functools.cache
def described(model: type[BaseModel]) -> Mapping[str, str]:
    """What the model's docstring says of each of its fields, on one line."""
    _, _, attributes = (inspect.getdoc(model) or "").partition("Attributes:\n")
    return {name: " ".join(text.replace("``", "").split()) for name, text in _ATTRIBUTE.findall(attributes)}
