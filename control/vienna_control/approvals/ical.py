"""An iCal calendar as spans of duty. The text comes from outside: bounded before it is read, and it never adds a voter.

1. At most ``MOST_BYTES`` and ``MOST_EVENTS``; a rule that repeats more often than daily is refused, not expanded.
2. On duty are the attendees of an event; without any, the e-mail addresses in its summary, or the operator whose name
   it is; without that, the whole group.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

MOST_BYTES = 256 * 1024
MOST_EVENTS = 1000
AHEAD = timedelta(days=14)

_EMAIL = re.compile(r"[^\s@<>,;:\"()]{1,64}@[^\s@<>,;:\"()]{1,190}")
_SELDOM = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_OFTEN = ("BYHOUR", "BYMINUTE", "BYSECOND")
_LONGEST_NAME = 200


class UnreadableError(ValueError):
    """This is no calendar that we read, and why."""


def spans(text: bytes, now: datetime, known: Container[str] = ()) -> list[dict[str, Any]]:
    """The events from a day ago until ``AHEAD``, as ``{from, to, people}`` with aware instants.

    ``known``: names of operators in lower case. Raises ``UnreadableError``. A large calendar takes a while.
    """
    if len(text) > MOST_BYTES:
        raise UnreadableError(f"larger than {MOST_BYTES} bytes")
    # only where a group has a calendar: they take a fifth of a second
    import icalendar
    import recurring_ical_events  # type: ignore[import-untyped]  # it has no types

    try:
        calendar = icalendar.Calendar.from_ical(text.decode("utf-8"))
        _bounded(calendar)
        query = recurring_ical_events.of(calendar)
        found = query.between(now - timedelta(days=1), now + AHEAD)
        told = [span for event in found[: MOST_EVENTS * 4] for span in _span(event, known)]
    except UnreadableError:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        OverflowError,
        ArithmeticError,
    ) as error:
        raise UnreadableError(f"not a calendar that can be read: {type(error).__name__}") from None
    return sorted(told, key=lambda span: (span["from"], span["to"]))


def _bounded(calendar: Any) -> None:
    events = calendar.walk("VEVENT")
    if len(events) > MOST_EVENTS:
        raise UnreadableError(f"more than {MOST_EVENTS} events")
    for event in events:
        rules = event.get("RRULE") or []
        for rule in rules if isinstance(rules, list) else [rules]:
            often = {str(word).upper() for word in rule.get("FREQ", [])} - _SELDOM
            if often or any(rule.get(word) for word in _OFTEN):
                raise UnreadableError("an event that repeats more often than daily")


def _span(event: Any, known: Container[str]) -> Iterator[dict[str, Any]]:
    start, end = _instant(event["DTSTART"].dt), _instant(event["DTEND"].dt)
    if start < end:
        yield {"from": start, "to": end, "people": sorted(_people(event, known))}


def _instant(value: date | datetime) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _people(event: Any, known: Container[str]) -> set[str]:
    attendees = event.get("ATTENDEE") or []
    rows = attendees if isinstance(attendees, list) else [attendees]
    named = {str(row).lower().removeprefix("mailto:")[:_LONGEST_NAME] for row in rows}
    summary = str(event.get("SUMMARY") or "").lower()[:_LONGEST_NAME]
    return named or set(_EMAIL.findall(summary)) or {name for name in (summary.strip(),) if name in known}
