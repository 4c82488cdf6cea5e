"""Intents as a gate tells them: every field of the type that policy, people and the trail rely on, or a complaint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.value import unpack


def _values(packed: dict[str, Any]) -> dict[str, Any]:
    """Values know no floats: what is not whole comes packed as a decimal."""
    if not isinstance(unpack(packed), Mapping):
        raise ValueError("expected an object")
    pending: list[Any] = [packed]
    while pending:
        item = pending.pop()
        if isinstance(item, float):
            raise ValueError("a number that is neither whole nor a decimal")
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return packed


class _Cost(BaseModel):
    amount: Annotated[str, Field(pattern=r"^-?[0-9]{1,64}(\.[0-9]{1,64})?(E[+-]?[0-9]{1,2})?$")]
    currency: str


class _Told(BaseModel):
    """``Intent.to_json``; the same members are left out as ``Intent.from_json`` knows defaults for."""

    model_config = ConfigDict(extra="ignore")

    action: Annotated[str, Field(min_length=1)]
    target: str
    parameters: Annotated[dict[str, Any], AfterValidator(_values)]
    effect: Effect
    reversibility: Reversibility
    default_tier: Tier
    undetermined: list[str] = []
    money: dict[str, str] = {}
    redacted: list[str] = []
    cost: _Cost | None = None
    blast_radius: Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)] = 1
    summary: str = ""
    mapping: str | None = None


_ALL = TypeAdapter(Annotated[list[_Told], Field(min_length=1)])


def read(told: Sequence[Mapping[str, Any]]) -> tuple[Intent, ...]:
    """The intents of a call, at least one. Raises ``MalformedError`` naming the first field that is wrong."""
    try:
        _ALL.validate_python(told)
    except ValidationError as error:
        raise complaint(error, within="/intents") from None
    return tuple(Intent.from_json(data) for data in told)


def complaint(error: ValidationError, *, within: str = "", skip: int = 0) -> MalformedError:
    """``/call/url: not a URL``: the first wrong field, without the first ``skip`` steps to it, and no value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = within + "".join(f"/{step}" for step in first["loc"][skip:])
    return MalformedError(place[:200], first["msg"].removeprefix("Value error, "))
