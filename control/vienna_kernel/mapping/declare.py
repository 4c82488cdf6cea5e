"""The declared parameters of one action, compiled: what does not fit together is found at load."""

from __future__ import annotations

from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.mapping.document import ActionModel, ParamModel
from vienna_kernel.mapping.param import Origin, Param, parse_origin
from vienna_kernel.mapping.place import Place
from vienna_kernel.mapping.route import Pattern
from vienna_kernel.money import currency_code
from vienna_kernel.parameter import ParamType, read


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
        return compiled

    def _param(self, name: str, model: ParamModel, pattern: Pattern, codes: set[str]) -> Param:
        at = ("params", name)
        kind = model.type or (ParamType.MAP if model.prefix else ParamType.STRING)
        if name in codes and kind is ParamType.STRING:
            kind = ParamType.CURRENCY
        self._judge_param(name, model, kind, pattern)
        key = model.name or name
        at_pointer: Pointer = ()
        if model.from_ == "json":
            at_pointer = self._place.at(lambda: pointer.parse(key if key.startswith("/") else f"/{key}"), *at)
        currency = self._origin(model.currency_from, *at, "currency_from") if model.currency_from else None
        missing = [model.when_missing] if isinstance(model.when_missing, str) else model.when_missing
        return Param(
            name=name,
            place=model.from_,
            kind=kind,
            key=key.lower() if model.from_ == "header" else key,
            pointer=at_pointer,
            prefix=model.prefix or "",
            constant=model.value,
            required=model.required,
            enum=tuple(model.enum),
            currency=currency,
            currency_name=self._currency_name(name, currency),
            when_missing=tuple(self._origin(text, *at, "when_missing") for text in missing),
            hidden="values" if model.redact == "values" else "all" if model.redact else "",
        )

    def _judge_param(self, name: str, model: ParamModel, kind: ParamType, pattern: Pattern) -> None:
        at = ("params", name)
        is_money = kind in (ParamType.MINOR_UNITS, ParamType.DECIMAL)
        complaints = (
            (model.prefix and model.from_ not in ("form", "query"), "prefix is for form and query"),
            (
                bool(model.prefix) != (kind is ParamType.MAP) and model.from_ != "json",
                "prefix and type map go together",
            ),
            (model.prefix and model.name, "either name or prefix"),
            ((model.value is not None) != (model.from_ == "const"), "value and from: const go together"),
            (kind is ParamType.MINOR_UNITS and not model.currency_from, "minor units need currency_from"),
            (model.currency_from and not is_money, "currency_from is for amounts"),
            (model.from_ == "path" and model.redact, "a path is shown everywhere and cannot be redacted"),
            (kind in (ParamType.COUNT, ParamType.ANY) and model.from_ != "json", f"type {kind} is for JSON"),
            (model.redact == "values" and kind is not ParamType.MAP, "redact: values is for type map"),
        )
        for wrong, why in complaints:
            if wrong:
                raise self._place.fail(why, *at)
        if model.from_ == "path" and (model.name or name) not in pattern.names:
            raise self._place.fail(f"the path has no variable {model.name or name!r}", *at)
        for value in (*model.enum, *([model.value] if model.value is not None else [])):
            if kind is not ParamType.MINOR_UNITS:
                self._place.at(lambda value=value: read(kind, value, text=False), *at)  # type: ignore[misc]

    def _origin(self, text: str, *steps: str) -> Origin:
        return parse_origin(text, params=tuple(self._model.params), where=self._place.where(*steps))

    def _currency_name(self, name: str, origin: Origin | None) -> str:
        if origin is None or origin.param:
            return "" if origin is None else origin.param
        if isinstance(origin.constant, str) and currency_code(origin.constant) is None:
            raise self._place.fail("not a currency code of three letters", "params", name, "currency_from")
        return "currency" if "currency" not in self._model.params else f"{name}_currency"
