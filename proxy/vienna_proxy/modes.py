"""Modes: how an agent comes to a listener of the gate, and what names the place of its calls there.

* ``regular``: an HTTP proxy. The agent names the place, by CONNECT or in the target of a plain request.
* ``reverse:https://api.example[:port]``: the API itself, as far as the agent knows. Every call goes to that one place.
* ``transparent``: nothing at all, as far as the agent knows: its connections are redirected here. SNI or Host names
  the place, the port is the one it dialled. The address that it dialled is not used: names are resolved here.

Each may be followed by ``@host:port``, where it listens; without, that is ``gate.listen``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vienna_kernel.call.authority import DEFAULT_PORTS, Authority, parse_authority
from vienna_kernel.verdict import Refused


class Kind(StrEnum):
    """What a listener is to the agent."""

    REGULAR = "regular"
    REVERSE = "reverse"
    TRANSPARENT = "transparent"


@dataclass(frozen=True, slots=True)
class Mode:
    """One listener.

    Attributes:
        scheme: ``http`` or ``https``, towards ``target``; empty unless reverse.
        target: The one place of a reverse listener.
        listen: Where; None for ``gate.listen``.
    """

    kind: Kind
    scheme: str = ""
    target: Authority | None = None
    listen: tuple[str, int] | None = None

    @property
    def spec(self) -> str:
        """As mitmproxy spells it. There ``https`` would open a port for QUIC as well; ``tls`` does not."""
        text = str(self.kind)
        if self.target is not None:
            scheme = "tls" if self.scheme == "https" else "http"
            text += f":{scheme}://{self.target.bracketed}:{self.target.port}"
        return text if self.listen is None else f"{text}@{self.listen[0]}:{self.listen[1]}"

    def __str__(self) -> str:
        return (
            str(self.kind)
            if self.target is None
            else f"{self.kind}:{self.scheme}://{self.target.shown(self.scheme)}"
        )


def host_and_port(text: str) -> tuple[str, int]:
    """``("127.0.0.1", 8888)`` of ``127.0.0.1:8888`` or ``[::1]:8888``. Raises ``ValueError``."""
    host, found, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not found or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"expected host:port, like 127.0.0.1:8888, got {text!r}")
    return host, int(port)


def parse_mode(text: str) -> Mode:
    """The mode that a setting names. Raises ``ValueError``."""
    name, at, where = text.partition("@")
    listen = host_and_port(where) if at else None
    kind, colon, rest = name.partition(":")
    if kind == Kind.REVERSE:
        scheme, target = _target(rest)
        return Mode(Kind.REVERSE, scheme, target, listen)
    if kind not in Kind or colon:
        raise ValueError(f"expected regular, transparent or reverse:https://host, got {text!r}")
    return Mode(Kind(kind), listen=listen)


def _target(text: str) -> tuple[str, Authority]:
    scheme, found, authority = text.partition("://")
    if not found or scheme not in DEFAULT_PORTS:
        raise ValueError(f"expected reverse:https://host or reverse:http://host, got {text!r}")
    place = parse_authority(authority, scheme)
    if isinstance(place, Refused):
        raise ValueError(f"expected host or host:port behind {scheme}://, got {authority!r}: {place.detail}")
    return scheme, place


def parse_modes(value: str | list[str] | tuple[str, ...]) -> tuple[Mode, ...]:
    """One mode or several, each at an address of its own. Raises ``ValueError``."""
    found = tuple(parse_mode(text) for text in ((value,) if isinstance(value, str) else value))
    if not found:
        raise ValueError("expected at least one mode")
    if len({mode.listen for mode in found}) < len(found):
        raise ValueError(
            "two modes listen at the same address; give each its own, like transparent@127.0.0.1:15001"
        )
    return found
