"""Times of day and time zones as policy files name them."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")
# A date alone is no time of day; ISO 8601 has further spellings (weeks, no separators) that nobody means here.
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?\Z", re.ASCII
)


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

    What the clock on the wall shows: an hour that the change to summer time leaves out never comes, one that the
    change back repeats comes twice. A timestamp without an offset is local to ``tz`` already.
    """
    if isinstance(value, str):
        if _TIME.match(value):
            return minutes_of(value)
        if not _TIMESTAMP.match(value):
            return None
    try:
        at = datetime.fromisoformat(value.upper()) if isinstance(value, str) else value
        if not isinstance(at, datetime):
            return None
        local = at.astimezone(tz) if at.tzinfo else at
    except (ValueError, OverflowError):  # no such day; an instant outside the years that have one
        return None
    return local.hour * 60 + local.minute
