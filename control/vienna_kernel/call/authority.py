"""Who a call is addressed to: one host and one port, or a refusal.

1. A name is lower-case ASCII in A-label form with one trailing dot taken off; anything else is not canonical. An
   ``xn--`` label is the one punycode of a normal lower-case text: others are second spellings. Only what
   a library has decoded for display (CONNECT, SNI) may come as Unicode, and only as that decodes; a header may not.
2. A name whose last label is a number is an IPv4 literal in some spelling (``127.1``, ``0x7f000001``,
   ``017700000001``): resolvers read them all, so all but the dotted quad are refused, and that one too unless
   allowed. An IPv6 literal must be in RFC 5952 form and must not wrap an IPv4 address.
3. CONNECT target, SNI, absolute-form authority and the one ``Host`` must name the same place.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from vienna_kernel.verdict import Reason, Refused

type LiteralJudge = Callable[[str, int], bool]

DEFAULT_PORTS = {"http": 80, "https": 443}

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_MAX_HOST_CHARS = 254  # a name of 253 (RFC 1035 2.3.4) and the trailing dot
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<name>[^\[\]:@/?#]+))(?::(?P<port>[0-9]*))?\Z")

# Addresses that carry an IPv4 address inside: another spelling of it (RFC 4291 2.5.5, 6052, 3056, 4380).
_WRAPPED = tuple(
    ipaddress.IPv6Network(net)
    for net in (
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
    )
)
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_ISATAP = frozenset(
    {0x5EFE, 0x200_5EFE}
)  # RFC 5214 6.1: these 32 bits, then the IPv4 address, under any prefix


@dataclass(frozen=True, slots=True)
class Authority:
    """One place.

    Attributes:
        host: Lower-case DNS name, dotted quad, or IPv6 address without brackets.
        port: 1 to 65535.
    """

    host: str
    port: int

    @property
    def bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def shown(self, scheme: str) -> str:
        """``host`` or ``host:port``, the scheme's default port left out."""
        return self.bracketed if DEFAULT_PORTS.get(scheme) == self.port else f"{self.bracketed}:{self.port}"


def no_literals(host: str, port: int) -> bool:
    """The default judge of IP literals: none is allowed."""
    return False


def _mismatch(detail: str) -> Refused:
    return Refused(Reason.TARGET_MISMATCH, detail)


def canonical_host(text: str) -> str | Refused:
    """A host as it is compared everywhere; IP literals only in their one canonical spelling.

    Unicode is read as a library decodes an A-label for display, and refused in any other spelling.
    """
    return _canonical(text) if len(text) <= _MAX_HOST_CHARS else _not_a_name()


@lru_cache(maxsize=4096)  # one request names its host three times, and the next one names it again
def _canonical(text: str) -> str | Refused:
    if not text.isascii():
        decoded, text = text, _encoded(text)
        if not text or _decoded(text) != decoded:
            return _not_a_name()
    text = text.lower()
    if ":" in text:
        return _canonical_v6(text)
    text = text.removesuffix(".")
    if len(text) > 253 or not _NAME.match(text):
        return _not_a_name()
    if "xn--" in text and not all(_is_canonical_label(label) for label in text.split(".")):
        return Refused(Reason.TARGET_NOT_CANONICAL, "an xn-- label that is another spelling of its name")
    if _NUMBER.match(text.rsplit(".", 1)[-1]):
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError:
            return Refused(Reason.ADDRESS_REFUSED, "an IPv4 address in a spelling that is not a dotted quad")
    return text


def _not_a_name() -> Refused:
    return Refused(Reason.TARGET_NOT_CANONICAL, "the host is not a name")


def _encoded(text: str) -> str:
    """A-labels of a name, empty where it has none."""
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _decoded(text: str) -> str:
    try:
        return text.encode("ascii").decode("idna")
    except UnicodeError:
        return ""


def _is_canonical_label(label: str) -> bool:
    """Whether no other label is the same name (RFC 5891 4.2, as far as it is about spelling)."""
    if not label.startswith("xn--"):
        return True
    coded = label[4:].encode("ascii")
    try:
        text = coded.decode("punycode")
        text.encode("utf-8")
        return (
            text.encode("punycode") == coded and unicodedata.normalize("NFKC", text) == text.lower() == text
        )
    except (UnicodeError, OverflowError):
        return False


def _canonical_v6(text: str) -> str | Refused:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return Refused(Reason.TARGET_NOT_CANONICAL, "the host is not an address")
    wraps = any(address in net for net in _WRAPPED) or (address in _COMPATIBLE and int(address) > 1)
    wraps = wraps or int(address) >> 32 & 0xFFFF_FFFF in _ISATAP
    if wraps or address.scope_id is not None or str(address) != text:
        return Refused(
            Reason.ADDRESS_REFUSED, "an IPv6 address that wraps another, has a zone, or is not canonical"
        )
    return text


def parse_authority(text: str, scheme: str) -> Authority | Refused:
    """``host``, ``host:port`` or ``[v6]:port`` in ASCII; no userinfo, no empty port, no leading zeros."""
    found = _AUTHORITY.match(text) if text.isascii() else None
    if not found:
        why = "user information in the authority" if "@" in text else "not host or host:port"
        return Refused(Reason.TARGET_NOT_CANONICAL, why)
    v6, port_text = found["v6"], found["port"]
    if v6 is not None and ":" not in v6:
        return Refused(Reason.TARGET_NOT_CANONICAL, "brackets around what is not an IPv6 address")
    host = canonical_host(found["name"] if v6 is None else v6)
    if isinstance(host, Refused):
        return host
    port = DEFAULT_PORTS[scheme]
    if port_text is not None:
        if not re.match(r"[1-9][0-9]{0,4}\Z", port_text) or int(port_text) > 65535:
            return Refused(Reason.TARGET_NOT_CANONICAL, "not a port")
        port = int(port_text)
    return Authority(host, port)


def _from_connect(connect: tuple[str, int]) -> Authority | Refused:
    bracketed = connect[0].startswith("[") and connect[0].endswith("]") and ":" in connect[0]
    host = canonical_host(connect[0][1:-1] if bracketed else connect[0])
    if isinstance(host, Refused):
        return host
    if not 1 <= connect[1] <= 65535:
        return Refused(Reason.TARGET_NOT_CANONICAL, "not a port")
    return Authority(host, connect[1])


def agree(claims: Iterable[tuple[str, Authority | Refused]]) -> Authority | Refused:
    """The one place that all claims name; the first is never absent."""
    agreed: Authority | None = None
    for name, claim in claims:
        if isinstance(claim, Refused):
            return Refused(claim.reason, f"{name}: {claim.detail}")
        if agreed is not None and claim != agreed:
            return _mismatch(f"{name} names another host or port than the rest")
        agreed = claim
    return agreed if agreed is not None else _mismatch("no authority at all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Everything in one request that says where it goes.

    Attributes:
        absolute: Authority of an absolute-form target, None for origin-form.
        hosts: Values of all ``Host`` lines.
    """

    scheme: str
    connect: tuple[str, int] | None
    sni: str | None
    absolute: str | None
    hosts: tuple[str, ...]


def identify(claims: Claims, *, ip_literals_allowed: LiteralJudge) -> Authority | Refused:
    """The one place a request is addressed to.

    Errors: ``Refused`` with ``target_mismatch``, ``target_not_canonical``, ``ambiguous_request`` (no or several
    ``Host``) or ``address_refused``.
    """
    if len(claims.hosts) != 1:
        return Refused(Reason.AMBIGUOUS_REQUEST, f"{len(claims.hosts)} Host lines; exactly one is needed")
    if claims.absolute is not None and (claims.connect is not None or claims.scheme == "https"):
        return _mismatch("an absolute-form target inside a tunnel")
    said: list[tuple[str, Authority | Refused]] = [("Host", parse_authority(claims.hosts[0], claims.scheme))]
    if claims.absolute is not None:
        said.append(("the target", parse_authority(claims.absolute, claims.scheme)))
    if claims.connect is not None:
        said.append(("CONNECT", _from_connect(claims.connect)))
    agreed = agree(said)
    if isinstance(agreed, Refused):
        return agreed
    literal = ":" in agreed.host or _NUMBER.match(agreed.host.rsplit(".", 1)[-1]) is not None
    if claims.scheme == "https":
        # RFC 6066 3: an address never stands in SNI, a name always must.
        sni = None if claims.sni is None else canonical_host(claims.sni)
        if sni != (None if literal else agreed.host):
            return _mismatch(
                "SNI names another host than the rest" if claims.sni else "no SNI for a named host"
            )
    if literal and not ip_literals_allowed(agreed.host, agreed.port):
        return Refused(Reason.ADDRESS_REFUSED, "an IP address instead of a name")
    return agreed
