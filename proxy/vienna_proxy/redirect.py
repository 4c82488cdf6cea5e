"""``vienna redirect``: the kernel's rules that leave an agent no way out but a transparent listener of the gate.

For a network namespace of the agent's own, as a pod has: whatever runs there under another user than the gate is
bound, so that no user of the agent's choosing gets round it.

1. TCP over IPv4 to anywhere is redirected to the gate. While nobody listens there, connections are refused.
2. Questions for names are redirected there as well; they are answered without asking anyone (``transport.names``).
3. The loopback interface stays as it is: it leads nowhere else. Names asked for there are redirected all the same,
   since some container engines answer them there out of the world.
4. Answers to whoever called the agent leave by the ports that were named.
5. Everything else is refused: IPv6, UDP and with it QUIC, ICMP. Only the kernel sends what IPv6 needs on its own cable.

Packets of a TCP connection that a process has closed belong to no user any more, so the gate's connections are known by
a mark. What opens one always has a user, so that nobody takes over the ports of a connection that the gate has closed.

Root in that namespace with CAP_NET_ADMIN, CAP_NET_RAW or CAP_SETUID can undo or evade all of this: an agent is
run without them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vienna_proxy.ports import StartError

GATE_UID = 1337
GATE_PORT = 15001
_TABLE = "inet vienna"


@dataclass(frozen=True, slots=True)
class Redirect:
    """One rule set.

    Attributes:
        gate_uid: User that the gate runs as, and nothing else does.
        port: Where its transparent listener is, on 127.0.0.1.
        inbound: TCP ports at which the agent may be called.
    """

    gate_uid: int = GATE_UID
    port: int = GATE_PORT
    inbound: tuple[int, ...] = ()

    def render(self) -> str:
        """For ``nft -f``, which takes all of it or nothing; in the place of an earlier one."""
        ports = ", ".join(str(port) for port in self.inbound)
        called = f"tcp sport {{ {ports} }} ct direction reply accept" if ports else ""
        rules = f"""\
            table {_TABLE}
            delete table {_TABLE}
            table {_TABLE} {{
                chain steer {{
                    type nat hook output priority -101; policy accept;
                    meta skuid {self.gate_uid} accept
                    meta nfproto ipv4 meta l4proto {{ tcp, udp }} th dport 53 redirect to :{self.port}
                    ip daddr 127.0.0.0/8 accept
                    meta nfproto ipv4 meta l4proto tcp redirect to :{self.port}
                }}
                chain confine {{
                    type filter hook output priority 0; policy drop;
                    meta skuid {self.gate_uid} ct mark set {self.gate_uid} accept
                    tcp flags & (syn | ack) != syn ct mark {self.gate_uid} accept
                    oifname "lo" accept
                    ip daddr 127.0.0.0/8 accept
                    icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit }} accept
                    {called}
                    meta l4proto tcp counter reject with tcp reset
                    counter reject with icmpx admin-prohibited
                }}
            }}
        """
        return "".join(f"{line[12:]}\n" for line in rules.splitlines() if line.strip())


def _nft(*arguments: str, rules: str = "") -> None:
    try:
        done = subprocess.run(["nft", *arguments], input=rules, text=True, capture_output=True, check=False)  # noqa: S603, S607  # fixed words; the tool is where the system has it
    except FileNotFoundError:
        raise StartError("nft is not installed: the package is nftables") from None
    if done.returncode:
        raise StartError(f"nft refused: {' '.join(done.stderr.split())[:300] or f'code {done.returncode}'}")


def _print(redirect: Redirect) -> None:
    sys.stdout.write(redirect.render())


def _apply(redirect: Redirect) -> None:
    _nft("-f", "-", rules=redirect.render())


def _remove(redirect: Redirect) -> None:
    _nft("delete", "table", *_TABLE.split())


_VERBS: dict[str, Callable[[Redirect], None]] = {"print": _print, "apply": _apply, "remove": _remove}


def _number(text: str, *, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {most}, got {text!r}")
    return int(text)


def _port(text: str) -> int:
    return _number(text, most=65535)


def _uid(text: str) -> int:
    return _number(text, most=(1 << 32) - 2)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="vienna redirect",
        description="Rules that leave an agent no way out but the gate's transparent listener. Run it in the agent's"
        " own network namespace (an init container, ip netns exec), before the agent starts; never on a machine's own.",
    )
    parser.add_argument("verb", choices=list(_VERBS), help="say the rules, load them, or take them away")
    parser.add_argument(
        "--gate-uid", type=_uid, default=GATE_UID, metavar="UID", help="user that the gate runs as"
    )
    parser.add_argument(
        "--port", type=_port, default=GATE_PORT, metavar="N", help="port of its transparent listener"
    )
    parser.add_argument(
        "--inbound",
        type=_port,
        action="append",
        default=[],
        metavar="N",
        help="port at which the agent is called; may be repeated",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code: 0 done, 1 not done (and nothing was changed), 2 wrong usage."""
    options = _options(arguments)
    try:
        _VERBS[options.verb](Redirect(options.gate_uid, options.port, tuple(options.inbound)))
    except StartError as error:
        print(f"vienna redirect: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
