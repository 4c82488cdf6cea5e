"""Which events a channel gets, and when: by tier, agent, action and hour; what may wait is kept until the morning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vienna_kernel.policy.clock_time import minutes_of, zone

type Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
type Name = Annotated[str, Field(min_length=1, max_length=128)]
type Clock = Annotated[str, Field(max_length=5)]


class Hours(BaseModel):
    """Part of a day, on some days. ``to`` is not part of it; one that is not after ``from`` is of the next day."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)] = DAYS
    from_: Annotated[Clock, Field(alias="from")] = "08:00"
    to: Clock = "20:00"

    @field_validator("from_", "to")
    @classmethod
    def _time(cls, value: str) -> str:
        minutes_of(value)
        return value

    def holds(self, local: datetime) -> bool:
        """Whether this local time is in it."""
        at, start, end = local.hour * 60 + local.minute, minutes_of(self.from_), minutes_of(self.to)
        if start < end:
            return DAYS[local.weekday()] in self.days and start <= at < end
        if at >= start:
            return DAYS[local.weekday()] in self.days
        return at < end and DAYS[local.weekday() - 1] in self.days


class Routing(BaseModel):
    """A filter. What an event does not say (a freeze has no tier) does not keep it away.

    Attributes:
        tiers: None: every one.
        agents: Ids or names, ``*`` in them for any text.
        actions: Names of actions, ``*`` in them for any text.
        hours: At any other time nothing is sent here.
        zone: IANA name; of ``hours`` and ``day``.
        day: When people are awake: what may wait for the morning (``page: morning``) and comes outside of it is kept
            until it begins.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tiers: tuple[Literal["T0", "T1", "T2", "T3"], ...] = ()
    agents: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    actions: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    hours: Hours | None = None
    zone: Annotated[str, Field(max_length=64)] = "UTC"
    day: Hours = Hours()

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        zone(value)
        return value

    @model_validator(mode="after")
    def _a_day_begins(self) -> Routing:
        if minutes_of(self.day.from_) >= minutes_of(self.day.to):
            raise ValueError("day: 'from' must be before 'to'")
        return self

    def due(self, about: Mapping[str, Any], now: datetime, *, keeps: bool) -> datetime | None:
        """When an event is to be sent, None: not here. ``keeps``: this kind of channel waits for the morning."""
        if not (
            _one_of(self.tiers, about.get("tier"))
            and _like(self.agents, about.get("agent"), about.get("agent_id"))
            and _like(self.actions, about.get("action"))
        ):
            return None
        at = self._morning(now) if keeps and about.get("page") == "morning" else now
        local = at.astimezone(zone(self.zone))
        return None if self.hours is not None and not self.hours.holds(local) else at

    def _morning(self, now: datetime) -> datetime:
        tz = zone(self.zone)
        local = now.astimezone(tz)
        if self.day.holds(local):
            return now
        minutes = minutes_of(self.day.from_)
        for days in range(8):
            date = local.date() + timedelta(days=days)
            at = datetime(date.year, date.month, date.day, minutes // 60, minutes % 60, tzinfo=tz)
            if at > local and DAYS[at.weekday()] in self.day.days:
                return at.astimezone(now.tzinfo)
        return now


def _one_of(wanted: tuple[str, ...], value: Any) -> bool:
    return not wanted or value is None or value in wanted


def _like(wanted: tuple[str, ...], *values: Any) -> bool:
    said = [str(value) for value in values if value is not None]
    return not wanted or not said or any(fnmatchcase(value, pattern) for value in said for pattern in wanted)
