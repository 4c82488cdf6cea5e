"""How a roster follows another: every version is signed by a quorum of the one before it, as TUF does with its root.

1. The first version is signed by a quorum of its own, which shows that its keys are held; it is believed because it
   is pinned, never because of that.
2. Version n + 1 names the digest of version n and is signed by as many different people of version n as version n
   says. No version is left out.
3. Nobody goes back: who has seen version n takes none below it, and no other version n.

A signature is a passkey assertion. Its challenge is the SHA-256 of the RFC 8785 bytes of
``{"type": "vienna-roster-change/1", "roster": <digest>, "version": n, "nonce": …}``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vienna_kernel.consent.passkey import Assertion, answered
from vienna_kernel.consent.roster import MOST_KEYS, Roster, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value, canonical
from vienna_kernel.verdict import Reason, Refused

TYPE = "vienna-roster-change/1"


@dataclass(frozen=True, slots=True)
class Signature:
    """One person's signature under a roster, by the passkey that ``kid`` names."""

    kid: str
    nonce: str
    assertion: Assertion

    def to_json(self) -> dict[str, str]:
        return {"kid": self.kid, "nonce": self.nonce, **self.assertion.to_json()}

    @classmethod
    def from_json(cls, data: Any) -> Signature:
        """Errors: ``MalformedError``."""
        if (
            not isinstance(data, Mapping)
            or set(data) != {"kid", "nonce", "ad", "cd", "sig"}
            or not all(isinstance(value, str) and len(value) <= 4096 for value in data.values())
        ):
            raise MalformedError("roster signature", "expected kid, nonce, ad, cd and sig, each a text")
        return cls(data["kid"], data["nonce"], Assertion.from_json(data))


@dataclass(frozen=True, slots=True)
class Signed:
    """A roster and who signed it."""

    roster: Roster
    signatures: tuple[Signature, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that ``parse_signed`` reads back as equal."""
        return {
            "roster": self.roster.to_json(),
            "signatures": [row.to_json() for row in self.signatures],
        }


def parse_signed(data: Any) -> Signed:
    """Errors: ``MalformedError`` for all but ``{"roster": …, "signatures": […]}``."""
    if not isinstance(data, Mapping) or set(data) != {"roster", "signatures"}:
        raise MalformedError("signed roster", "expected roster and signatures")
    rows = data["signatures"]
    if not isinstance(rows, list) or len(rows) > MOST_KEYS:
        raise MalformedError("signed roster /signatures", "expected a list")
    return Signed(parse(data["roster"]), tuple(Signature.from_json(row) for row in rows))


def challenge_of(roster: Roster, nonce: str) -> bytes:
    """32 bytes: what a passkey signs to agree to this roster."""
    said: dict[str, Value] = {
        "type": TYPE,
        "roster": roster.digest,
        "version": roster.version,
        "nonce": nonce,
    }
    return hashlib.sha256(canonical(said)).digest()


def signers(signed: Signed, by: Roster) -> set[str] | Refused:
    """Operators of ``by`` who signed; a signature that does not hold refuses all of it."""
    people: set[str] = set()
    for row in signed.signatures:
        member = by.find(row.kid)
        if member is None or not member.holds(signed.roster.made_at):
            return _refused(f"signed by key {row.kid[:43]}, which roster {by.version} does not have then")
        challenge = challenge_of(signed.roster, row.nonce)
        verdict = answered(row.assertion, member.key, challenge=challenge, party=by.party)
        if isinstance(verdict, Refused):
            return verdict
        people.add(member.operator)
    return people


def root(signed: Signed) -> Roster | Refused:
    """The first version, if its own people signed it."""
    if signed.roster.version != 1:
        return _refused("not a first version")
    return _signed_by(signed, signed.roster)


def follow(trusted: Roster, signed: Signed) -> Roster | Refused:
    """The version after ``trusted``, if its people signed it."""
    for held, why in _rules(trusted, signed.roster):
        if not held:
            return _refused(f"version {signed.roster.version} {why}")
    return _signed_by(signed, trusted)


def _rules(trusted: Roster, roster: Roster) -> Iterator[tuple[bool, str]]:
    yield roster.version == trusted.version + 1, f"does not follow version {trusted.version}"
    yield roster.previous == trusted.digest, "follows another roster"
    yield roster.made_at >= trusted.made_at, "was made before the one that it follows"


def _signed_by(signed: Signed, by: Roster) -> Roster | Refused:
    people = signers(signed, by)
    if isinstance(people, Refused):
        return people
    if len(people) < by.threshold:
        return _refused(f"version {signed.roster.version} has {len(people)} of {by.threshold} signatures")
    return signed.roster


def walk(trusted: Roster, chain: Sequence[Signed]) -> Roster | Refused:
    """The newest of these that follows from ``trusted``, by way of every version between; ``trusted`` for none newer.

    Versions before ``trusted`` are not looked at. Refused: another roster of the same version, one that does not
    follow, or a chain that ends before it.
    """
    newest = trusted
    if chain and chain[-1].roster.version < trusted.version:
        return _refused(f"version {trusted.version} was seen, and this ends before it")
    for signed in chain:
        if signed.roster.version < newest.version:
            continue
        if signed.roster == newest:
            continue
        found = follow(newest, signed)
        if isinstance(found, Refused):
            return found
        newest = found
    return newest


def _refused(why: str) -> Refused:
    return Refused(Reason.CONSENT_UNPROVEN, f"roster: {why}")
