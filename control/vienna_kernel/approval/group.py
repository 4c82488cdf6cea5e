"""A group of approvers as it is written down: its place in the order, its weekly duty, how it is paged.

Who belongs to it is not said here: operators name their groups, and duty never adds a voter.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vienna_kernel.approval.rota import Row, Weekly
from vienna_kernel.document import Document, DocumentError, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.clock_time import minutes_of, zone

type Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
LAST = 1000
"""Place in the order of a group that nobody gave one."""


class DutyRow(BaseModel):
    """``from`` inclusive, ``to`` exclusive, by the wall clock of the group; not after ``from``: on the next day.

    ``people``: ids or e-mail addresses of operators; none: the whole group.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    start: Annotated[str, Field(alias="from")]
    to: str
    people: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=100)] = []

    @field_validator("start", "to")
    @classmethod
    def _time(cls, value: str) -> str:
        minutes_of(value)
        return value

    def row(self) -> Row:
        return Row(
            days=frozenset(DAYS.index(day) for day in self.days),
            start=minutes_of(self.start),
            end=minutes_of(self.to),
            people=frozenset(person.lower() for person in self.people),
        )


class Group(BaseModel):
    """One group.

    Attributes:
        order: Lower is asked earlier; among equals the name decides; ``executive`` is last whatever it says.
        timezone: IANA zone of ``duty``.
        duty: Weekly rows; none and no ``calendar``: always on duty.
        calendar: https address of an iCal calendar, instead of ``duty``.
        page: What a rule that says nothing means for this group.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(pattern=NAME)]
    description: Annotated[str, Field(max_length=2000)] = ""
    order: Annotated[int, Field(ge=0, le=LAST)] = LAST
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    duty: Annotated[list[DutyRow], Field(max_length=100)] = []
    calendar: Annotated[str, Field(max_length=1000)] | None = None
    page: Literal["now", "morning"] | None = None

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        zone(value)
        return value

    @field_validator("calendar")
    @classmethod
    def _https(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
                raise ValueError("expected an https address without a user name")
            if not value.isascii() or not value.isprintable() or " " in value:
                raise ValueError("expected an address of printable ASCII characters")
        return value

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if self.duty and self.calendar:
            raise ValueError("a group has rows of duty or a calendar, not both")
        return self

    def weekly(self) -> Weekly:
        """The weekly schedule; without rows: always."""
        return Weekly(tuple(row.row() for row in self.duty), zone(self.timezone))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that the model reads back."""
        return self.model_dump(mode="json", by_alias=True)


class _GroupsDocument(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    apiVersion: Literal["vienna/v1"]
    kind: Literal["Groups"]
    id: str = "groups"
    groups: Annotated[list[Group], Field(max_length=200)]


def from_documents(documents: list[Document] | tuple[Document, ...]) -> tuple[Group, ...]:
    """Read every document of kind ``Groups``.

    Errors: ``DocumentError`` with each complaint and its place; a name that stands twice is one.
    """
    found: dict[str, tuple[Group, str]] = {}
    twice: list[MalformedError] = []
    for document in documents:
        for number, group in enumerate(read(_GroupsDocument, document).groups):
            where = document.where(("groups", number, "name"))
            if group.name in found:
                twice.append(
                    MalformedError(where, f"the group {group.name!r} stands at {found[group.name][1]}")
                )
            else:
                found[group.name] = (group, where)
    if twice:
        raise DocumentError(twice)
    return tuple(group for group, _ in found.values())
