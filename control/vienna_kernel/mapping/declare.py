"""The declared parameters of one action, compiled: what does not fit together is found at load."""

from __future__ import annotations

from typing import Literal

from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.mapping.asked import ParamModel
from vienna_kernel.mapping.document import ActionModel
from vienna_kernel.mapping.origin import Origin, parse_origin
from vienna_kernel.mapping.param import HOST_LABELS, POINTED, Param
from vienna_kernel.mapping.place import Place
from vienna_kernel.mapping.route import Pattern
from vienna_kernel.money import currency_code
from vienna_kernel.parameter import ParamType, read

_LISTS = frozenset(
    {ParamType.STRING_LIST, ParamType.EMAIL_LIST, ParamType.ANY, ParamType.COUNT, ParamType.DIGEST}
)
_DERIVED = {
    "count": ParamType.INT,
    "domains": ParamType.STRING_LIST,
    "sum": ParamType.DECIMAL,
    "concat": ParamType.STRING_LIST,
    "digest": ParamType.DIGEST,
    "first": ParamType.STRING,
}
_CASED = frozenset({ParamType.STRING, ParamType.STRING_LIST, ParamType.RESOURCE})
_VALUED = frozenset({*POINTED, "const", "derived"})


class Declarations:
    """Compiles the parameters of one action; complaints carry the place in its file."""

    def __init__(self, place: Place, model: ActionModel) -> None:
        self._place, self._model = place, model

    def compile(self, pattern: Pattern) -> tuple[Param, ...]:
        """Errors: ``MalformedError``, the first complaint."""
        codes = {
            text.removeprefix("params.")
            for param in self._model.params.values()
            if (text := param.currency_from or "").startswith("params.")
        }
        compiled = tuple(
            self._param(name, model, pattern, codes) for name, model in self._model.params.items()
        )
        unread = set(pattern.names) - {param.key for param in compiled if param.place == "path"}
        if unread:
            raise self._place.fail(f"no parameter reads the path variable {min(unread)!r}", "match", "path")
        derived = [p.currency_name for p in compiled if p.currency and not p.currency.param]
        if len(set(derived)) != len(derived):
            raise self._place.fail(
                "two amounts would share one currency; name a parameter for each", "params"
            )
        self._judge_cover(compiled)
        return compiled

    def _param(self, name: str, model: ParamModel, pattern: Pattern, codes: set[str]) -> Param:
        at = ("params", name)
        kind = self._kind(name, model, codes)
        self._judge_param(name, model, kind, pattern)
        key = model.name if model.name is not None else name
        steps = self._pointer(model, key, *at)
        if "*" in steps and kind not in _LISTS:
            raise self._place.fail(
                f"a * gives a list, which is no {kind}; use string_list or count", *at, "type"
            )
        currency = self._origin(model.currency_from, *at, "currency_from") if model.currency_from else None
        missing = [model.when_missing] if isinstance(model.when_missing, str) else model.when_missing
        return Param(
            name=name,
            place=model.from_,
            kind=kind,
            key=key.lower() if model.from_ == "header" else key,
            pointer=steps,
            many="*" in steps,
            prefix=model.prefix or "",
            constant=model.value,
            sources=self._sources(model, *at),
            derive=model.derive,
            required=model.required,
            enum=tuple(model.enum),
            currency=currency,
            currency_name=self._currency_name(name, currency),
            when_missing=tuple(self._origin(text, *at, "when_missing") for text in missing),
            lower=model.case == "lower",
            hidden=self._hidden(model),
        )

    def _kind(self, name: str, model: ParamModel, codes: set[str]) -> ParamType:
        told = _DERIVED[model.derive] if model.derive else ParamType.STRING
        if model.prefix:
            told = ParamType.MAP
        elif model.from_ in POINTED and "*" in (model.name or "").split("/"):
            told = ParamType.STRING_LIST
        kind = model.type or told
        return ParamType.CURRENCY if name in codes and kind is ParamType.STRING else kind

    def _hidden(self, model: ParamModel) -> Literal["", "all", "values"]:
        if any(self._model.params[source].redact for source in model.of if source in self._model.params):
            return "all"  # what is told from a secret is one, but for how many there are
        return "values" if model.redact == "values" else "all" if model.redact else ""

    def _pointer(self, model: ParamModel, key: str, *at: str) -> Pointer:
        if model.from_ not in POINTED or (key == "" and model.from_ in ("item", "body", "operation")):
            return ()
        return self._place.at(lambda: pointer.parse(key if key.startswith("/") else f"/{key}"), *at)

    def _sources(self, model: ParamModel, *at: str) -> tuple[str, ...]:
        names = list(self._model.params)
        for source in model.of:
            if source not in names:
                raise self._place.fail(f"no parameter {source!r} in this action", *at, "of")
            if names.index(source) >= names.index(at[1]):
                raise self._place.fail(
                    f"{source!r} stands below; a parameter is derived from those above", *at, "of"
                )
        return tuple(model.of)

    def _judge_param(self, name: str, model: ParamModel, kind: ParamType, pattern: Pattern) -> None:
        at = ("params", name)
        is_money = kind in (ParamType.MINOR_UNITS, ParamType.DECIMAL)
        derived = model.from_ == "derived"
        complaints = (
            (model.prefix and model.from_ not in ("form", "query"), "prefix is for form and query"),
            (
                bool(model.prefix) != (kind is ParamType.MAP) and model.from_ not in _VALUED,
                "prefix and type map go together",
            ),
            (model.prefix and model.name, "either name or prefix"),
            (model.name == "" and model.from_ not in ("item", "body", "operation"), "a name that is empty"),
            ((model.value is not None) != (model.from_ == "const"), "value and from: const go together"),
            (
                derived != (model.derive is not None) or derived != bool(model.of),
                "from: derived needs of and derive",
            ),
            (derived and (model.name or model.when_missing), "a derived parameter stands nowhere"),
            (
                model.from_ == "untold" and (model.required or model.name is not None),
                "what is untold stands nowhere",
            ),
            (model.case and kind not in _CASED, "case is for names: string, string_list and resource"),
            (model.from_ == "item" and self._model.each is None, "from: item needs each"),
            (kind is ParamType.MINOR_UNITS and not model.currency_from, "minor units need currency_from"),
            (model.currency_from and not is_money, "currency_from is for amounts"),
            (
                model.from_ == "host" and model.name is not None and model.name not in HOST_LABELS,
                "of a host, only label and last_label are known",
            ),
            (
                kind in (ParamType.COUNT, ParamType.ANY) and model.from_ not in _VALUED,
                f"type {kind} is for JSON and other structured values",
            ),
            (model.redact == "values" and kind is not ParamType.MAP, "redact: values is for type map"),
        )
        for wrong, why in complaints:
            if wrong:
                raise self._place.fail(why, *at)
        if model.from_ == "path" and (model.name or name) not in pattern.names:
            raise self._place.fail(f"the path has no variable {model.name or name!r}", *at)
        item_kind = ParamType.STRING if kind is ParamType.STRING_LIST else kind
        for value in (*model.enum, *([model.value] if model.value is not None else [])):
            if kind is not ParamType.MINOR_UNITS:
                self._place.at(lambda value=value: read(item_kind, value, text=False), *at)  # type: ignore[misc]

    def _judge_cover(self, params: tuple[Param, ...]) -> None:
        """A secret may not stand inside what another parameter shows."""
        each = pointer.parse(self._model.each) if self._model.each is not None else ()
        shown = [p for p in params if p.place in POINTED and p.hidden != "all" and p.kind not in _KEPT_NOT]
        for param in params:
            if not param.hidden or param.place not in POINTED:
                continue
            for other in shown:
                if other is not param and _covers(other, param, each):
                    raise self._place.fail(f"{other.name!r} would show it", "params", param.name, "redact")

    def _origin(self, text: str, *steps: str) -> Origin:
        return parse_origin(text, params=tuple(self._model.params), where=self._place.where(*steps))

    def _currency_name(self, name: str, origin: Origin | None) -> str:
        if origin is None or origin.param:
            return "" if origin is None else origin.param
        if isinstance(origin.constant, str) and currency_code(origin.constant) is None:
            raise self._place.fail("not a currency code of three letters", "params", name, "currency_from")
        return "currency" if "currency" not in self._model.params else f"{name}_currency"


def _covers(outer: Param, inner: Param, each: Pointer) -> bool:
    """Whether one stands in the other's place or within it; ``json`` is the body too, and ``*`` may be any item."""
    places = {outer.place, inner.place}
    if len(places) > 1 and "item" not in places and not places <= {"json", "body"}:
        return False
    around, within = (
        (*each, "*", *param.pointer) if param.place == "item" else param.pointer for param in (outer, inner)
    )
    steps = zip(around, within, strict=False)
    return len(around) <= len(within) and all(
        mine == theirs or "*" in (mine, theirs) for mine, theirs in steps
    )


_KEPT_NOT = frozenset({ParamType.COUNT, ParamType.DIGEST})
"""Types that keep nothing of the value itself."""
