"""A gate's sign of life: what it counted so far, numbered without a gap.

1. The first is number 1, the next one more. A gate that got no answer sends the same number with the same counts
   again; so whatever else comes under a number that was taken is said by somebody else (``fork``).
2. Counts are sums since the gate's identity was made: one that goes back is another gate's, or a lie (``backward``).
3. A number left out is a sign of life that is missing (``gap``).

Stability: as in ``wire``; fields may only be appended, with a default.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

INTERVAL_SECONDS = 30
"""How often a gate gives one."""
MOST_MISSED = 3
"""Intervals without one, after which a gate counts as silent."""
MOST_SKEW_SECONDS = 30

type _Count = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Counts(_Part):
    """Calls that are over.

    Attributes:
        seen: All of them.
        mapped: Those that a mapping read.
        unmapped: Those that got as far, and no mapping read.
        held: Those that waited for people.
        refused: Those that the agent was told no.
        bypass: Those of them that tried a way around: a refused address, a target that is two, another protocol, a
            warrant that is none.
    """

    seen: _Count = 0
    mapped: _Count = 0
    unmapped: _Count = 0
    held: _Count = 0
    refused: _Count = 0
    bypass: _Count = 0


class Heartbeat(_Part):
    """One of them.

    Attributes:
        at: The machine's clock as it is sent, uncorrected.
        bundle: Digest of the bundle that calls are judged by.
        holding: Calls that wait for people now.
        active: Calls that left and are not over.
        leaving: The gate ends in order; its silence from here on is none.
    """

    sequence: Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)]
    at: AwareDatetime
    bundle: Annotated[str, Field(max_length=80)] = ""
    counts: Counts = field(default_factory=Counts)
    holding: _Count = 0
    active: _Count = 0
    leaving: bool = False

    def digest(self) -> str:
        """``sha256:<hex>`` of what must be the same under the same number."""
        said = {"sequence": self.sequence, **self.counts.model_dump()}
        return "sha256:" + hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Irregular(StrEnum):
    """What is wrong with a heartbeat after the one before."""

    GAP = "gap"
    BACKWARD = "backward"
    FORK = "fork"


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The heartbeat before: number 0 is none yet."""

    sequence: int = 0
    digest: str = ""
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a heartbeat is after the one before.

    Attributes:
        irregular: None: as it must be.
        new: Whether it is to be kept; not when it was kept before, nor when somebody else's stands there.
        detail: A sentence for operators where it is irregular.
    """

    irregular: Irregular | None
    new: bool
    detail: str = ""


def follow(last: Last, beat: Heartbeat) -> Followed:
    """Hold a heartbeat against the one before."""
    if beat.sequence == last.sequence and beat.digest() == last.digest:
        return Followed(irregular=None, new=False)
    if beat.sequence <= last.sequence:
        detail = f"number {beat.sequence} came with other counts, after number {last.sequence}"
        return Followed(irregular=Irregular.FORK, new=False, detail=detail)
    before = last.counts.model_dump()
    fell = [name for name, count in beat.counts.model_dump().items() if count < before[name]]
    if fell:
        detail = f"counted less than before: {', '.join(fell)}"
        return Followed(irregular=Irregular.BACKWARD, new=True, detail=detail)
    if (missed := beat.sequence - last.sequence - 1) > 0:
        return Followed(irregular=Irregular.GAP, new=True, detail=f"{missed} missing before {beat.sequence}")
    return Followed(irregular=None, new=True)
