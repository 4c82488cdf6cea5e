"""The filter of a list as it comes in: read, or refused with its column."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vienna_control.api.problems import Code, Problem
from vienna_kernel.errors import MalformedError
from vienna_kernel.filter.key import Screen
from vienna_kernel.filter.read import read
from vienna_kernel.filter.term import Filter
from vienna_kernel.filter.word import MAX_CHARS

Q = Annotated[str, Field(max_length=MAX_CHARS, description="A filter: `GET /filters/keys`.")]


def parsed(q: str | None, screen: Screen) -> Filter:
    """What a filter says; None is everything. Raises 422 with the column of what does not fit."""
    try:
        return read(q or "", screen)
    except MalformedError as error:
        column = int(error.where.removeprefix("column "))
        details = [{"field": "/q", "message": error.why, "column": column}]
        raise Problem(Code.VALIDATION_FAILED, f"/q: {error}", details) from None
