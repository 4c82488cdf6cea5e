"""What is published as a boolean, a number or an instant is taken as nothing else, however deep it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from vienna_control.api import all_routes
from vienna_control.api.problems import invalid
from vienna_control.api.strictly import strictly


class Inner(BaseModel):
    default: bool = False
    at: AwareDatetime | None = None


class Outer(BaseModel):
    count: Annotated[int, Field(ge=1)] = 1
    score: float = 0
    type: str = "x"
    inner: list[Inner] = []


@pytest.mark.parametrize(
    "body",
    [
        {"count": True},
        {"count": "7"},
        {"score": False},
        {"score": "7"},
        {"inner": [{"default": 0}]},
        {"inner": [{"default": "true"}]},
        {"inner": [{"at": 0}]},
        {"inner": [{"at": Decimal("1.5")}]},
    ],
    ids=str,
)
def test_what_another_type_could_be_read_as_is_refused(body: dict[str, Any]) -> None:
    Outer.model_validate(body)
    with pytest.raises(ValidationError):
        strictly(Outer)(body)


class Asked(BaseModel):
    at: AwareDatetime | None = None
    limit: int = 50
    all: bool = False


def test_in_a_query_all_is_text_and_an_instant_is_still_no_number() -> None:
    read = strictly(Asked, text=True)
    assert read({"limit": "7", "all": "true"}) == Asked(limit=7, all=True)
    assert read({"at": "2026-01-01T00:00:00Z"}) == Asked(at=datetime(2026, 1, 1, tzinfo=UTC))
    for wrong in ("0.5", "1700000000", "2026"):
        with pytest.raises(ValidationError):
            read({"at": wrong})


def test_what_is_meant_is_read() -> None:
    sent = {
        "count": Decimal("2.0"),
        "score": Decimal("1.5"),
        "inner": [{"default": True, "at": "2026-01-01T00:00:00Z"}],
    }
    read = strictly(Outer)(sent)
    assert isinstance(read, Outer)
    assert (read.count, read.score, read.inner[0].default) == (2, 1.5, True)
    assert isinstance(read.inner[0].at, datetime)


def test_every_body_has_such_a_reader() -> None:
    assert all(strictly(one.body) for one in all_routes() if one.body is not None)


class Either(BaseModel):
    limit: int | Annotated[str, Field(max_length=3)] | None = None
    one: Inner | list[Inner] | None = None
    must: int


def test_a_fault_points_to_what_was_sent_and_to_nothing_that_was_tried() -> None:
    sent = {"limit": True, "one": {"default": 0}}
    with pytest.raises(ValidationError) as caught:
        strictly(Either)(sent)
    found = {row["field"] for row in invalid(caught.value, sent=sent).details}
    assert found == {"/limit", "/one", "/one/default", "/must"}
