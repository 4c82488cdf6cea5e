"""What a mapping promises about an answer, compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vienna_kernel.mapping.answered import (
    AmongModel,
    AtMostModel,
    ChecksModel,
    EqualModel,
    ReadbackModel,
    WithinModel,
)
from vienna_kernel.mapping.document import ActionModel
from vienna_kernel.mapping.param import Param
from vienna_kernel.mapping.place import Place
from vienna_kernel.mapping.words import as_list
from vienna_kernel.parameter import ParamType
from vienna_kernel.verification import path
from vienna_kernel.verification.spec import (
    Among,
    AtMost,
    Compensate,
    Equal,
    Readback,
    VerifySpec,
    Within,
)

_NUMERIC = (ParamType.DECIMAL, ParamType.MINOR_UNITS)


class Promises:
    """Compiles ``verify`` and ``compensate`` of one action; complaints carry the place in its file."""

    def __init__(
        self, place: Place, model: ActionModel, params: Sequence[Param], names: Mapping[str, None]
    ) -> None:
        self._place, self._model, self._names = place, model, names
        self._kinds = {p.name: p.kind for p in params}
        self._kinds |= {p.currency_name: ParamType.CURRENCY for p in params if p.currency_name}

    def compile(self) -> VerifySpec | None:
        """None where nothing is promised, kept or undone. Errors: ``MalformedError``, the first complaint."""
        model, keep = self._model.verify, tuple(self._model.response_fields)
        undo = self._compensate()
        if model is None:
            return VerifySpec(keep=keep, compensate=undo) if keep or undo else None
        readback = self._readback(model.readback) if model.readback else None
        return self._checks(model, "verify", keep=keep, readback=readback, compensate=undo)

    def _checks(
        self,
        model: ChecksModel,
        *at: str,
        keep: tuple[str, ...] = (),
        readback: Readback | None = None,
        compensate: Compensate | None = None,
    ) -> VerifySpec:
        return VerifySpec(
            status=tuple(model.status),
            equal=tuple(self._equal(row, *at, "equal", i) for i, row in enumerate(model.equal)),
            among=tuple(_among(row) for row in model.in_),
            keep=keep,
            body=model.body,
            failed=tuple(_among(row) for row in model.failed),
            absent=tuple(model.absent),
            at_most=tuple(self._at_most(row, *at, "at_most", i) for i, row in enumerate(model.at_most)),
            within=tuple(self._within(row, *at, "within", i) for i, row in enumerate(model.within)),
            max_body=None if model.max_body is None else int(model.max_body),
            readback=readback,
            compensate=compensate,
        )

    def _equal(self, row: EqualModel, *at: str | int) -> Equal:
        kind = self._kind_of(row.param, *at)
        if row.type in _NUMERIC and kind not in _NUMERIC:
            raise self._place.fail(f"{row.param!r} is no amount", *at, "type")
        if row.type is ParamType.MINOR_UNITS and not self._model.params[row.param].currency_from:
            raise self._place.fail(f"{row.param!r} has no currency", *at, "type")
        return Equal(_pointers(row.pointer), row.param, row.type or kind, _header(row.header))

    def _at_most(self, row: AtMostModel, *at: str | int) -> AtMost:
        if row.param is not None:
            self._kind_of(row.param, *at)
        return AtMost(_pointers(row.pointer), row.param, row.value, _header(row.header))

    def _within(self, row: WithinModel, *at: str | int) -> Within:
        return Within(row.pointer, row.param, self._kind_of(row.param, *at))

    def _readback(self, model: ReadbackModel) -> Readback:
        where = self._place.where("verify", "readback", "path")
        return Readback(
            model.method,
            path.parse(model.path, self._names, where=where),
            self._checks(model, "verify", "readback"),
            model.delay_s,
            model.before_answer,
        )

    def _compensate(self) -> Compensate | None:
        model = self._model.compensate
        if model is None:
            return None
        where = self._place.where("compensate", "path")
        return Compensate(model.action, model.method, path.parse(model.path, self._names, where=where))

    def _kind_of(self, param: str, *at: str | int) -> ParamType:
        if param not in self._kinds:
            raise self._place.fail(f"no parameter {param!r} in this action", *at, "param")
        return self._kinds[param]


def _pointers(pointer: str | list[str] | None) -> tuple[str, ...]:
    return () if pointer is None else tuple(as_list(pointer))


def _header(name: str | None) -> str | None:
    return None if name is None else name.lower()


def _among(row: AmongModel) -> Among:
    return Among(_pointers(row.pointer), tuple(row.values), _header(row.header))
