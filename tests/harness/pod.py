"""A pod of real network namespaces: the agent and its gate in one, the world in another, one cable between them.

Nothing leaves this machine: the world has no further cable. It needs root, ``ip`` of iproute2, ``nft`` of nftables and
``setpriv`` of util-linux.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

GATE_UID, AGENT_UID = 1337, 1000
WORLD, POD = "10.77.0.1", "10.77.0.2"
WORLD_6, POD_6 = "fd77::1", "fd77::2"
DISCARD, ECHO_OPEN = 9, 7
"""Ports of the world: it takes everything and says nothing; it never hangs up, though it was hung up on."""

_NEEDED = ("ip", "nft", "setpriv", "unshare")


def missing() -> str | None:
    """Why there can be no pod here, None when there can."""
    if absent := [name for name in _NEEDED if shutil.which(name) is None]:
        return f"not installed: {', '.join(absent)}"
    if os.geteuid() != 0:
        return "only root makes network namespaces with users of their own"
    done = subprocess.run(["unshare", "-n", "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip() or "unshare -n does not work" if done.returncode else None


def as_user(uid: int, *capabilities: str) -> list[str]:
    """The start of a command that runs as that user, with no capability but those."""
    caps = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    user = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--no-new-privs"]
    return [*user, "--inh-caps", caps, "--ambient-caps", caps, "--bounding-set", caps]


class Pod:
    """Start with ``with Pod() as pod:``."""

    def __init__(self) -> None:
        tag = f"{os.getpid()}-{secrets.token_hex(3)}"
        self.name, self.world = f"vpod-{tag}", f"vworld-{tag}"
        self._resolver = Path("/etc/netns") / self.name

    def __enter__(self) -> Pod:
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self) -> None:
        cable = f"v{secrets.token_hex(4)}"
        for name in (self.name, self.world):
            _ip("netns", "add", name)
        # ``ip netns exec`` puts it in the place of /etc/resolv.conf: a resolver out in the world
        self._resolver.mkdir(parents=True)
        (self._resolver / "resolv.conf").write_text(f"nameserver {WORLD}\noptions timeout:1 attempts:1\n")
        _ip(
            "-n", self.name, "link", "add", "eth0", "type", "veth", "peer", "name", cable, "netns", self.world
        )
        for name, link, four, six in ((self.name, "eth0", POD, POD_6), (self.world, cable, WORLD, WORLD_6)):
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "address", "add", f"{four}/24", "dev", link)
            _ip("-n", name, "address", "add", f"{six}/64", "dev", link, "nodad")
            _ip("-n", name, "link", "set", link, "up")
        for family, via in (("-4", WORLD), ("-6", WORLD_6)):
            _ip("-n", self.name, family, "route", "add", "default", "via", via)
        self.run(["sh", "-c", "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range"])  # anybody may ping

    def __exit__(self, *_: object) -> None:
        for name in (self.name, self.world):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
        shutil.rmtree(self._resolver, ignore_errors=True)

    def inside(self, uid: int | None = None, *capabilities: str) -> list[str]:
        """The start of a command that runs in the pod."""
        user = [] if uid is None else as_user(uid, *capabilities)
        return ["ip", "netns", "exec", self.name, *user]

    def run(
        self, command: list[str], *, uid: int | None = None, **rest: object
    ) -> subprocess.CompletedProcess[str]:
        """A program in the pod, as root or as a user who may read everything. Errors: ``AssertionError``."""
        done = self.attempt(command, uid=uid, **rest)
        assert done.returncode == 0, done
        return done

    def attempt(
        self, command: list[str], *, uid: int | None = None, **rest: object
    ) -> subprocess.CompletedProcess[str]:
        """The same, whatever becomes of it."""
        start = self.inside(uid) if uid is None else self.inside(uid, "dac_read_search")
        return subprocess.run(  # type: ignore[call-overload]
            [*start, *command], capture_output=True, text=True, timeout=60, check=False, **rest
        )

    def syns(self, port: int) -> int:
        """How often a connection to that port of the world was begun, as its network card saw it."""
        rules = (
            "table inet seen { counter syn { }; chain in { type filter hook input priority 0; tcp dport PORT"
        )
        rules += " tcp flags & (syn | ack) == syn counter name syn; }; }"
        start = ["ip", "netns", "exec", self.world, "nft"]
        told = subprocess.run(
            [*start, "-j", "list", "counters"], capture_output=True, text=True, check=True
        ).stdout
        found = [row["counter"]["packets"] for row in json.loads(told)["nftables"] if "counter" in row]
        if not found:
            subprocess.run([*start, "-f", "-"], input=rules.replace("PORT", str(port)), text=True, check=True)
        return int(found[0]) if found else 0

    def redirect(self, verb: str, *options: str) -> None:
        """``vienna redirect`` in the pod, as its init container has it."""
        self.run([sys.executable, "-m", "vienna_proxy.redirect", verb, *options])

    def try_out(
        self, way: str, host: str, port: int, *, uid: int = AGENT_UID, source: int = 0, seconds: float = 2
    ) -> str:
        """What an agent's program gets back by that way: ``out`` if the world answered it.

        ``way``: ``tcp``, ``udp`` or ``icmp``; ``source``: the port to send from; ``seconds``: how long it waits, for
        what is dropped all of them.
        """
        told = {"way": way, "host": host, "port": port, "source": source, "seconds": seconds}
        return self._probe(told, uid)

    def gets_out(self, way: str, host: str, port: int, *, uid: int = AGENT_UID, source: int = 0) -> bool:
        """Whether the world answers by that way, however slow it is."""
        return self.try_out(way, host, port, uid=uid, source=source, seconds=30) == "out"

    def pour(self, size: int, *, uid: int) -> None:
        """Send so many bytes to ``DISCARD`` and close at once, before they can have arrived."""
        told = {"way": "bulk", "host": WORLD, "port": DISCARD, "source": 0, "seconds": 30, "size": size}
        assert self._probe(told, uid) == "sent"

    def _probe(self, told: dict[str, object], uid: int) -> str:
        done = self.attempt([sys.executable, "-c", _PROBE, json.dumps(told)], uid=uid)
        assert done.returncode == 0, done
        return done.stdout.strip()


# What the world says is "out", so nothing else that answers is taken for it.
_PROBE = """
import json, socket, sys
told = json.loads(sys.argv[1])
family = socket.AF_INET6 if ":" in told["host"] else socket.AF_INET
kind = socket.SOCK_STREAM if told["way"] in ("tcp", "bulk") else socket.SOCK_DGRAM
protocol = 0
if told["way"] == "icmp":
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
try:
    with socket.socket(family, kind, protocol) as ours:
        ours.settimeout(told["seconds"])
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ours.bind(("", told["source"]))
        ours.connect((told["host"], told["port"]))
        if told["way"] == "bulk":
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 21)
            ours.sendall(b"x" * told["size"])
            print("sent")
            sys.exit()
        if protocol:
            ours.send(bytes([128 if family == socket.AF_INET6 else 8, 0, 0, 0, 0, 0, 0, 1]) + b"out")
        else:
            ours.send(b"hello")
        said = ours.recv(512)
        print("out" if said.endswith(b"out") else f"answered {said[:40]!r}")
except OSError as error:
    print(type(error).__name__, error)
"""


def enter(namespace: str) -> None:
    """The calling thread is in that network from now on."""
    with open(f"/run/netns/{namespace}") as place:
        os.setns(place.fileno(), os.CLONE_NEWNET)


class Relay:
    """A Unix socket that leads to a TCP server here: files know no network namespaces."""

    def __init__(self, path: Path, target: Callable[[], tuple[str, int]]) -> None:
        self.path = path
        self._target = target

    def __enter__(self) -> Relay:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target())
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
