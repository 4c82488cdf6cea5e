"""Which addresses the gate may connect to, judged where names become addresses.

1. Refused always: metadata services, the control plane, the gate itself. No setting opens them.
2. Refused unless ``private_networks`` names it: whatever is not public unicast.
3. An address that carries another one (v4-mapped, v4-compatible, NAT64, 6to4, Teredo, ISATAP) is judged as both.
4. One bad address among those of a name refuses the name: an answer that mixes public and private is an attack.
5. The judged addresses are the ones that are connected to; the name stays for the certificate. Every connection of
   this process passes, but those that our own channel makes (``exempt``).
6. Behind a company proxy nothing but that proxy is connected to. It resolves the names, so they alone are judged, and
   it is itself no place that a call may name.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from vienna_kernel.addresses import METADATA as _METADATA
from vienna_kernel.addresses import Address, carried
from vienna_kernel.addresses import is_public as _is_public
from vienna_kernel.verdict import Reason, Refused
from vienna_proxy.config import Network, network_or_host
from vienna_proxy.modes import host_and_port

_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "metadata", "instance-data"})

_VETTED_SECONDS = 120
_LOOPBACK = ipaddress.IPv4Address("127.0.0.1")
NEVER = "a name that never resolves"

_exempt: ContextVar[bool] = ContextVar("vienna_exempt", default=False)


@contextlib.contextmanager
def exempt() -> Iterator[None]:
    """Connections opened inside are our own way to the control plane."""
    token = _exempt.set(True)
    try:
        yield
    finally:
        _exempt.reset(token)


class AddressRefusedError(OSError):
    """Raised towards mitmproxy and aiohttp, which report it as a failed connection.

    Attributes:
        refused: The verdict.
    """

    MARK = "address refused by the gate"

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"{self.MARK}: {refused.detail}")
        self.refused = refused


def literal(host: str) -> Address | None:
    """The address that a host text is, in any spelling that a resolver would take as one."""
    text = host.removeprefix("[").removesuffix("]").partition("%")[0]
    if f".{text.lower().rstrip('.')}".endswith(".localhost"):  # RFC 6761 6.3: always loopback
        return _LOOPBACK
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    if not (text[:1].isdigit() and text[-1:].isalnum()):
        return None
    try:  # 127.1, 0x7f000001, 2130706433, 0177.0.0.1: inet_aton reads them all
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):
        return None


class AddressPolicy:
    """The rules of the module for one gate.

    Attributes:
        resolve: Overrides of dev and test: ``host`` or ``host:port`` to ``(address, port)``.
        hop: The company proxy, None where there is none.
    """

    def __init__(
        self,
        *,
        private: Iterable[str] = (),
        resolve: Mapping[str, str] | None = None,
        hop: tuple[str, int] | None = None,
    ) -> None:
        self._networks: list[Network] = []
        self._hosts: set[tuple[str, int]] = set()
        self.allow(private)
        self.resolve = {name.lower(): host_and_port(target) for name, target in (resolve or {}).items()}
        self.hop = hop
        self._ours: set[tuple[Address, int]] = set()
        self._our_names: set[tuple[str, int]] = set()
        self._our_local_ports: set[int] = set()

    def allow(self, private: Iterable[str]) -> None:
        """The rows of ``private_networks`` that hold from now on. Raises ``ValueError``, and changes nothing then."""
        entries = [network_or_host(row) for row in private]
        self._hosts = {entry for entry in entries if isinstance(entry, tuple)}
        self._networks = [entry for entry in entries if not isinstance(entry, tuple)]

    def forbid(self, address: str, port: int) -> None:
        """Never connect there: the control plane, or where we listen ourselves."""
        ip = ipaddress.ip_address(address.partition("%")[0])
        self._ours.add((ip, port))
        if ip.is_loopback or ip.is_unspecified or str(ip) in _own_addresses():
            self._our_local_ports.add(port)

    def forbid_name(self, host: str, port: int) -> None:
        """Never call that place by its name either: the control plane, where names are resolved elsewhere."""
        self._our_names.add((host.lower().rstrip("."), port))

    def is_hop(self, host: str, port: int) -> bool:
        """Whether this is the company proxy."""
        if self.hop is None or self.hop[1] != port:
            return False
        ours = literal(self.hop[0])
        return host.lower().rstrip(".") == self.hop[0] or (ours is not None and ours == literal(host))

    def mapped(self, host: str, port: int) -> tuple[str, int] | None:
        """Where ``resolve`` sends a name, None when it says nothing."""
        name = host.lower().rstrip(".")
        return self.resolve.get(f"{name}:{port}") or self.resolve.get(name)

    def judge_name(self, host: str, port: int) -> Refused | None:
        """What is refused before any name is resolved: metadata names, and literals that are not allowed."""
        name = host.lower().rstrip(".")
        if name in _METADATA_NAMES:
            return Refused(Reason.ADDRESS_REFUSED, f"{name} is a metadata service")
        if name.endswith(".invalid"):  # RFC 6761 6.4: never resolves; our canary is one of them
            return Refused(Reason.ADDRESS_REFUSED, NEVER)
        if (name, port) in self._our_names:
            return Refused(Reason.ADDRESS_REFUSED, f"{name}:{port} is the control plane")
        if self.is_hop(name, port):
            return Refused(Reason.ADDRESS_REFUSED, "the company proxy is not a place to call")
        if self.mapped(host, port) is not None:
            return None
        address = literal(host)
        return None if address is None else self.judge(host, address, port)

    def literal_allowed(self, host: str, port: int) -> bool:
        """Whether a call may name this address itself instead of a host name."""
        address = literal(host)
        if address is None or not self._is_listed(host, address, port):
            return False
        return self.judge(host, address, port) is None

    def judge_dial(self, host: str, port: int) -> Refused | None:
        """What is refused before this process looks a name up, or connects to an address that it did not look up."""
        if self.hop is None:
            return self.judge_name(host, port)
        if self.is_hop(host, port):
            return None
        return Refused(Reason.ADDRESS_REFUSED, "not by way of the company proxy")

    def judge_found(self, host: str, address: Address, port: int) -> Refused | None:
        """Whether ``address:port``, which this process found for ``host``, is refused."""
        return self.judge(host, address, port) if self.hop is None else self.judge_always(address, port)

    def judge(self, host: str | None, address: Address, port: int) -> Refused | None:
        """Whether ``address:port``, which ``host`` resolved to, is refused."""
        if (refused := self.judge_always(address, port)) is not None:
            return refused
        if all(_is_public(one) for one in carried(address)) or self._is_listed(host, address, port):
            return None
        return Refused(Reason.ADDRESS_REFUSED, f"{address} is not public and not among private_networks")

    def judge_always(self, address: Address, port: int) -> Refused | None:
        """Rule 1 alone: what no setting opens."""
        every = carried(address)
        if any(one in _METADATA for one in every):
            return Refused(Reason.ADDRESS_REFUSED, f"{address} is a metadata service")
        if any(self._is_ours(one, port) for one in every):
            return Refused(
                Reason.ADDRESS_REFUSED, f"{address}:{port} is the control plane or the gate itself"
            )
        return None

    def _is_ours(self, address: Address, port: int) -> bool:
        if (address, port) in self._ours:
            return True
        local = address.is_loopback or address.is_unspecified
        return port in self._our_local_ports and (local or str(address) in _own_addresses())

    def _is_listed(self, host: str | None, address: Address, port: int) -> bool:
        if host is not None and (host.lower().rstrip("."), port) in self._hosts:
            return True
        if (str(address), port) in self._hosts:
            return True
        return any(address in network for network in self._networks if network.version == address.version)


_addresses: tuple[float, frozenset[str]] = (0.0, frozenset())


def _own_addresses() -> frozenset[str]:
    """Addresses of this machine, as far as its own name tells; read again every minute."""
    global _addresses
    if time.monotonic() - _addresses[0] > 60 or not _addresses[1]:
        try:
            rows = socket.getaddrinfo(socket.gethostname(), None)
        except OSError:
            rows = []
        _addresses = (time.monotonic(), frozenset({str(row[4][0]) for row in rows} | {"127.0.0.1", "::1"}))
    return _addresses[1]


type Infos = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]]


class GuardedLoop(asyncio.SelectorEventLoop):
    """An event loop whose connections all pass an ``AddressPolicy``, once it has one."""

    policy: AddressPolicy | None = None

    def __init__(self) -> None:
        super().__init__()
        self._vetted: dict[tuple[str, int], float] = {}

    async def getaddrinfo(  # type: ignore[override]  # the stub leaves the key words out
        self, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Infos:
        """As the loop's own; every address is judged, and a name with one bad address has none."""
        policy = self.policy
        if policy is None or _exempt.get() or flags & socket.AI_PASSIVE:
            return await super().getaddrinfo(host, port, family=family, type=type, proto=proto, flags=flags)  # type: ignore[return-value]
        name = host.decode("ascii") if isinstance(host, bytes) else str(host)
        if (target := policy.mapped(name, int(port))) is not None:
            infos = await super().getaddrinfo(*target, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            self._vet(policy, name, infos, mapped=True)
            return infos  # type: ignore[return-value]
        if (refused := policy.judge_dial(name, int(port))) is not None:
            raise AddressRefusedError(refused)
        infos = await super().getaddrinfo(host, port, family=family, type=type, proto=proto, flags=flags)
        self._vet(policy, name, infos, mapped=False)
        return infos  # type: ignore[return-value]

    def _vet(self, policy: AddressPolicy, host: str, infos: Iterable[Any], *, mapped: bool) -> None:
        now = time.monotonic()
        pairs = [(str(row[4][0]), int(row[4][1])) for row in infos]
        for text, port in pairs:
            address = ipaddress.ip_address(text.partition("%")[0])
            refused = (
                policy.judge_always(address, port) if mapped else policy.judge_found(host, address, port)
            )
            if refused is not None:
                raise AddressRefusedError(refused)
        if len(self._vetted) > 1024:
            self._vetted = {pair: until for pair, until in self._vetted.items() if until > now}
        self._vetted |= dict.fromkeys(pairs, now + _VETTED_SECONDS)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """As the loop's own; the last place where an address passes, literals among them."""
        policy = self.policy
        if policy is not None and not _exempt.get() and sock.family in (socket.AF_INET, socket.AF_INET6):
            pair = str(address[0]), int(address[1])
            if self._vetted.get(pair, 0.0) < time.monotonic():
                ip = literal(pair[0])
                refused: Refused | None = Refused(Reason.ADDRESS_REFUSED, "not an address")
                if ip is not None:
                    refused = policy.judge_dial(*pair) or policy.judge_found(pair[0], ip, pair[1])
                if refused is not None:
                    raise AddressRefusedError(refused)
        await super().sock_connect(sock, address)
