"""Duty: rows by the clock on the wall, calendars, and when somebody else is on duty next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from mutant import must_die
from vienna_kernel.approval import rota
from vienna_kernel.approval.rota import ALWAYS, NOBODY, Calendar, Row, Span, Weekly, change_after

VIENNA = ZoneInfo("Europe/Vienna")
WEEK = frozenset(range(5))
OFFICE = Row(days=WEEK, start=8 * 60, end=18 * 60)
NIGHT = Row(days=WEEK, start=22 * 60, end=6 * 60, people=frozenset({"bob@example.com"}))


def vienna(day: int, hour: int, minute: int = 0) -> datetime:
    """In March 2026; the 2nd is a Monday, summer time begins on the 29th."""
    return datetime(2026, 3, day, hour, minute, tzinfo=VIENNA)


@pytest.mark.parametrize(
    ("row", "at", "there"),
    [
        (OFFICE, vienna(2, 8), True),
        (OFFICE, vienna(2, 7, 59), False),
        (OFFICE, vienna(2, 17, 59), True),
        (OFFICE, vienna(2, 18), False),
        (OFFICE, vienna(7, 12), False),  # Saturday
        (OFFICE, datetime(2026, 3, 2, 7, 30, tzinfo=UTC), True),  # the zone's clock, not ours
        (OFFICE, datetime(2026, 3, 30, 6, 30, tzinfo=UTC), True),  # and its summer time
        (NIGHT, vienna(2, 22), True),
        (NIGHT, vienna(3, 5, 59), True),
        (NIGHT, vienna(3, 6), False),
        (NIGHT, vienna(2, 5), False),  # Sunday's night is not in it
        (NIGHT, vienna(7, 5), True),  # Friday's night ends on Saturday
        (NIGHT, vienna(7, 22), False),
        (Row(days=frozenset({0}), start=0, end=0), vienna(2, 23, 59), True),  # the whole day
        (Row(days=frozenset({0}), start=0, end=0), vienna(3, 0), False),
    ],
)
def test_a_row_by_the_clock_on_the_wall(row: Row, at: datetime, there: bool) -> None:
    assert Weekly((row,), VIENNA).at(at).anybody is there


def test_rows_that_overlap_add_up_and_a_row_without_names_is_everybody() -> None:
    ann = Row(days=WEEK, start=0, end=720, people=frozenset({"ann"}))
    bob = Row(days=WEEK, start=0, end=720, people=frozenset({"bob@example.com"}))
    duty = Weekly((ann, bob), UTC).at(vienna(2, 9))
    assert (duty.everyone, duty.people) == (False, {"ann", "bob@example.com"})
    assert duty.includes("op-1", "Bob@Example.com")
    assert not duty.includes("op-2", "")
    assert Weekly((ann, OFFICE), UTC).at(vienna(2, 10)) == ALWAYS
    assert Weekly((), UTC).at(vienna(2, 3)) == ALWAYS
    assert Weekly((ann,), UTC).at(vienna(7, 9)) == NOBODY
    assert not NOBODY.includes("ann")


def test_a_calendar_is_its_events_and_nothing_between_them() -> None:
    early = Span(vienna(2, 8), vienna(2, 12), frozenset({"ann"}))
    late = Span(vienna(2, 11), vienna(2, 18))
    calendar = Calendar((early, late))
    assert calendar.at(vienna(2, 7)) == NOBODY
    assert calendar.at(vienna(2, 8)).people == {"ann"}
    assert calendar.at(vienna(2, 11)) == ALWAYS
    assert calendar.at(vienna(2, 18)) == NOBODY
    assert change_after(calendar, vienna(2, 8)) == vienna(2, 11)
    assert change_after(calendar, vienna(2, 18)) is None


def law_change(m: ModuleType) -> int:
    """The next change is what a walk minute by minute finds, over the days on which the clocks change."""
    rows = (
        m.Row(days=frozenset({5, 6}), start=150, end=185, people=frozenset({"a"})),
        m.Row(days=frozenset({6, 0}), start=1370, end=130, people=frozenset({"b"})),
        m.Row(days=frozenset({6}), start=0, end=155),
    )
    found = 0
    for begin in (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)):
        weekly = m.Weekly(rows, VIENNA)
        at = begin
        for _ in range(8):
            walked = next(
                at + timedelta(minutes=n)
                for n in range(1, 8 * 1440)
                if weekly.at(at + timedelta(minutes=n)) != weekly.at(at)
            )
            assert m.change_after(weekly, at) == walked
            at, found = walked, found + 1
    return found


def test_the_next_change_is_found_when_clocks_change_too() -> None:
    assert law_change(rota) == 16


def test_a_rota_that_never_changes_says_so() -> None:
    assert change_after(Weekly((), UTC), vienna(2, 9)) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("yield from (quarter + number * _STEP for number in range(1, _AHEAD // _STEP))", "pass"),
        ("for fold in (0, 1):", "for fold in (0,):"),
        ("for minute in (row.start, row.end):", "for minute in (row.start,):"),
        ("if at > instant}", "}"),
    ],
)
def test_a_mutant_dies(old: str, new: str) -> None:
    must_die(law_change, rota, old, new)
