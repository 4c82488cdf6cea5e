"""A stretch of recorded traffic, as bodies name it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vienna_control.api.problems import Code, Problem

_BACK = timedelta(days=7)
_LONGEST = timedelta(days=90)

type _Instant = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
]
"""Of recorded traffic; what no calendar of ours can reckon with is none."""


class Stretch(BaseModel):
    """``from``, ``to``: the last seven days, else; at most 90 days."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    since: Annotated[_Instant | None, Field(alias="from")] = None
    until: Annotated[_Instant | None, Field(alias="to")] = None

    def ends(self, now: datetime, *, at: str = "") -> tuple[datetime, datetime]:
        """Its first instant, and the one after its last. Raises 422; ``at``: where it stands in the body."""
        until = self.until or now + timedelta(milliseconds=1)
        since = self.since or until - _BACK
        if not since < until:
            raise Problem(Code.VALIDATION_FAILED, f"{at}/from: expected an earlier time than {at}/to")
        if until - since > _LONGEST:
            raise Problem(Code.VALIDATION_FAILED, f"{at}/from: expected at most 90 days before {at}/to")
        return since, until
