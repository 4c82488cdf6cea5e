"""The part of a mapping file that speaks of the answer: what must stand there, what is kept, what undoes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vienna_kernel.mapping.words import (
    ActionName,
    HeaderName,
    Model,
    Name,
    PointerText,
    PointerTexts,
    Scalar,
    Size,
)
from vienna_kernel.parameter import ParamType


class _Placed(Model):
    """Where in the answer: a pointer into its body (of several the first that leads anywhere), or a header."""

    pointer: PointerTexts | None = None
    header: HeaderName | None = None

    @model_validator(mode="after")
    def _one_place(self) -> _Placed:
        if (self.pointer is None) == (self.header is None):
            raise ValueError("expected a pointer or a header, and one of them only")
        return self


class EqualModel(_Placed):
    """What stands there is the approved parameter."""

    param: Name
    type: ParamType | None = Field(None, strict=False)


class AmongModel(_Placed):
    """What stands there is one of the values."""

    values: list[Scalar] = Field(min_length=1)


class AtMostModel(_Placed):
    """The number, or the length of the list, that stands there is not above the approved one, or ``value``."""

    param: Name | None = None
    value: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_bound(self) -> AtMostModel:
        if (self.param is None) == (self.value is None):
            raise ValueError("expected a param or a value, and one of them only")
        return self


class WithinModel(Model):
    """Everything that stands there (``*`` is every item of a list) is among the approved."""

    pointer: PointerText
    param: Name


class ChecksModel(Model):
    """Comparisons of one answer."""

    status: list[Annotated[int, Field(ge=200, le=599)]] = Field(default_factory=list)
    body: Literal["json", "xml", "ndjson", "text"] | None = None
    equal: list[EqualModel] = Field(default_factory=list)
    in_: list[AmongModel] = Field([], alias="in")
    failed: list[AmongModel] = Field(default_factory=list)
    absent: list[PointerText] = Field(default_factory=list)
    at_most: list[AtMostModel] = Field(default_factory=list)
    within: list[WithinModel] = Field(default_factory=list)
    max_body: Size | None = None


class ReadbackModel(ChecksModel):
    """A read of what became of it, on the same origin.

    Attributes:
        path: Holes are parameters and ``{response:/id}``.
        delay_s: Seconds between the answer and the read, at most an hour.
        before_answer: The agent waits for it.
    """

    method: Literal["GET"] = "GET"
    path: str = Field(pattern=r"^/")
    delay_s: int = Field(0, ge=0, le=3600)
    before_answer: bool = False


class VerifyModel(ChecksModel):
    """What an answer must say."""

    readback: ReadbackModel | None = None


class CompensateModel(Model):
    """The request that undoes it; offered, never made by itself."""

    action: ActionName
    method: Annotated[str, Field(pattern=r"^[A-Z][A-Z-]*$")] = "POST"
    path: str = Field(pattern=r"^/")
