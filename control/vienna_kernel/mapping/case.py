"""The case of a mapping as it is written, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from vienna_kernel.intent import Effect, Tier
from vienna_kernel.mapping.words import as_list
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectModel(_Model):
    """One intent; what is left out is not compared, but parameters, when given, are compared whole."""

    action: str
    target: str | None = None
    parameters: dict[str, Any] | None = None
    undetermined: list[str] | None = None
    effect: Effect | None = None
    tier: Tier | None = None
    summary: str | None = None


class ReadModel(_Model):
    """An answer: ``json`` as data, or ``body`` as text. ``path``: the read that must have been asked for."""

    status: int = 200
    headers: dict[str, str] = {}
    json_: Any = Field(None, alias="json")
    body: str | None = None
    path: str | None = None


class AnswerModel(ReadModel):
    """The answer to the request. ``readback``: what each read says that is then asked for, in order."""

    readback: Annotated[list[ReadModel], BeforeValidator(as_list)] = []


class ShownModel(_Model):
    url: str | None = None
    body: Any = None


class CaseModel(_Model):
    """One request, and what is expected of it.

    Attributes:
        verification: Of the response, with what its read-backs say.
        undo: Requests that would undo it, as ``METHOD /path``.
    """

    name: str = Field(min_length=1)
    request: str
    body_base64: str | None = None
    expect: list[ExpectModel] | None = None
    refused: Reason | None = None
    unknown: list[str] | None = None
    shown: ShownModel | None = None
    preflight: AnswerModel | None = None
    response: AnswerModel | None = None
    verification: Result | None = None
    undo: list[str] | None = None


class CasesModel(_Model):
    cases: list[CaseModel] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, run.

    Attributes:
        where: ``file:line:column``.
        problems: What differs, one sentence each; empty when it passed.
    """

    name: str
    where: str
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.problems
