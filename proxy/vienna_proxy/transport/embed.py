"""mitmproxy around the gate: an event loop and a proxy core with a closed list of addons and options.

mitmproxy is an inspection tool and fails open by design. So its command line, its configuration files and its
script loading are not here; every option that could let something past is asserted before the gate listens and for
as long as it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import certifi
import structlog
from mitmproxy import certs, ctx, hooks, options, platform
from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons import proxyserver, tlsconfig
from mitmproxy.master import Master
from mitmproxy.platform import linux
from mitmproxy.utils import asyncio_utils

from vienna_proxy.config import GateConfig
from vienna_proxy.modes import Kind, Mode, host_and_port
from vienna_proxy.ports import StartError
from vienna_proxy.transport import names
from vienna_proxy.transport.canary import Listener
from vienna_proxy.transport.doors import NextLayer

log = structlog.get_logger()

ASSERT_SECONDS = 5.0
_PREFIX = "vienna-gate"

# Absent or equal: with few addons, some of these options do not exist.
REQUIRED: Mapping[str, object] = {
    "add_upstream_certs_to_client_chain": False,
    "allow_hosts": [],
    "body_size_limit": None,
    "certs": [],
    "client_certs": None,
    "connection_strategy": "lazy",
    "http2": False,
    "http3": False,
    "ignore_hosts": [],
    "keep_host_header": False,
    "onboarding": False,
    "proxy_debug": False,
    "rawtcp": False,
    "request_client_cert": False,
    "scripts": [],
    "ssl_insecure": False,
    "store_streamed_bodies": False,
    "stream_large_bodies": None,
    "tcp_hosts": [],
    "udp_hosts": [],
    "upstream_cert": False,
    "validate_inbound_headers": True,
    "websocket": False,
}
_ADDONS = ("proxyserver", "nextlayer", "tlsconfig", "gate", "sockets", "peers")


class TlsConfig(tlsconfig.TlsConfig):
    """mitmproxy's TLS, without the hook that answers requests for a revocation list by itself, and without a CA of
    its own making: there is none until the gate is enrolled.
    """

    name = "tlsconfig"
    request = None  # type: ignore[assignment]

    def configure(self, updated: Any) -> None:
        if (Path(ctx.options.confdir) / f"{options.CONF_BASENAME}-ca.pem").exists():
            super().configure(updated)  # type: ignore[no-untyped-call]


class Addons(AddonManager):
    """mitmproxy's addon manager, without the second round after each hook, which none of our addons listens to."""

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        await self.trigger_event(event)


def private_folder(state_dir: Path) -> Path:
    """A fresh folder of mode 0700 for key material, in memory where there is ``/dev/shm``."""
    memory = Path("/dev/shm")  # noqa: S108  # made by mkdtemp, owned and readable by us alone
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else state_dir
    _sweep(parent)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}-{os.getpid()}-", dir=parent))


def _sweep(parent: Path) -> None:
    """Remove what gates that were killed left there."""
    for folder in parent.glob(f"{_PREFIX}-*"):
        pid = folder.name.removeprefix(f"{_PREFIX}-").partition("-")[0]
        with contextlib.suppress(FileNotFoundError):  # another gate that starts sweeps too
            if folder.stat().st_uid == os.getuid() and pid.isdigit() and not Path(f"/proc/{pid}").exists():
                shutil.rmtree(folder, ignore_errors=True)


def write_ca(folder: Path, *, key: bytes, chain: str) -> None:
    """The file mitmproxy reads: private key, intermediate, root."""
    file = folder / f"{options.CONF_BASENAME}-ca.pem"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(key + chain.encode())
    (folder / f"{options.CONF_BASENAME}-dhparam.pem").write_bytes(certs.DEFAULT_DHPARAM)


def write_trust(folder: Path, upstream_ca: Path | None) -> Path | None:
    """The public roots and one more, as one file; None when there is no further one. Raises ``StartError``."""
    if upstream_ca is None:
        return None
    try:
        extra = upstream_ca.read_bytes()
    except OSError as error:
        raise StartError(f"cannot read gate.upstream_ca {upstream_ca}: {error.strerror}") from None
    if b"-----BEGIN CERTIFICATE-----" not in extra:
        raise StartError(f"gate.upstream_ca {upstream_ca} holds no PEM certificate")
    file = folder / "upstream.pem"
    file.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + extra)
    return file


class Embedded(Master):
    """mitmproxy's core for one gate.

    Args:
        config: Where it listens, as what, and the company proxy behind it.
        silence_seconds: How long both sides of a call may be silent; mitmproxy ends the agent's connection then, so
            it has to be longer than what an upstream is given.
    """

    def __init__(
        self, config: GateConfig, *, folder: Path, trust: Path | None, silence_seconds: float
    ) -> None:
        super().__init__(options.Options())
        self.addons = Addons(self)  # type: ignore[no-untyped-call]
        self.proxyserver = proxyserver.Proxyserver()  # type: ignore[no-untyped-call]
        self._modes = config.modes
        self._names: list[asyncio.DatagramTransport] = []
        self.doors = NextLayer(None if config.hop is None else (config.hop.host, config.hop.port))
        self.tls = TlsConfig()
        self.addons.add(self.proxyserver, self.doors, self.tls)  # type: ignore[no-untyped-call]
        given: dict[str, Any] = {name: value for name, value in REQUIRED.items() if name in self.options}
        host, port = host_and_port(config.listen)
        held = {"confdir": str(folder), "mode": [mode.spec for mode in self._modes]}
        given |= {"listen_host": host, "listen_port": port, **held}
        given["tcp_timeout"] = math.ceil(silence_seconds)
        given["ssl_verify_upstream_trusted_ca"] = None if trust is None else str(trust)
        if any(mode.kind is Kind.TRANSPARENT for mode in self._modes):
            platform.original_addr = _dialled
        self.options.update(**given)  # type: ignore[no-untyped-call]
        self._asserted = {**REQUIRED, **held}

    def tell_changes(self, tell: Callable[[str], None]) -> None:
        """Call ``tell`` with what stands otherwise than it must, at the moment when an option is changed."""

        def changed(updated: set[str]) -> None:
            if (wrong := self.wrong()) is not None:
                tell(wrong)

        self._changed = changed  # the signal itself holds it weakly
        self.options.changed.connect(changed)

    def complete(self, *gate: object) -> None:
        """Add the last addons: those of the gate."""
        self.addons.add(*gate)  # type: ignore[no-untyped-call]

    def wrong(self) -> str | None:
        """What stands otherwise than it must, None when all is well."""
        for name, value in self._asserted.items():
            if name in self.options and getattr(self.options, name) != value:
                return f"option {name} is {getattr(self.options, name)!r}"
        names = tuple(getattr(one, "name", type(one).__name__.lower()) for one in self.addons.chain)
        return None if names == _ADDONS else f"addons are {', '.join(names)}"

    def change_folder(self, folder: Path) -> None:
        """Go on with the CA in another folder; mitmproxy keeps what it read from the old one by path."""
        self._asserted = {**self._asserted, "confdir": str(folder)}
        self.options.update(confdir=str(folder))  # type: ignore[no-untyped-call]

    async def listen(self) -> list[Listener]:
        """Open the ports; where they are, in the order of the setting. Raises ``StartError``."""
        if (wrong := self.wrong()) is not None:
            raise StartError(f"mitmproxy is not set up as it must be: {wrong}")
        await self.running()
        opened = await self.proxyserver.setup_servers()
        found = []
        for mode, instance in zip(self._modes, self.proxyserver.servers, strict=True):
            if not opened and instance.last_exception is not None:
                raise StartError(self._occupied(mode, instance.last_exception))
            found += [Listener(mode, str(host), int(port)) for host, port, *_ in instance.listen_addrs]
            if mode.kind is Kind.TRANSPARENT:
                await self._name(mode, found[-1])
        if not opened:
            raise StartError("cannot listen")
        return found

    async def _name(self, mode: Mode, listener: Listener) -> None:
        try:
            self._names.append(await names.listen((listener.host, listener.port)))
        except OSError as error:
            raise StartError(self._occupied(mode, error)) from None

    def _occupied(self, mode: Mode, error: Exception) -> str:
        host, port = mode.listen or (self.options.listen_host, self.options.listen_port)
        number = getattr(error, "errno", None)
        why = "no reason was given" if number is None else os.strerror(number)
        return (
            f"cannot listen on {host}:{port}: {why}; choose another with --listen, gate.listen or gate.mode"
        )

    async def stop_listening(self) -> None:
        """Close the ports; connections go on."""
        for transport in self._names:
            transport.close()
        for instance in self.proxyserver.servers:
            if instance.is_running:
                await instance.stop()


def _dialled(connection: socket.socket) -> tuple[str, int]:
    """Where the agent means to be connected; where nothing redirected it, that is here."""
    try:
        return linux.original_addr(connection)
    except OSError:
        host, port = connection.getsockname()[:2]
        return str(host), int(port)


@contextlib.contextmanager
def mitmproxy_loop() -> Iterator[None]:
    """The running loop as mitmproxy wants it: tasks start at once; what they raise unseen is logged."""
    with asyncio_utils.install_exception_handler(_unseen), asyncio_utils.set_eager_task_factory():
        yield


def _unseen(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("task.raised", error=type(error).__name__, what=str(context.get("message", ""))[:120])
