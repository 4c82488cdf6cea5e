"""Risk tiers as data: the bands of the risk score, and what each tier requires.

All four tiers stand in the table: a tier without a row could not be decided. A higher tier never asks for less.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vienna_kernel.approval.moves import OnTimeout, Requirements
from vienna_kernel.decision.risk import Hours, Weights
from vienna_kernel.document import Document, read
from vienna_kernel.duration import Duration
from vienna_kernel.intent import Tier
from vienna_kernel.value import digest

_LEAST = {Tier.T0: (0, 0), Tier.T1: (1, 5), Tier.T2: (2, 5), Tier.T3: (2, 5)}
"""How many approvers each tier may be configured to, lowest and highest."""

_DEMANDS = ("mfa", "justification", "rollback_plan", "executive")


class TierRow(BaseModel):
    """What one tier requires; see ``approval.Requirements`` for the words."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    approvers: int = Field(ge=0, le=5)
    distinct: Literal[True] = True
    mfa: bool = False
    justification: bool = False
    rollback_plan: bool = False
    executive: bool = False
    warrant_ttl: Duration
    redeem_within: Duration = 3600
    timeout: Duration = 3600
    on_timeout: OnTimeout = "deny"
    escalate_to: Literal["group", "tier"] = "group"
    notify: list[str] = []
    execution: Literal["direct", "passback"] = "direct"


class _Tiers(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    T0: TierRow
    T1: TierRow
    T2: TierRow
    T3: TierRow

    @model_validator(mode="after")
    def _rising(self) -> _Tiers:
        rows = [self.T0, self.T1, self.T2, self.T3]
        for tier, row in zip(Tier, rows, strict=True):
            least, most = _LEAST[tier]
            if not least <= row.approvers <= most:
                raise ValueError(f"{tier} takes {least} to {most} approvers, got {row.approvers}")
        for lower, higher in pairwise(rows):
            dropped = any(getattr(lower, name) and not getattr(higher, name) for name in _DEMANDS)
            if higher.approvers < lower.approvers or dropped:
                raise ValueError("a higher tier never asks for less than a lower one")
        return self


class _TierDocument(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    apiVersion: Literal["vienna/v1"]
    kind: Literal["Tiers"]
    id: str = "tiers"
    bands: dict[Literal["T0", "T1", "T2", "T3"], int]
    tiers: _Tiers
    risk: Weights = Weights()
    hours: Hours | None = None

    @field_validator("bands")
    @classmethod
    def _ascending(cls, bands: dict[str, int]) -> dict[str, int]:
        lows = [bands.get(tier) for tier in Tier]
        if (
            None in lows
            or lows[0] != 0
            or lows != sorted(set(lows), key=lambda low: low or 0)
            or bands["T3"] > 100
        ):
            raise ValueError("the bands name T0 to T3, start at 0 and rise to at most 100")
        return bands


def _above(tier: Tier) -> Tier | None:
    return next((higher for higher in Tier if higher > tier), None)


class TierTable:
    """The tiers of one bundle.

    Attributes:
        weights: Of the risk score's inputs.
        hours: Working hours, None when none are configured.
        digest: ``sha256:…`` over the whole table.
    """

    def __init__(self, table: _TierDocument) -> None:
        self._bands = {Tier(tier): low for tier, low in table.bands.items()}
        self._rows: dict[Tier, TierRow] = {tier: getattr(table.tiers, tier) for tier in Tier}
        self.weights = table.risk
        self.hours = table.hours
        self.digest = digest(table.model_dump(mode="json"))

    @classmethod
    def from_document(cls, document: Document) -> TierTable:
        """Read ``kind: Tiers``. Errors: ``DocumentError`` with each complaint and its place."""
        return cls(read(_TierDocument, document))

    def band(self, score: int) -> Tier:
        """The tier of a risk score, 0 to 100."""
        return max(tier for tier, low in self._bands.items() if score >= low)

    def row(self, tier: Tier) -> TierRow:
        return self._rows[tier]

    def requirements(self, tier: Tier) -> Requirements:
        """What the tier by itself asks of people; ``count`` 0 for T0."""
        row = self._rows[tier]
        above = _above(tier) if row.escalate_to == "tier" else None
        return Requirements(
            count=row.approvers,
            mfa=row.mfa,
            justification=row.justification,
            rollback_plan=row.rollback_plan,
            executive=row.executive,
            timeout_seconds=row.timeout,
            on_timeout=row.on_timeout,
            redeem_seconds=row.redeem_within,
            notify=tuple(row.notify),
            next_tier=self.requirements(above) if above else None,
        )

    def warrant_ttl(self, tier: Tier) -> int:
        """Seconds a warrant of this tier lives, from release."""
        return self._rows[tier].warrant_ttl

    def redeem_within(self, tier: Tier) -> int:
        """Seconds an approval of this tier can be redeemed after it was given."""
        return self._rows[tier].redeem_within

    def execution(self, tier: Tier) -> Literal["direct", "passback"]:
        """How an intent of this tier submitted by API is executed, unless it says so itself."""
        return self._rows[tier].execution
