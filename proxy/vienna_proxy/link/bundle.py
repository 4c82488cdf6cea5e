"""The signed snapshot that the gate works by: mappings, keys, its agent's rung; swapped as one, or not at all.

A bundle that does not verify or compile changes nothing: the one before it goes on, and the control plane, which
compares digests, refuses what was mapped by it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.keyring import Keyring
from vienna_kernel.mapping.kept import compiled
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.signing import BUNDLE_TYPE, jws_verify
from vienna_kernel.stop import Kind, Level, Stop
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.wire import StopRow
from vienna_proxy.link.enrol import Control, Identity, data_of
from vienna_proxy.link.stops import Signed, Stops
from vienna_proxy.ports import StartError, UnavailableError

_MAX_BYTES = 64 * 1024 * 1024
_HELD_PER_AGENT = 500
_FETCH_SECONDS = 10.0
_STOPPED = {"suspended": Reason.AGENT_SUSPENDED}

log = structlog.get_logger()

type Rung = Literal["observe", "enforce_high", "enforce"]
RUNGS: tuple[Rung, ...] = ("observe", "enforce_high", "enforce")  # each enforces more than the one before


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Agent(_Part):
    id: str
    name: str
    enforcement: Rung | None = None
    status: str = "active"


class _File(_Part):
    name: str
    text: str


class _Limits(_Part):
    held_per_agent: Annotated[int, Field(ge=1, le=1_000_000)] = _HELD_PER_AGENT


class _Counts(_Part):
    last: Annotated[int, Field(ge=0)] = 0
    count: Annotated[int, Field(ge=0)] = 0


class _Payload(_Part):
    v: Literal[1]
    digest: str
    env: str = "prod"
    agent: _Agent
    enforcement: Rung = "enforce"
    mappings: list[_File]
    hosts: dict[str, list[str]] = {}
    jwks: dict[str, Any]
    redaction_key: str
    private_networks: list[str] | None = None
    passthrough: list[str] | None = None
    limits: _Limits | None = None
    revoked: list[str] = []
    freeze: Annotated[list[StopRow], Field(max_length=10_000)] = []
    stops: _Counts = _Counts()
    rosters: list[dict[str, Any]] = []


@dataclass(frozen=True, slots=True)
class Bundle:
    """What the gate works by.

    Attributes:
        rung: How far this agent is enforced.
        stopped: Why nothing of this agent goes on, None when it is active.
        redaction_key: Keys the hashes that redacted values leave as.
        private_networks: None: the gate's own setting stands.
        rosters: Every version of the roster of approvers as the control plane hands it on; believed by nobody yet.
    """

    digest: str
    env: str
    agent_id: str
    agent_name: str
    rung: Rung
    stopped: Reason | None
    mappings: MappingSet
    keyring: Keyring
    redaction_key: bytes = field(repr=False)
    private_networks: tuple[str, ...] | None
    passthrough: frozenset[str] | None
    held_per_agent: int
    revoked: frozenset[str]
    stops: Signed
    rosters: tuple[Mapping[str, Any], ...] = ()

    def observes(self, tier: str) -> bool:
        """Whether a call of this tier may go under a warrant that only observes."""
        low = tier in (Tier.T0.value, Tier.T1.value)
        return self.rung == "observe" or (self.rung == "enforce_high" and low)


def open_bundle(token: str, keys: Keyring, hosts: Mapping[str, Sequence[str]]) -> Bundle:
    """A bundle from its token; ``hosts`` are further hosts for mappings, of this machine's file.

    Raises ``MalformedError``.
    """
    opened = jws_verify(token, keys, typ=BUNDLE_TYPE, max_bytes=_MAX_BYTES)
    if isinstance(opened, Refused):
        raise MalformedError("bundle", f"{opened.reason.value}: {opened.detail}")
    try:
        said = _Payload.model_validate_json(opened.payload)
        redaction_key = base64.b64decode(said.redaction_key, validate=True)
    except ValidationError as error:
        row = error.errors(include_url=False, include_input=False)[0]
        raise MalformedError("bundle /" + "/".join(map(str, row["loc"])), row["msg"]) from None
    except binascii.Error:
        raise MalformedError("bundle /redaction_key", "not base64") from None
    extra = {name: [*said.hosts.get(name, ()), *hosts.get(name, ())] for name in {*said.hosts, *hosts}}
    files = tuple([(file.name, file.text) for file in said.mappings])
    return Bundle(
        digest=said.digest,
        env=said.env,
        agent_id=said.agent.id,
        agent_name=said.agent.name,
        rung=said.agent.enforcement or said.enforcement,
        stopped=_stopped(said.agent.status),
        mappings=compiled(files, tuple([(name, tuple(extra[name])) for name in sorted(extra)])),
        keyring=Keyring.from_jwks(said.jwks),
        redaction_key=redaction_key,
        private_networks=None if said.private_networks is None else tuple(said.private_networks),
        passthrough=None if said.passthrough is None else frozenset(said.passthrough),
        held_per_agent=(said.limits or _Limits()).held_per_agent,
        revoked=frozenset(said.revoked),
        stops=Signed(tuple(map(_stop, said.freeze)), said.stops.last, said.stops.count),
        rosters=tuple(said.rosters),
    )


def _stop(row: StopRow) -> Stop:
    return Stop(n=row.n, kind=Kind(row.kind), level=Level(row.level), action=row.action, host=row.host)


def _stopped(status: str) -> Reason | None:
    """A standing that we do not know is none."""
    return None if status == "active" else _STOPPED.get(status, Reason.AGENT_UNKNOWN)


class Bundles:
    """The bundle of now, and its renewal.

    Attributes:
        current: What calls are judged by.
        stops: What of its agent is stopped.
        swapped: Told when there is another.
        stopped: Told the orders to stop that are new here.
    """

    current: Bundle

    def __init__(
        self, control: Control, identity: Callable[[], Identity], hosts: Mapping[str, Sequence[str]]
    ) -> None:
        self._control = control
        self._identity = identity
        self._hosts = hosts
        self._lock = asyncio.Lock()
        self._revoked: set[str] = set()
        self._confirmed_at: float | None = None
        self.stops = Stops()
        self.swapped: Callable[[Bundle], None] = lambda _bundle: None
        self.stopped: Callable[[Sequence[Stop]], None] = lambda _stops: None

    @property
    def age_seconds(self) -> float | None:
        """Since the control plane last gave or confirmed it; None: it has not yet."""
        return None if self._confirmed_at is None else time.monotonic() - self._confirmed_at

    def revoked(self, warrant_id: str) -> bool:
        """Whether the control plane called this warrant back."""
        return warrant_id in self._revoked

    def revoke(self, warrant_ids: Sequence[str]) -> None:
        """The control plane said so, ahead of the next bundle."""
        self._revoked.update(warrant_ids)

    def stop(self, rows: Sequence[StopRow]) -> None:
        """The control plane said so, ahead of the next bundle."""
        if fresh := self.stops.tell([_stop(row) for row in rows]):
            log.warning("gate.stopped", orders=[stop.n for stop in fresh])
            self.stopped(fresh)

    async def first(self) -> None:
        """Fetch the first one. Raises ``UnavailableError`` to try again, ``StartError`` when it has no reading."""
        try:
            self._take(await self._fetch())
        except MalformedError as error:
            raise StartError(f"the control plane's bundle is refused: {error}") from None

    async def refresh(self, digest: str = "") -> None:
        """Fetch a new one, unless ``digest`` names the one we have. The old one stays when that fails."""
        async with self._lock:
            if digest and self.current.digest == digest:
                self._confirmed_at = time.monotonic()
                return
            try:
                bundle = await self._fetch()
            except (UnavailableError, MalformedError) as error:
                log.error("bundle.refused", error=str(error)[:400], kept=self.current.digest)
                return
            self._confirmed_at = time.monotonic()
            if bundle.digest != self.current.digest or bundle.rung != self.current.rung:
                self._take(bundle)

    def _take(self, bundle: Bundle) -> None:
        self.current = bundle
        self._confirmed_at = time.monotonic()
        self._revoked |= bundle.revoked
        log.info("bundle.loaded", digest=bundle.digest, agent=bundle.agent_name, enforcement=bundle.rung)
        fresh = self.stops.sign(bundle.stops)
        self.swapped(bundle)
        if fresh:
            log.warning("gate.stopped", orders=[stop.n for stop in fresh])
            self.stopped(fresh)

    async def _fetch(self) -> Bundle:
        identity = self._identity()
        status, content, _ = await self._control.call(
            "GET", "/api/v1/sidecars/bundle", key=identity.api_key, seconds=_FETCH_SECONDS
        )
        if status != 200:
            raise UnavailableError("control", f"the bundle was answered with HTTP {status}")
        data = data_of(content)
        token = data.get("token") if isinstance(data, dict) else None
        if not isinstance(token, str):
            raise UnavailableError("control", "the bundle has no token")
        # Reading many mappings takes longer than a call may wait.
        return await asyncio.to_thread(open_bundle, token, identity.bundle_keys, self._hosts)
