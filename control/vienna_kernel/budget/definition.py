"""The definition of a budget, as a policy writes it.

What a field means is here; what a request counts for is in ``amount``. Fields may be added, never given another
meaning: reservations outlive the policy that made them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.duration import Duration

type Per = Literal["agent", "tenant", "counterparty"]

HIGHEST = Decimal(10**30)
"""No amount and no budget is larger."""

_LONGEST = 31 * 86400
_PARAMETER = "parameters."


def _window(seconds: int) -> int:
    if not 60 <= seconds <= _LONGEST:
        raise ValueError("expected a window of 1m to 31d")
    return seconds


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _alternative(text: str) -> str:
    if not all(steps for steps in added(text)):
        raise ValueError("expected JSON pointers into the answer, such as /usage/total_tokens")
    return text


type _Number = Annotated[int | Decimal, Field(ge=0, le=HIGHEST)]
type _Source = Annotated[str, Field(pattern=r"^(target|parameters\.[^.\s]{1,100})$")]
type _Counted = Annotated[str, Field(pattern=r"^(count|cost|parameters\.[^.\s]{1,100})$")]
type _Alternative = Annotated[str, Field(max_length=500), AfterValidator(_alternative)]


class Budget(BaseModel):
    """How much of something may be used up.

    Attributes:
        name: What rules and fields (``budget.<name>.remaining``) call it.
        per: Whose account a call is booked on.
        counterparty: With ``per: counterparty``, what names it; the target unless said otherwise.
        window: Seconds; sliding, 1m to 31d.
        max: The most that may be used within any window.
        currency: ISO 4217, for money; None for everything else.
        over: What is counted: a parameter, the cost that the mapping knows, or calls.
        when_missing: What a call that leaves its parameter out counts for; None: it never fits. Not for money.
        settle_on: Where an answer says how much it really was: pointers (joined by ``+``), the first alternative that
            the answer has counts. Not for money, which is settled on what was verified.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")
    per: Per = "agent"
    counterparty: _Source | None = None
    window: Annotated[Duration, AfterValidator(_window)]
    max: _Number
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")
    over: _Counted
    when_missing: _Number | None = None
    settle_on: Annotated[tuple[_Alternative, ...], BeforeValidator(_listed), Field(strict=False)] = Field(
        (), max_length=10
    )

    @model_validator(mode="after")
    def _fits(self) -> Budget:
        if self.counterparty is not None and self.per != "counterparty":
            raise ValueError("counterparty needs per: counterparty")
        if self.over == "cost" and self.currency is None:
            raise ValueError("a budget over cost names its currency")
        if self.over == "count" and self.currency is not None:
            raise ValueError("calls have no currency")
        if self.currency is not None or self.over == "count":
            for name in ("when_missing", "settle_on"):
                if getattr(self, name) not in (None, ()):
                    raise ValueError(
                        f"{name} does not fit a budget over {'money' if self.currency else 'calls'}"
                    )
        return self

    @property
    def limit(self) -> Decimal:
        """``max`` as a decimal."""
        return Decimal(self.max)

    @property
    def parameter(self) -> str | None:
        """Name of the parameter it counts, if it counts one."""
        return named(self.over)

    @property
    def other_side(self) -> str:
        """``target`` or ``parameters.X``: what names the counterparty."""
        return self.counterparty or "target"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Every parameter that it reads."""
        found = (self.parameter, named(self.other_side) if self.per == "counterparty" else None)
        return tuple(name for name in found if name is not None)

    @property
    def kept_apart_by(self) -> dict[str, Any]:
        """What makes two accounts of one name different ones: sums of other things cannot be added."""
        own = {"name": self.name, "per": self.per, "over": self.over, "currency": self.currency}
        return {**own, "counterparty": self.other_side} if self.per == "counterparty" else own


def named(source: str) -> str | None:
    """``X`` of ``parameters.X``, None for anything else."""
    return source.removeprefix(_PARAMETER) if source.startswith(_PARAMETER) else None


def added(alternative: str) -> tuple[Pointer, ...]:
    """The pointers of one alternative of ``settle_on``. Errors: ``MalformedError``."""
    return tuple(pointer.parse(part.strip()) for part in alternative.split("+"))
