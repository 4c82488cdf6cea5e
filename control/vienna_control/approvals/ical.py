"""An iCal calendar as spans of duty. The text comes from outside: bounded before it is read, and it never adds a voter.

1. At most ``MOST_BYTES`` and ``MOST_EVENTS``; a rule that repeats more often than daily is refused, not expanded.
2. It is read in a process of its own (``read``): a rule can be written so that its next date is looked for without end.
3. On duty are the attendees of an event; without any, the e-mail addresses in its summary, or the operator whose name
   it is; without that, the whole group.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Container, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from vienna_control import apart
from vienna_control.clock import from_iso, iso

MOST_BYTES = 256 * 1024
MOST_EVENTS = 1000
AHEAD = timedelta(days=14)

_EMAIL = re.compile(r"[^\s@<>,;:\"()]{1,64}@[^\s@<>,;:\"()]{1,190}")
_SELDOM = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_OFTEN = ("BYHOUR", "BYMINUTE", "BYSECOND")
_LONGEST_NAME = 200
_SECONDS = 10
_MEMORY_BYTES = 1 << 29
_ANSWER_BYTES = 1 << 24


class UnreadableError(ValueError):
    """This is no calendar that we read, and why."""


async def read(text: bytes, now: datetime, known: Collection[str] = ()) -> list[dict[str, Any]]:
    """``spans`` with its instants as text, told by a process of its own. Raises ``UnreadableError``."""
    asked = orjson.dumps({"now": iso(now), "known": sorted(known)})
    try:
        answer = await apart.worked(
            __name__, asked + b"\n" + text, seconds=_SECONDS, most_bytes=_ANSWER_BYTES
        )
    except (apart.TooMuchError, OSError):  # OSError: no process could be made
        raise UnreadableError("it takes too long to read") from None
    told = orjson.loads(answer)
    if "wrong" in told:
        raise UnreadableError(told["wrong"])
    found: list[dict[str, Any]] = told["spans"]
    return found


def spans(text: bytes, now: datetime, known: Container[str] = ()) -> list[dict[str, Any]]:
    """The events from a day ago until ``AHEAD``, as ``{from, to, people}`` with aware instants.

    ``known``: names of operators in lower case. Raises ``UnreadableError``. It may not end.
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


def main() -> None:
    """Read standard input, a line of who is known and a calendar; write the answer."""
    apart.confine(seconds=_SECONDS, memory_bytes=_MEMORY_BYTES)
    line, _, text = sys.stdin.buffer.read().partition(b"\n")
    asked = orjson.loads(line)
    try:
        found = spans(text, from_iso(asked["now"]), frozenset(asked["known"]))
        told: dict[str, Any] = {
            "spans": [{**span, "from": iso(span["from"]), "to": iso(span["to"])} for span in found]
        }
    except UnreadableError as error:
        told = {"wrong": str(error)}
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
