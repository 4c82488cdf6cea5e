"""How long something lasts, as the API is told: ``indefinite`` or an ISO 8601 duration."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from vienna_control.api.problems import Code, Problem
from vienna_control.clock import iso

type Duration = Annotated[str, Field(max_length=40)]

INDEFINITE = "indefinite"

_ISO = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?\Z")


def until(duration: str, now: datetime) -> str | None:
    """The instant at which it is over; None: never. Raises 422 for what is no duration."""
    if duration == INDEFINITE:
        return None
    found = _ISO.match(duration)
    parts = [int(part or 0) for part in found.groups()] if found else []
    if not any(parts):
        raise Problem(
            Code.VALIDATION_FAILED, "/duration: expected 'indefinite' or an ISO 8601 duration such as PT2H"
        )
    days, hours, minutes, seconds = parts
    return iso(now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
