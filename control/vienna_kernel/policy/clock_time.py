"""Times of day and time zones as policy files name them."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")


def zone(name: str) -> ZoneInfo:
    """An IANA time zone. Raises ``ValueError`` when it is not known here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}; expected an IANA name such as Europe/Vienna") from None


def minutes_of(text: str) -> int:
    """Minutes since midnight of ``HH:MM``. Raises ``ValueError`` on anything else."""
    found = _TIME.match(text)
    if found is None:
        raise ValueError(f"expected a time of day HH:MM, got {text!r}")
    return int(found[1]) * 60 + int(found[2])


def minute_of_day(value: object, tz: tzinfo) -> int | None:
    """Local minutes since midnight of an instant, an ISO timestamp or ``HH:MM``; None when it is none of them.

    A timestamp without an offset is local to ``tz`` already.
    """
    if isinstance(value, str):
        if _TIME.match(value):
            return minutes_of(value)
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    local = value.astimezone(tz) if value.tzinfo else value
    return local.hour * 60 + local.minute
