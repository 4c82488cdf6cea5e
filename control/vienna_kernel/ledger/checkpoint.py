"""A signed tree head: C2SP tlog-checkpoint in a signed note with an Ed25519 key.

::

    vienna/018f…                                  origin: names the log, and the key
    1273                                          size
    pzv9…=                                        root, base64
    at 2026-01-05T10:00:00.000Z                   extension line: when it was signed

    — vienna/018f… 4Zk2…                          key hash and signature, base64

Stability: the first three lines are C2SP's; extension lines may be appended and are ignored by readers.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, VerifyingKey
from vienna_kernel.signing import SigningKey

_MAX_BYTES = 64 * 1024
_ED25519 = b"\x01"  # signature type of signed-note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says.

    Attributes:
        size: Number of entries.
        root: 32-byte Merkle root over their leaves.
        at: When it was signed, ISO 8601 UTC; empty when the note does not say.
    """

    origin: str
    size: int
    root: bytes
    at: str = ""


def key_hash(origin: str, public: bytes) -> bytes:
    """The 4 bytes by which a note names its key."""
    return hashlib.sha256(origin.encode() + b"\n" + _ED25519 + public).digest()[:4]


def verifier_key(origin: str, key: VerifyingKey) -> str:
    """The key as public note tools take it: ``origin+hash+base64``. Errors: ``MalformedError`` for an HS256 key."""
    if key.algorithm is not Algorithm.ED25519:
        raise MalformedError("log key", "a log is signed with Ed25519")
    return f"{origin}+{key_hash(origin, key.material).hex()}+{b64encode(_ED25519 + key.material).decode()}"


def checkpoint_note(origin: str, size: int, root: bytes, at: str, key: SigningKey) -> str:
    """A signed note. Errors: ``ValueError`` for an origin or time that would not stay on its line."""
    if not origin or any(c.isspace() or c == "+" for c in origin) or any(c.isspace() for c in at):
        raise ValueError("an origin holds no white space and no plus sign")
    text = f"{origin}\n{size}\n{b64encode(root).decode()}\n" + (f"at {at}\n" if at else "")
    signature = key_hash(origin, key.material) + key.sign(text.encode())
    return f"{text}\n— {origin} {b64encode(signature).decode()}\n"


def read_note(note: str) -> Checkpoint:
    """What a note says, its signature not checked.

    Errors: ``MalformedError`` for anything but a checkpoint in a note of at most 64 KiB.
    """
    text, _, _ = _parts(note)
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not lines[0]:
        raise MalformedError("checkpoint", "expected origin, size and root, each on a line")
    origin, size, root = lines[:3]
    if not size.isascii() or not size.isdigit() or (size[0] == "0" and size != "0") or len(size) > 19:
        raise MalformedError("checkpoint line 2", "the size is not a plain number")
    digest = _unb64(root, "checkpoint line 3")
    if len(digest) != 32:
        raise MalformedError("checkpoint line 3", "a root has 32 bytes")
    at = next((line[3:] for line in lines[3:] if line.startswith("at ")), "")
    return Checkpoint(origin, int(size), digest, at)


def open_note(note: str, key: VerifyingKey) -> Checkpoint | None:
    """What a note says, if this key signed it for the origin it names; else None. Total."""
    try:
        text, _, signatures = _parts(note)
        said = read_note(note)
        want = key_hash(said.origin, key.material)
        for name, blob in signatures:
            if name == said.origin and blob[:4] == want and key.verify(text.encode(), blob[4:]):
                return said if key.revoked_at is None else None
    except MalformedError:
        return None
    return None


def _parts(note: str) -> tuple[str, str, list[tuple[str, bytes]]]:
    if len(note) > _MAX_BYTES:
        raise MalformedError("note", f"larger than {_MAX_BYTES} bytes")
    head, gap, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not gap or len(lines) < 2 or lines[-1]:
        raise MalformedError("note", "expected a text, an empty line and signatures")
    signatures = []
    for line in lines[:-1]:
        dash, _, rest = line.partition(" ")
        name, _, blob = rest.partition(" ")
        if dash != "—" or not name:
            raise MalformedError("note", "a signature line that is none")
        signatures.append((name, _unb64(blob, "note signature")))
    return head + "\n", tail, signatures


def _unb64(text: str, where: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise MalformedError(where, "not base64") from None
    if b64encode(data).decode() != text:
        raise MalformedError(where, "not the one spelling of its bytes")
    return data
