"""The roster: whose passkeys may agree, how many of them, and how many may change the roster itself.

It is public, and an agent may read it: operators by identifier, no name or address.

1. A roster can be met: its threshold and each of its quorums ask for no more people, and no other groups, than it has.
2. Its digest names it; the next version names that digest.

Stability: ``type`` names the version of the format. Unknown members have no reading: they might be restrictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vienna_kernel.consent.passkey import Party, Passkey
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.value import digest

TYPE = "vienna-roster/1"
MOST_KEYS = 500


@dataclass(frozen=True, slots=True)
class Quorum:
    """Who must agree by passkey: this many different people, among them one of each of these groups."""

    people: int
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One key of one person.

    Attributes:
        operator: Identifier of the person; who has several keys counts once.
        groups: Of the person, as those who signed the roster saw them.
        added_at, expires_at: Unix seconds; ``expires_at`` is the first at which it no longer counts, None: never.
    """

    key: Passkey
    operator: str
    groups: tuple[str, ...]
    added_at: int
    expires_at: int | None = None

    def holds(self, at: float) -> bool:
        """Whether it counts at this instant (Unix seconds)."""
        return self.expires_at is None or at < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """One version.

    Attributes:
        version: From 1.
        previous: Digest of the version before; None of the first.
        made_at: Unix seconds, never before that of the version before: who signs it must hold a key at that instant.
        party: Whom the keys answer.
        threshold: How many different people must sign the next version.
        quorum: Who must agree to a call, by tier; tiers that are not named need no passkey.
    """

    version: int
    previous: str | None
    made_at: int
    party: Party
    threshold: int
    quorum: Mapping[Tier, Quorum]
    members: tuple[Member, ...]

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of its RFC 8785 bytes."""
        return digest(self.to_json())

    def find(self, kid: str) -> Member | None:
        """The member with this key."""
        return next((row for row in self.members if row.key.kid == kid), None)

    def quorum_at(self, tier: Tier) -> Quorum | None:
        """Who must agree at a tier: a higher tier asks for no less than the ones below it. None: nobody."""
        rows = [self.quorum[below] for below in sorted(self.quorum) if below <= tier]
        if not rows:
            return None
        groups = dict.fromkeys(group for row in rows for group in row.groups)
        return Quorum(max(row.people for row in rows), tuple(groups))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that ``parse`` reads back as an equal roster."""
        return {
            "type": TYPE,
            "version": self.version,
            "previous": self.previous,
            "made_at": self.made_at,
            "rp_id": self.party.id,
            "origins": list(self.party.origins),
            "threshold": self.threshold,
            "quorum": {
                tier.value: {"people": row.people, "groups": list(row.groups)}
                for tier, row in self.quorum.items()
            },
            "keys": [
                {
                    "kid": row.key.kid,
                    "jwk": dict(row.key.jwk),
                    "operator": row.operator,
                    "groups": list(row.groups),
                    "added_at": row.added_at,
                    "expires_at": row.expires_at,
                }
                for row in self.members
            ],
        }


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


type _Name = Annotated[str, Field(min_length=1, max_length=200)]
type _Second = Annotated[int, Field(ge=0, le=253402300799)]
type _People = Annotated[int, Field(ge=1, le=100)]
type _Groups = Annotated[list[_Name], Field(max_length=50)]


class _Key(_Strict):
    kid: _Name
    jwk: dict[str, str]
    operator: _Name
    groups: _Groups
    added_at: _Second
    expires_at: _Second | None


class _Quorum(_Strict):
    people: _People
    groups: _Groups


class _Roster(_Strict):
    type: Literal["vienna-roster/1"]
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    previous: _Name | None
    made_at: _Second
    rp_id: _Name
    origins: Annotated[list[_Name], Field(min_length=1, max_length=20)]
    threshold: _People
    quorum: Annotated[dict[Literal["T0", "T1", "T2", "T3"], _Quorum], Field(min_length=1)]
    keys: Annotated[list[_Key], Field(min_length=1, max_length=MOST_KEYS)]


def parse(data: Any) -> Roster:
    """The roster of plain JSON data. Errors: ``MalformedError`` for anything that is none, or could not be met."""
    try:
        said = _Roster.model_validate(data)
    except ValidationError as error:
        row = error.errors(include_url=False, include_input=False)[0]
        raise MalformedError("roster /" + "/".join(map(str, row["loc"])), row["msg"]) from None
    except RecursionError:
        raise MalformedError("roster", "nested too deep") from None
    roster = Roster(
        version=said.version,
        previous=said.previous,
        made_at=said.made_at,
        party=Party.of(said.rp_id, tuple(said.origins)),
        threshold=said.threshold,
        quorum={Tier(tier): Quorum(row.people, tuple(row.groups)) for tier, row in said.quorum.items()},
        members=tuple(_member(row) for row in said.keys),
    )
    _can_be_met(roster)
    return roster


def _member(row: _Key) -> Member:
    key = Passkey.from_jwk(row.jwk)
    if key.kid != row.kid:
        raise MalformedError("roster /keys", "kid is not the key's thumbprint")
    return Member(
        key=key,
        operator=row.operator,
        groups=tuple(row.groups),
        added_at=row.added_at,
        expires_at=row.expires_at,
    )


def _can_be_met(roster: Roster) -> None:
    """Errors: ``MalformedError`` for a roster that nobody could follow."""
    if (roster.version == 1) != (roster.previous is None):
        raise MalformedError("roster", "the first version, and no other, follows none")
    if len({row.key.kid for row in roster.members}) != len(roster.members):
        raise MalformedError("roster", "a key stands in it twice")
    people = {row.operator for row in roster.members}
    if roster.threshold > len(people):
        raise MalformedError(
            "roster", f"{roster.threshold} people must sign the next one, it has {len(people)}"
        )
    groups = {group for row in roster.members for group in row.groups}
    for tier, row in roster.quorum.items():
        if row.people > len(people) or not groups.issuperset(row.groups):
            raise MalformedError("roster", f"it has not the people that {tier.value} asks for")
