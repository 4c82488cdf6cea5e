"""Git over HTTP (gitprotocol-http): what a push changes, and what a fetch asks for.

1. A push is read whole: every ref once, options, and a pack that ends where the body does. Signed pushes are refused:
   their commands stand in the certificate.
2. An update is a fast-forward only when the commits in the pack prove it. Everything else that moves a ref overwrites
   what was there as far as anyone can tell from here, and a moved tag always does.
3. A fetch is read as far as how much it wants; both protocol versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from vienna_kernel.decode.pack import Pack, descendants
from vienna_kernel.decode.pkt import Mark, packets, section
from vienna_kernel.errors import MalformedError

MAX_UPDATES = 1000

type Kind = Literal["create", "update", "force", "delete"]

_OID = rb"[0-9a-f]{40}|[0-9a-f]{64}"
_COMMAND = re.compile(rb"(%s) (%s) ([^\0]+)(?:\0([^\0]*))?\Z" % (_OID, _OID))
_SHALLOW = re.compile(rb"shallow (%s)\Z" % _OID)
# git-check-ref-format, and nothing outside printable UTF-8.
_BAD_REF = re.compile(
    r"[\x00-\x20\x7f-\xa0~^:?*\[\\\u2028\u2029]|\.\.|@\{|//|/\.|\.(?:/|\Z)|\.lock(?:/|\Z)|/\Z"
)
_WANT = re.compile(rb"want(?:-ref)? ([^ ]+)")
_V2_COMMANDS = frozenset({"ls-refs", "fetch", "object-info", "bundle-uri"})
_FETCH_LINE = re.compile(
    rb"(?:want (?:%s)(?: [^\0]*)?|have (?:%s)|shallow (?:%s)|deepen [0-9]{1,10}|deepen-since [0-9]{1,20}"
    rb"|deepen-not [^\0]+|filter [^\0]+|done)\Z" % (_OID, _OID, _OID)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a push does to one ref.

    Attributes:
        old: Object the ref is to have before, None when there is to be no such ref. The server checks it.
        new: Object afterwards, None when the ref goes.
        capabilities: What the client asks of the server, e.g. ``atomic``.
        options: Push options, which servers take as orders: ``ci.skip``, ``merge_request.create``.
    """

    ref: str
    old: str | None
    new: str | None
    kind: Kind
    capabilities: tuple[str, ...]
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """What a fetch asks for.

    Attributes:
        command: ``fetch``; with protocol version 2 also ``ls-refs``, ``object-info``, ``bundle-uri``.
        wants: How many objects and refs it names, each counted once.
    """

    version: Literal[0, 2]
    command: str
    wants: int


@dataclass(frozen=True, slots=True)
class _Command:
    old: str
    new: str
    ref: str


def _refused(why: str) -> MalformedError:
    return MalformedError("body", why)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("a packet line that is not UTF-8") from None


def receive_pack(data: bytes) -> list[Update]:
    """The updates of a body of ``POST …/git-receive-pack``; none for a lone flush, by which git tries its credentials.

    Errors: ``MalformedError``.
    """
    lines, mark, at = section(data, 0)
    if mark is not Mark.FLUSH:
        raise _refused("a push that does not end its commands with a flush")
    shallow = frozenset(found[1].decode() for line in lines if (found := _SHALLOW.match(line)))
    commands, capabilities = _commands([line for line in lines if not _SHALLOW.match(line)])
    if not commands:
        if lines or at < len(data):
            raise _refused("a push without a command")
        return []
    options: list[bytes] = []
    if "push-options" in capabilities:
        options, mark, at = section(data, at)
        if mark is not Mark.FLUSH:
            raise _refused("push options without a flush")
    proven = _proven(commands, data[at:], shallow)
    said = tuple(_text(option) for option in options)
    return [_update(command, proven, capabilities, said) for command in commands]


def pushed(data: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The refs that a push names, and its capabilities; whatever follows its commands is not read.

    Errors: ``MalformedError``.
    """
    lines, mark, _ = section(data, 0)
    if mark is not Mark.FLUSH:
        raise _refused("a push that does not end its commands with a flush")
    commands, capabilities = _commands([line for line in lines if not _SHALLOW.match(line)])
    return tuple(command.ref for command in commands), capabilities


def _commands(lines: list[bytes]) -> tuple[list[_Command], tuple[str, ...]]:
    if len(lines) > MAX_UPDATES:
        raise _refused(f"a push of more than {MAX_UPDATES} refs")
    commands: list[_Command] = []
    capabilities: tuple[str, ...] = ()
    for line in lines:
        found = _COMMAND.match(line)
        if not found or (found[4] is not None and commands):
            raise _refused("a push command that is signed, or is not two objects and a ref")
        if found[4] is not None:
            capabilities = tuple(name for name in _text(found[4]).split(" ") if name)
        commands.append(_Command(found[1].decode(), found[2].decode(), _ref(found[3])))
    chars = 64 if "object-format=sha256" in capabilities else 40
    if any(len(oid) != chars for command in commands for oid in (command.old, command.new)):
        raise _refused("object names of another length than the push says")
    if any(_none(command.old) and _none(command.new) for command in commands):
        raise _refused("a push command that neither makes nor takes away anything")
    if len({command.ref for command in commands}) != len(commands):
        raise _refused("a push that names a ref twice")
    return commands, capabilities


def _ref(raw: bytes) -> str:
    ref = _text(raw)
    if not ref.startswith("refs/") or _BAD_REF.search(ref):
        raise _refused("a ref that git itself would not take")
    return ref


def _none(oid: str) -> bool:
    return not oid.strip("0")


def _proven(commands: list[_Command], data: bytes, shallow: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Pairs of (old, new) that are fast-forwards. A push that only deletes has no pack."""
    if all(_none(command.new) for command in commands):
        if data:
            raise _refused("a pack in a push that only deletes")
        return frozenset()
    pack = Pack(data, chars=len(commands[0].new))
    asked = frozenset((command.old, command.new) for command in commands if _may_be_fast_forward(command))
    return descendants(pack, asked, shallow) if asked else asked


def _may_be_fast_forward(command: _Command) -> bool:
    return not (_none(command.old) or _none(command.new) or command.ref.startswith("refs/tags/"))


def _update(
    command: _Command,
    proven: frozenset[tuple[str, str]],
    capabilities: tuple[str, ...],
    options: tuple[str, ...],
) -> Update:
    kind: Kind = "force"
    if _none(command.new):
        kind = "delete"
    elif _none(command.old):
        kind = "create"
    elif _may_be_fast_forward(command) and (command.old, command.new) in proven:
        kind = "update"
    return Update(
        ref=command.ref,
        old=None if _none(command.old) else command.old,
        new=None if _none(command.new) else command.new,
        kind=kind,
        capabilities=capabilities,
        options=options,
    )


def upload_pack(data: bytes) -> Fetch:
    """What a body of ``POST …/git-upload-pack`` asks for. Errors: ``MalformedError``."""
    found = packets(data)
    first = found[0] if found else Mark.FLUSH
    if isinstance(first, bytes) and first.startswith(b"command="):
        return _fetch_v2(_text(first).removeprefix("command="), found)
    lines = [line for line in found if line is not Mark.FLUSH]
    if not all(isinstance(line, bytes) and _FETCH_LINE.match(line) for line in lines):
        raise _refused("a fetch line that is not known here")
    return Fetch(version=0, command="fetch", wants=_wants(found))


def _fetch_v2(command: str, found: list[bytes | Mark]) -> Fetch:
    marks = [item for item in found if isinstance(item, Mark)]
    if (
        command not in _V2_COMMANDS
        or found[-1] is not Mark.FLUSH
        or marks not in ([Mark.FLUSH], [Mark.DELIM, Mark.FLUSH])
    ):
        raise _refused("a fetch that is not one command of protocol version 2")
    return Fetch(version=2, command=command, wants=_wants(found))


def _wants(found: list[bytes | Mark]) -> int:
    return len({want[1] for line in found if isinstance(line, bytes) and (want := _WANT.match(line))})
