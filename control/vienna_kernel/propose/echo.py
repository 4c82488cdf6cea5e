"""What an answer is to be held against: its status, the fields that come back as they were sent, a flag of success.

Only what an answer names as the request did, at the same place or below one ``data`` or ``result``, and with the same
type. Texts that servers like to rewrite (times, URLs) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vienna_kernel.parameter import ParamType
from vienna_kernel.propose.field import Field, kind_of
from vienna_kernel.propose.operation import Operation
from vienna_kernel.propose.shape import Shape

_COMPARED = frozenset(
    {
        ParamType.STRING,
        ParamType.INT,
        ParamType.DECIMAL,
        ParamType.MINOR_UNITS,
        ParamType.BOOL,
        ParamType.EMAIL,
    }
)
_WRAPPERS = ("data", "result")
_FLAGS = ("ok", "success")
_MAX_ECHOES = 20


@dataclass(frozen=True, slots=True)
class Echo:
    """A parameter that comes back at a pointer."""

    pointer: str
    field: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is promised about an answer.

    Attributes:
        statuses: Of success; none where the description lists none.
        flag: Pointer to a truth value that tells success, empty when there is none.
    """

    statuses: tuple[int, ...] = ()
    echoes: tuple[Echo, ...] = ()
    flag: str = ""

    @property
    def promises(self) -> bool:
        """Whether there is anything to hold an answer against."""
        return bool(self.statuses or self.echoes or self.flag)


NO_PROMISE = Answer()


def answer_of(operation: Operation, fields: Sequence[Field]) -> Answer:
    """What can be told from the schema of the answer."""
    members = operation.answer.members
    flag = next((f"/{key}" for key in _FLAGS if key in members and members[key].kind == "boolean"), "")
    return Answer(
        statuses=tuple(dict.fromkeys(operation.statuses)),
        echoes=tuple(_echoes(operation.answer, fields))[:_MAX_ECHOES],
        flag=flag,
    )


def _echoes(answer: Shape, fields: Sequence[Field]) -> Iterator[Echo]:
    for field in fields:
        if field.kind not in _COMPARED or field.redact or field.prefix or field.source == "header":
            continue
        for above in ((), *((name,) for name in _WRAPPERS if name in answer.members)):
            steps = (*above, *field.steps)
            if _same(_at(answer, steps), field):
                pointer = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
                yield Echo(pointer, field)
                break


def _at(shape: Shape, steps: Sequence[str]) -> Shape | None:
    for step in steps:
        if step not in shape.members:
            return None
        shape = shape.members[step]
    return shape


def _same(found: Shape | None, field: Field) -> bool:
    if found is None or found.problem:
        return False
    kind = kind_of(found, textual=False)
    if field.currency:
        told = {ParamType.INT, ParamType.DECIMAL}
        return kind in (told if field.kind is ParamType.MINOR_UNITS else told | {ParamType.STRING})
    return kind is field.kind and not (found.enum and field.enum and set(found.enum) != set(field.enum))
