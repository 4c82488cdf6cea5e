"""Settings of the gate: section ``gate`` of vienna.yaml, read once at start, passed down.

1. Precedence: flag, then file, then default. Paths in a file are relative to it.
2. An unknown key stops the start with file, line, column and the nearest known key.
3. What this version cannot do stops the start too: a setting is never silently ignored.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from vienna_kernel.document import DocumentError, parse, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.settings import TelemetryConfig, sections, traces_url
from vienna_proxy.modes import Mode, host_and_port, parse_modes
from vienna_proxy.ports import StartError
from vienna_proxy.transport.next_hop import NextHop, parse_hop

ENVIRONMENTS = ("prod", "staging", "test", "dev")

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*\Z")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HoldConfig(_Section):
    """Section ``gate.hold``.

    Attributes:
        max_seconds: Longest time a caller is kept waiting for people.
        heartbeat: ``auto``: interim responses of the kind the client bears; ``off``: none, and the hold ends
            before the client's own patience does.
        pending_status: What a caller is told when its time is over: 403, at which all clients stop, or 429, at which
            many wait and try again by themselves, and so find their place.
    """

    max_seconds: Annotated[float, Field(gt=0, le=86400)] = 600
    heartbeat: Literal["auto", "off"] = "auto"
    pending_status: Literal[403, 429] = 403

    @field_validator("heartbeat", mode="before")
    @classmethod
    def _off(cls, value: Any) -> Any:
        return "off" if value is False else value


class BodyConfig(_Section):
    """Section ``gate.body``.

    Attributes:
        inspect_max_bytes: Largest request body that is read, unless the mapping says otherwise; larger answers are
            streamed.
        inflight_max_bytes: Request bodies in memory, all calls together.
    """

    inspect_max_bytes: Annotated[int, Field(ge=1024, le=1 << 31)] = 10 * 1024 * 1024
    inflight_max_bytes: Annotated[int, Field(ge=1024, le=1 << 34)] = 128 * 1024 * 1024


class UpstreamConfig(_Section):
    """Section ``gate.upstream``: how long an upstream may keep a call waiting. Models think for minutes, so the
    defaults do not cut off what mitmproxy would have borne.

    Attributes:
        connect_seconds: Until it is connected to, its name resolved and its TLS up.
        first_byte_seconds: From the last byte of the request to the head of the answer; interim answers do not count.
        idle_seconds: Between two pieces of an answer's body.
    """

    connect_seconds: Annotated[float, Field(gt=0, le=300)] = 10
    first_byte_seconds: Annotated[float, Field(gt=0, le=86400)] = 600
    idle_seconds: Annotated[float, Field(gt=0, le=86400)] = 600


class ConsentConfig(_Section):
    """Section ``gate.consent``: what people must have agreed to by passkey, whatever the control plane says.

    Attributes:
        roster: File of the pinned roster (``vienna roster export``); None: nothing is asked for here.
        passkey_from: The lowest tier at which it is asked for.
        actions: Names of actions (``create_*``) for which it is, at whatever tier.
        requests: The same by ``METHOD host/path`` with ``*``: what no mapping can call something else.
    """

    roster: Path | None = None
    passkey_from: Literal["T0", "T1", "T2", "T3"] = "T2"
    actions: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    requests: tuple[Annotated[str, Field(pattern=r"^[A-Z*]+ \S+$", max_length=2000)], ...] = ()


class GateConfig(_Section):
    """Section ``gate`` of vienna.yaml.

    Attributes:
        listen: ``host:port``; port 0 takes a free one.
        mode: One or several of ``modes``; one of them may be at ``listen``, the others say where they are.
        control: ``http(s)://host[:port]`` or ``unix:///path`` of the control plane.
        control_ca: PEM file of the CA that vouches for an ``https`` control plane; None: the public ones.
        agent: Name of the agent this sidecar speaks for.
        key_file: File with the join token.
        upstream_ca: PEM file trusted towards upstreams, besides the public roots.
        private_networks: ``host:port`` or CIDR that may be called though it is not public.
        passthrough: Hosts whose TLS is not opened.
        enforcement: What holds is what the control plane signed for the agent (``vienna agents promote``). Said here
            and enforced less there, the gate does not start; enforced more there, it says so.
        upstream_proxy: ``http://[user:password@]host:port`` of the one proxy that every call leaves by.
        hosts: Further hosts for shipped mappings, by mapping id.
        local_t0: Accepted; this version asks the control plane for every call.
        resolve: ``host`` or ``host:port`` to ``address:port``; dev and test only.
        state_dir: Folder of the spool and the public root certificate; made with mode 0700.
        admin_listen: ``host:port`` of metrics and health; None: there are none.
    """

    listen: str = "127.0.0.1:8888"
    mode: str | tuple[str, ...] = "regular"
    control: str = "http://127.0.0.1:8080"
    control_ca: Path | None = None
    agent: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")] = "default-agent"
    key_file: Path | None = None
    upstream_ca: Path | None = None
    private_networks: tuple[str, ...] = ()
    passthrough: tuple[str, ...] = ()
    enforcement: Literal["observe", "enforce_high", "enforce"] = "enforce"
    hold: HoldConfig = HoldConfig()
    consent: ConsentConfig = ConsentConfig()
    body: BodyConfig = BodyConfig()
    upstream: UpstreamConfig = UpstreamConfig()
    upstream_proxy: SecretStr | None = None
    hosts: Mapping[str, tuple[str, ...]] = {}
    local_t0: bool = True
    resolve: Mapping[str, str] = {}
    state_dir: Path = Path("vienna-data/gate")
    admin_listen: str | None = None

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """``mode``, read."""
        return parse_modes(self.mode)

    @cached_property
    def hop(self) -> NextHop | None:
        """``upstream_proxy``, read."""
        return None if self.upstream_proxy is None else parse_hop(self.upstream_proxy.get_secret_value())

    @field_validator("listen", "admin_listen")
    @classmethod
    def _listen(cls, value: str | None) -> str | None:
        if value is not None:
            host_and_port(value)
        return value

    @field_validator("mode")
    @classmethod
    def _mode(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        parse_modes(value)
        return value

    @field_validator("control")
    @classmethod
    def _control(cls, value: str) -> str:
        if not re.match(r"(https?://[^/\s?#@]+|unix:///\S+)\Z", value.rstrip("/")):
            raise ValueError(
                "expected http://host:port, https://host or unix:///path, without a path behind it"
            )
        return value.rstrip("/")

    @field_validator("upstream_proxy", mode="before")
    @classmethod
    def _upstream_proxy(cls, value: Any) -> Any:
        # Before anything else looks at it: what is wrong with a value of another type would quote it.
        if value is not None and not isinstance(value, SecretStr):
            parse_hop(value if isinstance(value, str) else "")
        return value

    @field_validator("private_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for row in value:
            network_or_host(row)
        return value

    @field_validator("passthrough")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for row in value:
            if not _HOST.match(row):
                raise ValueError(f"expected a lower-case host name, got {row!r}")
        return value

    @field_validator("resolve")
    @classmethod
    def _resolve(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for target in value.values():
            ipaddress.ip_address(host_and_port(target)[0])
        return value


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the process was told.

    Attributes:
        gate: The section, flags applied, paths absolute.
        env: ``prod``, ``staging``, ``test`` or ``dev`` (VIENNA_ENV).
        log_level: VIENNA_LOG_LEVEL.
        traces_url: Where traces go, by OTLP over HTTP; None: nowhere.
    """

    gate: GateConfig
    env: str = "prod"
    log_level: str = "info"
    traces_url: str | None = None

    @property
    def lenient(self) -> bool:
        """Whether what is for development and tests only is accepted."""
        return self.env in ("dev", "test")


type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_or_host(text: str) -> Network | tuple[str, int]:
    """A row of ``private_networks``: a CIDR, or a host (name or address) and its port. Raises ``ValueError``."""
    if "/" in text:
        return ipaddress.ip_network(text)
    host, port = host_and_port(text)
    if port == 0:
        raise ValueError(f"expected a port from 1 to 65535, got {text!r}")
    return host.lower().rstrip("."), port


def load(*, file: Path | None, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Settings from all sources; ``flags`` are keys of the section, None where not given.

    Raises ``StartError`` with everything that is wrong with the first bad source.
    """
    section, telemetry = _read_file(file) if file else (GateConfig(), TelemetryConfig())
    base = file.resolve().parent if file else Path.cwd()
    values: dict[str, Any] = {name: getattr(section, name) for name in section.model_fields_set}
    for name in ("control_ca", "key_file", "upstream_ca", "state_dir"):
        if (place := getattr(section, name)) is not None:
            values[name] = base / place
    values |= {name: value for name, value in flags.items() if value is not None}
    try:
        gate = _absolute(GateConfig.model_validate(values), base)
    except ValidationError as error:
        row = error.errors(include_url=False)[0]
        raise StartError(f"--{str(row['loc'][0]).replace('_', '-')}: {row['msg']}") from None
    env = environ.get("VIENNA_ENV") or "prod"
    if env not in ENVIRONMENTS:
        raise StartError(f"VIENNA_ENV: expected one of {', '.join(ENVIRONMENTS)}, got {env!r}")
    level = (environ.get("VIENNA_LOG_LEVEL") or "info").lower()
    settings = Settings(gate, env, level, traces_url(telemetry, environ))
    _refuse_unsafe(settings)
    return settings


def _absolute(gate: GateConfig, base: Path) -> GateConfig:
    """The pinned roster's path relative to the file as well."""
    if gate.consent.roster is None:
        return gate
    consent = gate.consent.model_copy(update={"roster": base / gate.consent.roster})
    return gate.model_copy(update={"consent": consent})


def _refuse_unsafe(settings: Settings) -> None:
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise StartError("VIENNA_LOG_LEVEL: expected debug, info, warning or error")
    consent = settings.gate.consent
    if consent.roster is None and consent.model_fields_set - {"roster"}:
        raise StartError(
            "gate.consent has no effect without gate.consent.roster: pin one, or remove the section"
        )
    if settings.gate.resolve and not settings.lenient:
        raise StartError(
            f"gate.resolve is for dev and test only, and VIENNA_ENV is {settings.env}: remove it"
        )
    if settings.gate.resolve and settings.gate.upstream_proxy is not None:
        raise StartError(
            "gate.resolve has no effect behind gate.upstream_proxy, which resolves names: remove one"
        )


def _read_file(file: Path) -> tuple[GateConfig, TelemetryConfig]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StartError(f"cannot read {file}: {error.strerror}") from None
    try:
        found = sections(parse(data, name=str(file)), {"gate", "telemetry"})
        gate, telemetry = found.child("gate"), found.child("telemetry")
        return (
            GateConfig() if gate.data is None else read(GateConfig, gate),
            TelemetryConfig() if telemetry.data is None else read(TelemetryConfig, telemetry),
        )
    except DocumentError as error:
        raise StartError("; ".join(str(item) for item in error.errors)) from None
    except MalformedError as error:
        raise StartError(str(error)) from None
