"""``expects``: the actions that a page of rules is written for, where no mapping declares them yet.

1. It says what an action takes, so that conditions on it are held against types when the page is read, and cases can
   leave a parameter out. It makes nothing askable: an action is known to the control plane by a mapping or by API.
2. Where a mapping or the API declares the action, that counts and this does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.document import Document, Path
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.parameter import ParamType


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


type _Kind = Annotated[ParamType, Field(strict=False)]


class ExpectedParameter(_Shape):
    """One parameter; ``decimal`` is short for ``{type: decimal}``."""

    type: _Kind = ParamType.STRING
    enum: list[str] = Field([], max_length=200)


def _spelled_out(kind: object) -> object:
    return {"type": kind} if isinstance(kind, str) else kind


type _Parameter = Annotated[
    ExpectedParameter,
    BeforeValidator(_spelled_out, json_schema_input_type=ParamType | ExpectedParameter),
]


class ExpectedAction(_Shape):
    """What an action is and takes, in the words of a mapping file."""

    effect: Annotated[Effect, Field(strict=False)]
    reversibility: Annotated[Reversibility, Field(strict=False)] = Reversibility.UNKNOWN
    default_tier: Annotated[Tier, Field(strict=False)] = Tier.T0
    params: dict[str, _Parameter] = Field({}, max_length=100)

    def action_type(self, name: str) -> ActionType:
        return ActionType(
            name=name,
            description="",
            default_tier=self.default_tier,
            effect=self.effect,
            reversibility=self.reversibility,
            parameters={
                key: Parameter.of(one.type, enum=tuple(one.enum)) for key, one in self.params.items()
            },
        )


type Expecting = tuple[Document, Path, str, ExpectedAction]


def gather(pages: Iterable[Expecting]) -> tuple[dict[str, ActionType], list[MalformedError]]:
    """Every expected action by name, as all pages expect it together, and where two do not agree."""
    known: dict[str, ActionType] = {}
    wrong: list[MalformedError] = []
    for document, path, name, shape in pages:
        kind = shape.action_type(name)
        try:
            known[name] = known[name].merge(kind) if name in known else kind
        except MalformedError as error:
            wrong.append(MalformedError(document.where(path), f"{name} is expected otherwise: {error.why}"))
    return known, wrong


def with_expected(
    expected: Mapping[str, ActionType], declared: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """What is known of actions: declared ones, and those that are only expected."""
    return {**expected, **(declared or {})}
