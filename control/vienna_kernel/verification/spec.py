"""What is promised of an answer: the rows of ``verify`` in a mapping, and what they are held against.

A place in the answer is one of several pointers, the first that leads anywhere, or a header. In a pointer ``*`` is
every item of a list. Pointers are relative to the part's own answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vienna_kernel.decode.pointer import MISSING, Found, Pointer
from vienna_kernel.intent import Effect, Intent
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value
from vienna_kernel.verification.path import Path

type BodyForm = Literal["json", "xml", "ndjson", "text"]


@dataclass(frozen=True, slots=True)
class Equal:
    """What stands there is the approved ``param``, read as ``kind``. Not checked when it is not among the approved."""

    pointers: tuple[str, ...]
    param: str
    kind: ParamType = ParamType.STRING
    header: str | None = None


@dataclass(frozen=True, slots=True)
class Among:
    """What stands there is one of ``values``."""

    pointer: str | tuple[str, ...]
    values: tuple[Value, ...]
    header: str | None = None

    @property
    def pointers(self) -> tuple[str, ...]:
        return (self.pointer,) if isinstance(self.pointer, str) else self.pointer


@dataclass(frozen=True, slots=True)
class AtMost:
    """The number, or the length of the list, that stands there is not above the approved ``param``, or ``value``.

    Of several places the sum counts. A ``param`` that is a list allows as many as it has items; not checked when it is
    not among the approved.
    """

    pointers: tuple[str, ...]
    param: str | None = None
    value: int | None = None
    header: str | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """Everything that stands there is among the approved values of ``param``; not approved at all: nothing may.

    ``kind`` is the parameter's: of a list of addresses each item is read as an address.
    """

    pointer: str
    param: str
    kind: ParamType = ParamType.ANY


@dataclass(frozen=True, slots=True)
class Readback:
    """A read of what became of it, on the same origin.

    Attributes:
        spec: What its answer must say; its own ``readback`` and ``compensate`` are not looked at.
        delay_seconds: Between the answer and the read.
        before_answer: The agent waits for it.
    """

    method: str
    path: Path
    spec: VerifySpec
    delay_seconds: int = 0
    before_answer: bool = False


@dataclass(frozen=True, slots=True)
class Compensate:
    """The request that undoes it; offered, never made by itself."""

    action: str
    method: str
    path: Path


@dataclass(frozen=True, slots=True)
class VerifySpec:
    """What a mapping promises about an answer.

    Attributes:
        status: Statuses of success; empty: any 2xx.
        keep: Pointers of answer fields that may be stored.
        body: How the body is read; None: by its content type.
        failed: Where a success says that nothing was done.
        absent: Pointers of what must be missing, null or empty.
        max_body: Most bytes of body.
    """

    status: tuple[int, ...] = ()
    equal: tuple[Equal, ...] = ()
    among: tuple[Among, ...] = ()
    keep: tuple[str, ...] = ()
    body: BodyForm | None = None
    failed: tuple[Among, ...] = ()
    absent: tuple[str, ...] = ()
    at_most: tuple[AtMost, ...] = ()
    within: tuple[Within, ...] = ()
    max_body: int | None = None
    readback: Readback | None = None
    compensate: Compensate | None = None

    @property
    def demands(self) -> bool:
        """Whether anything is promised of the answer itself."""
        return bool(self.status or self._rows or self.absent or self.within or self.max_body is not None)

    @property
    def compares_body(self) -> bool:
        """Whether anything in the body is compared."""
        return bool(self.absent or self.within) or any(row.header is None for row in self._rows)

    @property
    def needs_body(self) -> bool:
        """Whether it must be held back and seen whole: what is compared, or leads to a read."""
        return self.compares_body or (self.readback is not None and self.readback.path.reads_answer)

    @property
    def reads_body(self) -> bool:
        """Whether the body is of use."""
        undone = self.compensate is not None and self.compensate.path.reads_answer
        return self.needs_body or self.max_body is not None or bool(self.keep) or undone

    @property
    def _rows(self) -> tuple[Equal | Among | AtMost, ...]:
        return (*self.equal, *self.among, *self.failed, *self.at_most)


@dataclass(frozen=True, slots=True)
class Promise:
    """What one part of a request asked for, and what is promised of its answer.

    Attributes:
        intents: At least one; several when the part stands for a list of things.
        answer: Where in the decoded answer the part's own result stands.
        failed: Pointers into the whole decoded answer; what stands there, unless it is null, false, zero or empty,
            tells that the part failed.
        answer_id: The ``id`` that the part's own answer carries, alone or among others (JSON-RPC); ``MISSING``:
            answers have none.
    """

    intents: tuple[Intent, ...]
    spec: VerifySpec | None
    answer: Pointer = ()
    failed: tuple[Pointer, ...] = ()
    answer_id: Found = MISSING

    @property
    def reading(self) -> bool:
        """Whether it changes nothing."""
        return bool(self.intents) and all(intent.effect is Effect.READ for intent in self.intents)

    @property
    def compares_body(self) -> bool:
        """Whether something is promised that only the body tells; a protocol may tell of failure there."""
        if self.spec is None or not self.spec.demands:
            return False
        return self.spec.compares_body or bool(self.failed or self.answer)

    @property
    def needs_body(self) -> bool:
        """Whether the answer must be held back and seen whole."""
        return self.compares_body or (self.spec is not None and self.spec.needs_body)

    @property
    def reads_body(self) -> bool:
        """Whether the body is of use."""
        return self.needs_body or bool(self.failed) or (self.spec is not None and self.spec.reads_body)
