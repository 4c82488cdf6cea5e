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
from vienna_control.origins import FIELDS, KEY_FILE_VARIABLE, VARIABLES, Origin, origins
from vienna_control.ports import StartError
from vienna_control.section import Section
from vienna_control.tls import TlsConfig
from vienna_control.unsafe import unsafe
from vienna_kernel.document import DocumentError, parse, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.settings import TelemetryConfig, sections, traces_url

EMAIL = r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}"
"""Pattern of an e-mail address, as far as it is looked at."""
_EMAIL = re.compile(EMAIL + r"\Z")


class ControlConfig(Section):
    """Section ``control`` of vienna.yaml.

    Attributes:
        listen: ``host:port`` (port 0: a free one) or ``unix:///path``.
        data_dir: Folder of the database, generated keys and the CA; made with mode 0700. In a file: relative to it.
        database: ``postgresql://…``; unset: SQLite in the data directory.
        redis: ``redis://…``; unset: one process.
        policies: Files or folders of rules, tiers and mappings; in a file: relative to it. Unset: ``policies/``
            beside the file if it is there, else the shipped ones.
        default_action: What happens when no rule matches and the bundle names no default of its own.
        policy_two_person: Whether a change of policy by API waits for a second person; unset: in prod and staging.
        public_url: Where people reach the control plane (``https://…``): links, sessions, the issuer of warrants;
            ``prod`` and ``staging`` need it.
        break_glass: Whether one person of the group ``incident`` may stand for the quorum in an emergency.
        break_glass_passkey: Whether that takes a passkey and not a code; unset: in ``prod`` and ``staging``.
        admin_listen: ``host:port`` of metrics and health; unset: there are none.
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
        if value is not None and not re.match(r"https?://[^/\s?#@]+\Z", value.rstrip("/")):
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
    """Section ``bootstrap``: operators and agents of a first start, in ``dev`` and ``test`` only.

    Attributes:
        tenant: Whose they are, and whose the first ones are that a start makes.
        operators: People, with role, groups and what they log in with.
        agents: Agents, with their key, allowed actions and trust.
    """

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
        env: ``prod``, ``staging``, ``test`` or ``dev``: what may be made by itself, and what is refused.
        secret: Secret of the installation, under which everything stored is sealed; unset: made in ``data_dir/secret``.
        simulation: Whether ``/simulation`` answers, without any effect; true is refused outside dev and test.
        log_level: The least that is logged.
        cors_origin: The one further origin that may read the API in a browser.
        session_seconds: Absolute lifetime of a session.
        warrant_seconds: Ceiling of a warrant's lifetime where neither tier nor rule says less.
        warrant_algorithm: What warrants are signed with. With ``hmac-sha256`` whoever verifies one can forge one.
        allow_hmac_warrants: Take ``hmac-sha256`` outside dev and test too.
        strict_mappings: No mapping without a case for each action; unset: in prod and staging.
        max_agents: How many agents there may be.
        setup_token_file: File with what makes the first admin; unset: a token is made in the data directory.
        config_file: The file, for error messages and ``policies``.
        traces_url: Where traces go, by OTLP over HTTP; None: nowhere.
        origins: Where each setting was said, by its name; what is missing was said nowhere.
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
    origins: Mapping[str, Origin] = {}

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
    flags = {"control.listen": listen, "control.data_dir": data_dir}
    given = [name for name, value in flags.items() if value is not None]
    settings = _environment(environ, control, content, file, origins(content, environ, file, flags=given))
    _refuse_unsupported(settings)
    if not settings.lenient:
        _refuse_unsafe(settings)
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


_ENVIRONMENT = {name.removeprefix("control."): variable for name, variable in VARIABLES.items()}
_SETTINGS_ENVIRONMENT = {field: variable for variable, field in FIELDS.items() if field != "secret"}


def _with_port(listen: str, port: str) -> str:
    if listen.startswith("unix://"):
        raise StartError("PORT is set, but control.listen is a unix socket: unset one of them")
    return f"{listen.rpartition(':')[0]}:{port}"


def _environment(
    environ: Mapping[str, str],
    control: ControlConfig,
    content: _File,
    file: Path | None,
    said_in: Mapping[str, Origin],
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
            origins=said_in,
            **said,
        )
    except ValidationError as error:
        raise StartError(_complaint(error, _SETTINGS_ENVIRONMENT)) from None


def _secret(environ: Mapping[str, str]) -> SecretStr | None:
    if path := environ.get(KEY_FILE_VARIABLE):
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"cannot read {KEY_FILE_VARIABLE} {path}: {type(error).__name__}") from None
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


def _refuse_unsafe(settings: Settings) -> None:
    if (first := next(unsafe(settings), None)) is not None:
        raise StartError(f"{first.what}, and VIENNA_ENV is {settings.env}: {first.do}")
