"""Who of a group is on duty at an instant, and when that changes next.

1. A group without rows and without a calendar is always on duty, all of it.
2. Rows are told by the clock on the wall of the group's zone: from inclusive, to exclusive; ``to`` not after ``from``
   ends on the next day, and belongs to the day on which it began.
3. A row that names nobody means the whole group; rows that overlap add up.
4. Duty says who is asked. Who may consent is ``moves``, and takes no notice of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Protocol

_AHEAD = timedelta(days=8)
_STEP = timedelta(minutes=15)
"""Changes of a zone's offset fall on quarters of an hour."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is there.

    Attributes:
        everyone: The whole group.
        people: Those who are named, in lower case; empty with ``everyone`` False: nobody.
    """

    everyone: bool
    people: frozenset[str] = frozenset()

    @property
    def anybody(self) -> bool:
        return self.everyone or bool(self.people)

    def includes(self, *names: str) -> bool:
        """Whether somebody with one of these names (id, e-mail address) is there."""
        return self.everyone or any(name.lower() in self.people for name in names if name)


ALWAYS = Duty(True)
NOBODY = Duty(False)


class Rota(Protocol):
    """A schedule."""

    def at(self, instant: datetime) -> Duty:
        """Who is on duty at an aware instant."""
        ...

    def boundaries(self, instant: datetime) -> Iterator[datetime]:
        """Every instant after this one, within about a week, at which it may change; in any order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a weekly schedule.

    Attributes:
        days: 0 is Monday.
        start, end: Minutes since midnight; ``end`` not after ``start``: on the next day.
        people: Names in lower case; empty: the whole group.
    """

    days: frozenset[int]
    start: int
    end: int
    people: frozenset[str] = frozenset()

    def covers(self, weekday: int, minute: int) -> bool:
        """Whether this row holds on that day of the week at that minute."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        begun = weekday in self.days and minute >= self.start
        return begun or ((weekday - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Rows that repeat each week in a zone."""

    rows: tuple[Row, ...]
    zone: tzinfo

    def at(self, instant: datetime) -> Duty:
        if not self.rows:
            return ALWAYS
        local = instant.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return _together([row.people for row in self.rows if row.covers(local.weekday(), minute)])

    def boundaries(self, instant: datetime) -> Iterator[datetime]:
        quarter = instant.replace(minute=instant.minute // 15 * 15, second=0, microsecond=0)
        yield from (quarter + number * _STEP for number in range(1, _AHEAD // _STEP))
        today = instant.astimezone(self.zone).date()
        for row in self.rows:
            for minute in (row.start, row.end):
                at = time(minute // 60, minute % 60)
                for days in range(-1, _AHEAD.days + 1):
                    for fold in (0, 1):
                        local = datetime.combine(today + timedelta(days), at.replace(fold=fold), self.zone)
                        yield local.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """One event of a calendar: aware instants, ``ends`` exclusive; no ``people`` means the whole group."""

    starts: datetime
    ends: datetime
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Events, as a calendar that was read tells them."""

    spans: tuple[Span, ...]

    def at(self, instant: datetime) -> Duty:
        return _together([span.people for span in self.spans if span.starts <= instant < span.ends])

    def boundaries(self, instant: datetime) -> Iterator[datetime]:
        for span in self.spans:
            yield from (span.starts, span.ends)


def change_after(rota: Rota, instant: datetime) -> datetime | None:
    """The first instant after this one at which somebody else is on duty; None when there is none within a week."""
    now = rota.at(instant)
    later = sorted({at for at in rota.boundaries(instant) if at > instant})
    return next((at for at in later if rota.at(at) != now), None)


def _together(rows: Sequence[frozenset[str]]) -> Duty:
    if not all(rows):
        return ALWAYS
    return Duty(False, frozenset().union(*rows)) if rows else NOBODY
