"""Settings of the control plane: one frozen model, read once at start, passed down.

1. Precedence: flag, then environment, then file, then default.
2. A file's unknown key stops the start with file, line, column and the nearest known key.
3. What this version cannot do yet stops the start too: a setting is never ignored.
4. In ``prod`` and ``staging`` unsafe settings stop the start with a sentence that says what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from vienna_control.kubernetes import EnrolmentConfig
from vienna_control.notify.config import NotifyConfig
from vienna_control.ports import StartError
from vienna_control.section import Section
from vienna_control.tls import TlsConfig
from vienna_kernel.document import DocumentError, parse, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.settings import TelemetryConfig, sections, traces_url

_MIN_SECRET = 32
_MIN_VARIETY = 10

EMAIL = r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}"
"""Pattern of an e-mail address, as far as it is looked at."""
_EMAIL = re.compile(EMAIL + r"\Z")


class ControlConfig(Section):
    """Section ``control`` of vienna.yaml.

    Attributes:
        listen: ``host:port`` (port 0: a free one) or ``unix:///path``.
        data_dir: Folder of the database, generated keys and the CA; made with mode 0700. In a file: relative to it.
        database: ``postgresql://…`` (POSTGRES_URL); None: SQLite in ``data_dir``.
        redis: ``redis://…`` (REDIS_URL); None: one process.
        policies: Files or folders of rules, tiers and mappings; in a file: relative to it. None: ``policies/``
            beside the file if it is there, else the shipped ones.
        default_action: What happens when no rule matches and the bundle names no default of its own.
        policy_two_person: Whether a change of policy by API waits for a second person; None: in prod and staging.
        public_url: Where people reach the control plane (``https://…``): links, sessions, the issuer of warrants;
            ``prod`` and ``staging`` need it.
        break_glass: Whether one person of the group ``incident`` may stand for the quorum in an emergency.
        break_glass_passkey: Whether that takes a passkey and not a code; None: in ``prod`` and ``staging``.
        admin_listen: ``host:port`` of metrics and health; None: there are none.
        tls: TLS of ``listen``; without it a proxy in front ends it.
        enrolment: How sidecars enrol besides by join token.
        notify: Where channels may go.
    """

    listen: str = "127.0.0.1:8080"
    data_dir: Path = Path("vienna-data")
    database: SecretStr | None = None
    redis: SecretStr | None = None
    policies: tuple[Path, ...] | None = None
    default_action: Literal["deny", "allow"] = "deny"
    policy_two_person: bool | None = None
    public_url: str | None = None
    break_glass: bool = False
    break_glass_passkey: bool | None = None
    admin_listen: str | None = None
    tls: TlsConfig = TlsConfig()
    enrolment: EnrolmentConfig = EnrolmentConfig()
    notify: NotifyConfig = NotifyConfig()

    @field_validator("listen", "admin_listen")
    @classmethod
    def _listen(cls, value: str | None) -> str | None:
        if value is not None:
            listen_address(value)
        return value

    @model_validator(mode="after")
    def _no_tls_on_a_path(self) -> Self:
        if self.tls.cert is not None and self.listen.startswith("unix://"):
            raise ValueError("control.tls is for host:port; a unix socket has no TLS")
        return self

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/\s?#]+\Z", value.rstrip("/")):
            raise ValueError("expected a URL like https://vienna.example.com, without path")
        return value.rstrip("/") if value else value


class OperatorSeed(Section):
    """One operator of ``bootstrap.operators``."""

    email: str
    password: SecretStr | None = None
    role: Literal["admin", "approver", "operator", "auditor", "viewer"] = "approver"
    groups: tuple[str, ...] = ()
    api_key: SecretStr | None = None
    totp_secret: SecretStr | None = None

    @field_validator("email")
    @classmethod
    def _email(cls, value: str) -> str:
        if not _EMAIL.match(value):
            raise ValueError("expected an e-mail address")
        return value.lower()

    @field_validator("totp_secret")
    @classmethod
    def _base32(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[A-Z2-7]{16,128}=*", value.get_secret_value().upper()):
            raise ValueError("expected base32 text of at least 16 characters")
        return value

    @field_validator("api_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        return _given_key(value)


class AgentSeed(Section):
    """One agent of ``bootstrap.agents``."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    api_key: SecretStr | None = None
    allowed_actions: tuple[str, ...] = ("*",)
    trust_score: Annotated[float, Field(ge=0, le=100)] = 50

    @field_validator("api_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        return _given_key(value)


class BootstrapConfig(Section):
    """Section ``bootstrap``: operators and agents of a first start, in ``dev`` and ``test`` only."""

    tenant: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")] = "default"
    operators: tuple[OperatorSeed, ...] = ()
    agents: tuple[AgentSeed, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for noun, names in (
            ("operator", [o.email for o in self.operators]),
            ("agent", [a.name for a in self.agents]),
        ):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"{noun} {min(twice)!r} stands here twice")
        return self


class _File(Section):
    control: ControlConfig = ControlConfig()
    bootstrap: BootstrapConfig | None = None
    telemetry: TelemetryConfig = TelemetryConfig()


class Settings(BaseModel):
    """Everything the process was told, from all sources.

    Attributes:
        control: The section, with flags and environment applied and paths made absolute.
        bootstrap: None when there is none.
        env: ``prod``, ``staging``, ``test`` or ``dev`` (VIENNA_ENV).
        secret: Installation secret (VIENNA_SECRET_KEY or its _FILE); None: made in ``data_dir/secret``.
        simulation: VIENNA_SIMULATION: false turns ``/simulation`` off; true is refused outside dev and test.
        log_level: VIENNA_LOG_LEVEL.
        cors_origin: VIENNA_CORS_ORIGIN: the one further origin that may read the API in a browser.
        session_seconds: VIENNA_SESSION_TTL: absolute lifetime of a session.
        warrant_seconds: VIENNA_WARRANT_TTL: ceiling of a warrant's lifetime where neither tier nor rule says less.
        warrant_algorithm: VIENNA_WARRANT_ALGORITHM. With ``hmac-sha256`` whoever verifies a warrant can forge one.
        allow_hmac_warrants: VIENNA_ALLOW_HMAC_WARRANTS: take ``hmac-sha256`` outside dev and test too.
        strict_mappings: VIENNA_STRICT_MAPPINGS: no mapping without a case for each action; None: in prod and staging.
        max_agents: VIENNA_MAX_AGENTS.
        setup_token_file: VIENNA_SETUP_TOKEN_FILE: what makes the first admin; None: a token is made in ``data_dir``.
        config_file: The file, for error messages and ``policies``.
        traces_url: Where traces go, by OTLP over HTTP; None: nowhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    control: ControlConfig = ControlConfig()
    bootstrap: BootstrapConfig | None = None
    env: Literal["prod", "staging", "test", "dev"] = "prod"
    secret: SecretStr | None = None
    simulation: bool | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    cors_origin: str | None = None
    session_seconds: Annotated[int, Field(ge=60, le=7 * 86400)] = 28800
    warrant_seconds: Annotated[int, Field(ge=5, le=86400)] = 300
    warrant_algorithm: Literal["ed25519", "hmac-sha256"] = "ed25519"
    allow_hmac_warrants: bool = False
    strict_mappings: bool | None = None
    max_agents: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    setup_token_file: Path | None = None
    config_file: Path | None = None
    traces_url: str | None = None

    @property
    def strict(self) -> bool:
        """Whether every action of a mapping needs a case to be loaded."""
        return not self.lenient if self.strict_mappings is None else self.strict_mappings

    @property
    def two_person_policy(self) -> bool:
        """Whether a change of policy by API waits for a second person."""
        said = self.control.policy_two_person
        return not self.lenient if said is None else said

    @property
    def break_glass_passkey(self) -> bool:
        """Whether break-glass takes a passkey."""
        said = self.control.break_glass_passkey
        return not self.lenient if said is None else said

    @property
    def lenient(self) -> bool:
        """Whether keys and a first admin may be generated, and ``bootstrap`` is accepted."""
        return self.env in ("dev", "test")


def listen_address(text: str) -> tuple[str, int] | Path:
    """``("127.0.0.1", 8080)`` of ``127.0.0.1:8080``, a path of ``unix:///path``. ``ValueError`` for anything else."""
    if text.startswith("unix://"):
        path = Path(text.removeprefix("unix://"))
        if not path.is_absolute():
            raise ValueError("expected unix:///absolute/path")
        return path
    host, found, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not found or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("expected host:port, like 127.0.0.1:8080, or unix:///path")
    return host, int(port)


def _given_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < 16:
        raise ValueError("an API key has at least 16 characters")
    return value


def load(
    *,
    file: Path | None,
    environ: Mapping[str, str],
    listen: str | None = None,
    data_dir: Path | None = None,
) -> Settings:
    """Settings from all sources. Raises ``StartError`` with everything that is wrong with the first bad source."""
    content = _read_file(file) if file else _File()
    base = file.resolve().parent if file else Path.cwd()
    control = _overlay(content.control, base, environ, listen=listen, data_dir=data_dir)
    settings = _environment(environ, control, content, file)
    _refuse_unsupported(settings)
    if not settings.lenient:
        _refuse_unsafe(settings, environ)
    elif settings.setup_token_file is not None:
        raise StartError(
            f"VIENNA_SETUP_TOKEN_FILE is set, and VIENNA_ENV is {settings.env}, where the first admin is made without "
            "one: unset it"
        )
    return settings


def _read_file(file: Path) -> _File:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StartError(f"cannot read {file}: {error.strerror}") from None
    try:
        return read(_File, sections(parse(data, name=str(file)), {"control", "bootstrap", "telemetry"}))
    except DocumentError as error:
        raise StartError("; ".join(str(item) for item in error.errors)) from None
    except MalformedError as error:
        raise StartError(str(error)) from None


def _overlay(
    section: ControlConfig,
    base: Path,
    environ: Mapping[str, str],
    *,
    listen: str | None,
    data_dir: Path | None,
) -> ControlConfig:
    said = {key: environ[name] for key, name in _ENVIRONMENT.items() if environ.get(name)}
    values: dict[str, Any] = {name: getattr(section, name) for name in ControlConfig.model_fields}
    values["data_dir"] = base / section.data_dir
    values["tls"] = section.tls.placed(base)
    values["enrolment"] = section.enrolment.placed(base, environ)
    if section.policies is not None:
        values["policies"] = tuple(base / path for path in section.policies)
    values |= said
    if "data_dir" in said:
        values["data_dir"] = Path(said["data_dir"]).absolute()
    if "policies" in said:
        values["policies"] = tuple(Path(part).absolute() for part in said["policies"].split(":"))
    if port := environ.get("PORT"):
        values["listen"] = _with_port(values["listen"], port)
    if listen is not None:
        values["listen"] = listen
    if data_dir is not None:
        values["data_dir"] = data_dir.absolute()
    try:
        return ControlConfig.model_validate(values)
    except ValidationError as error:
        raise StartError(
            _complaint(error, {**{k: v for k, v in _ENVIRONMENT.items() if k in said}})
        ) from None


_ENVIRONMENT = {
    "listen": "VIENNA_CONTROL_LISTEN",
    "data_dir": "VIENNA_DATA_DIR",
    "database": "POSTGRES_URL",
    "redis": "REDIS_URL",
    "policies": "VIENNA_POLICIES",
    "default_action": "VIENNA_DEFAULT_ACTION",
    "public_url": "VIENNA_PUBLIC_URL",
}

_SETTINGS_ENVIRONMENT = {
    "env": "VIENNA_ENV",
    "simulation": "VIENNA_SIMULATION",
    "log_level": "VIENNA_LOG_LEVEL",
    "cors_origin": "VIENNA_CORS_ORIGIN",
    "session_seconds": "VIENNA_SESSION_TTL",
    "warrant_seconds": "VIENNA_WARRANT_TTL",
    "warrant_algorithm": "VIENNA_WARRANT_ALGORITHM",
    "allow_hmac_warrants": "VIENNA_ALLOW_HMAC_WARRANTS",
    "strict_mappings": "VIENNA_STRICT_MAPPINGS",
    "max_agents": "VIENNA_MAX_AGENTS",
    "setup_token_file": "VIENNA_SETUP_TOKEN_FILE",
}


def _with_port(listen: str, port: str) -> str:
    if listen.startswith("unix://"):
        raise StartError("PORT is set, but control.listen is a unix socket: unset one of them")
    return f"{listen.rpartition(':')[0]}:{port}"


def _environment(
    environ: Mapping[str, str], control: ControlConfig, content: _File, file: Path | None
) -> Settings:
    said: dict[str, Any] = {
        key: environ[name] for key, name in _SETTINGS_ENVIRONMENT.items() if environ.get(name)
    }
    if "log_level" in said:
        said["log_level"] = said["log_level"].lower()
    try:
        return Settings(
            control=control,
            bootstrap=content.bootstrap,
            config_file=file,
            secret=_secret(environ),
            traces_url=traces_url(content.telemetry, environ),
            **said,
        )
    except ValidationError as error:
        raise StartError(_complaint(error, _SETTINGS_ENVIRONMENT)) from None


def _secret(environ: Mapping[str, str]) -> SecretStr | None:
    if path := environ.get("VIENNA_SECRET_KEY_FILE"):
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"cannot read VIENNA_SECRET_KEY_FILE {path}: {type(error).__name__}") from None
        return SecretStr(text)
    text = environ.get("VIENNA_SECRET_KEY", "")
    return SecretStr(text) if text else None


def _complaint(error: ValidationError, names: Mapping[str, str]) -> str:
    parts = []
    for row in error.errors(include_url=False, include_input=False):
        key = str(row["loc"][0]) if row["loc"] else ""
        parts.append(f"{names.get(key, key)}: {row['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)


def _refuse_unsupported(settings: Settings) -> None:
    for key, what in (("database", "PostgreSQL"), ("redis", "Redis")):
        if getattr(settings.control, key) is not None:
            raise StartError(
                f"control.{key} ({_ENVIRONMENT[key]}) is set, but {what} is not supported yet in this version: "
                "leave it out; SQLite in the data directory is used"
            )


def _refuse_unsafe(settings: Settings, environ: Mapping[str, str]) -> None:
    env = settings.env
    if settings.secret is None:
        raise StartError(
            f"VIENNA_SECRET_KEY is missing, and VIENNA_ENV is {env}: set it (or VIENNA_SECRET_KEY_FILE) to a secret "
            "made with 'openssl rand -hex 32' and keep it safe; without it the stored keys cannot be opened"
        )
    secret = settings.secret.get_secret_value()
    if len(secret) < _MIN_SECRET or len(set(secret)) < _MIN_VARIETY:
        raise StartError(
            f"VIENNA_SECRET_KEY is too weak for VIENNA_ENV {env}: at least {_MIN_SECRET} random characters are needed; "
            "make one with 'openssl rand -hex 32'"
        )
    if settings.bootstrap is not None:
        raise StartError(f"'bootstrap' is for dev and test only, and VIENNA_ENV is {env}: remove the section")
    if settings.simulation:
        raise StartError(f"VIENNA_SIMULATION is on, and VIENNA_ENV is {env}: unset it")
    if settings.cors_origin == "*":
        raise StartError(f"VIENNA_CORS_ORIGIN is '*', and VIENNA_ENV is {env}: name one origin, or unset it")
    if settings.warrant_algorithm == "hmac-sha256" and not settings.allow_hmac_warrants:
        raise StartError(
            f"VIENNA_WARRANT_ALGORITHM is hmac-sha256, and VIENNA_ENV is {env}: every gate that verifies a warrant "
            "could forge one. Unset it, or set VIENNA_ALLOW_HMAC_WARRANTS=true where all of them are yours"
        )
    if not (settings.control.public_url or "").startswith("https://"):
        raise StartError(
            f"control.public_url (VIENNA_PUBLIC_URL) is not an https URL, and VIENNA_ENV is {env}: set it to where "
            "people reach the control plane, like https://vienna.example.com; warrants name it as their issuer"
        )
