"""One action of a mapping file into what calls are read with: everything wrong with it is found here, at load."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.decode import pointer
from vienna_kernel.mapping.action import BODYLESS, Action, BodyKind, Preflight, Price
from vienna_kernel.mapping.declare import Declarations
from vienna_kernel.mapping.document import ActionModel, CostModel, EqualModel, MappingModel
from vienna_kernel.mapping.fingerprint import parse_volatile
from vienna_kernel.mapping.param import Origin, Param, parse_origin
from vienna_kernel.mapping.place import Place
from vienna_kernel.mapping.route import compile_pattern
from vienna_kernel.mapping.shown import Tree
from vienna_kernel.mapping.template import Hole, Template, compile_template
from vienna_kernel.money import currency_code
from vienna_kernel.parameter import ParamType
from vienna_kernel.verification import Among, Equal, VerifySpec


class Compiler:
    """Compiles one action; complaints carry the place in its file."""

    def __init__(self, place: Place, mapping: MappingModel, model: ActionModel) -> None:
        self._place, self._mapping, self._model = place, mapping, model

    def compile(self) -> Action:
        """Errors: ``MalformedError``, the first complaint."""
        model = self._model
        pattern = compile_pattern(model.match.path, where=self._place.where("match", "path"))
        params = Declarations(self._place, model).compile(pattern)
        money = {p.name: p.currency_name for p in params if p.currency is not None}
        hidden = frozenset(p.name for p in params if p.hidden)
        volatile = self._place.at(lambda: parse_volatile(model.volatile), "volatile")
        names = {name: None for p in params for name in (p.name, p.currency_name) if name}
        idempotency = model.idempotency
        return Action(
            name=model.action,
            mapping=f"{self._mapping.id}@{self._mapping.version}",
            pattern=pattern,
            methods=tuple(dict.fromkeys(model.match.methods)),
            params=params,
            tree=Tree.of(params, volatile.pointers),
            unknown=model.unknown_params or self._mapping.defaults.unknown_params,
            max_body=_size(model.max_body, self._mapping.defaults.max_body),
            body=self._body(params),
            effect=model.effect,
            reversibility=model.reversibility,
            tier=model.default_tier,
            target=self._target(names, hidden),
            whole=frozenset(s.name for s in pattern.segments if s.rest),
            summary=self._template("summary", model.summary, names) if model.summary else None,
            money=money,
            hidden=hidden,
            cost=self._cost(model.cost, tuple(names)),
            volatile=volatile,
            idempotency_header=idempotency.header.lower() if idempotency else None,
            idempotency_inject=bool(idempotency and idempotency.inject),
            preflight=self._preflight(params, names),
            verify=self._verify(params),
            stream=self._stream(),
            response_fields=tuple(model.response_fields),
            kind=self._kind(params),
        )

    def _template(self, key: str, text: str, names: Mapping[str, None]) -> Template:
        return compile_template(text, names, where=self._place.where(key))

    def _target(self, names: Mapping[str, None], hidden: frozenset[str]) -> Template:
        target = self._template("target", self._model.target, names)
        if any(hidden & set(part.names) for part in target.parts if isinstance(part, Hole)):
            raise self._place.fail(
                "a target is shown everywhere and may not name a redacted parameter", "target"
            )
        return target

    def _body(self, params: tuple[Param, ...]) -> BodyKind:
        places = {p.place for p in params} & {"json", "form"}
        if len(places) > 1:
            raise self._place.fail("parameters from a JSON and from a form body in one action", "params")
        told: BodyKind | None = "json" if "json" in places else "form" if "form" in places else None
        if self._model.body and told and self._model.body != told:
            raise self._place.fail(f"the parameters are read from a {told} body", "body")
        if told or self._model.body:
            return told or self._model.body or "none"
        if set(self._model.match.methods) <= BODYLESS:
            return "none"
        return "form" if self._mapping.protocol == "form" else "json"

    def _cost(self, model: CostModel | None, names: tuple[str, ...]) -> Price | None:
        if model is None:
            return None
        amount = model.amount
        if isinstance(amount, str):
            amount = parse_origin(amount, params=names, where=self._place.where("cost", "amount")).param
            if not amount:
                raise self._place.fail("expected a number or params.…", "cost", "amount")
        text = model.currency
        if text.startswith("params."):
            currency = parse_origin(text, params=names, where=self._place.where("cost", "currency"))
        elif code := currency_code(text):
            currency = Origin(constant=code)
        else:
            raise self._place.fail("expected a currency code or params.…", "cost", "currency")
        return Price(amount if isinstance(amount, str) else Decimal(amount), currency)

    def _preflight(self, params: tuple[Param, ...], names: Mapping[str, None]) -> Preflight | None:
        model = self._model.preflight
        origins = [origin for p in params for origin in (p.currency, *p.when_missing) if origin is not None]
        if model is None:
            if any(origin.fact is not None for origin in origins):
                raise self._place.fail(
                    "a parameter is told by a preflight that this action does not have", "params"
                )
            return None
        texts = [model.path] if isinstance(model.path, str) else model.path
        paths = tuple(compile_template(t, names, where=self._place.where("preflight", "path")) for t in texts)
        if not paths or not all(text.startswith("/") for text in texts):
            raise self._place.fail("expected a path that starts with a slash", "preflight", "path")
        return Preflight(paths, tuple((text, pointer.parse(text)) for text in model.show))

    def _verify(self, params: tuple[Param, ...]) -> VerifySpec | None:
        model, keep = self._model.verify, tuple(self._model.response_fields)
        if model is None:
            return VerifySpec(keep=keep) if keep else None
        kinds = {p.name: p.kind for p in params}
        kinds |= {p.currency_name: ParamType.CURRENCY for p in params if p.currency_name}
        for i, row in enumerate(model.equal):
            if row.param not in kinds:
                raise self._place.fail(
                    f"no parameter {row.param!r} in this action", "verify", "equal", i, "param"
                )
            numeric = (ParamType.DECIMAL, ParamType.MINOR_UNITS)
            if row.type in numeric and kinds[row.param] not in numeric:
                raise self._place.fail(f"{row.param!r} is no amount", "verify", "equal", i, "type")
            if row.type is ParamType.MINOR_UNITS and not self._model.params[row.param].currency_from:
                raise self._place.fail(f"{row.param!r} has no currency", "verify", "equal", i, "type")
        return VerifySpec(
            status=tuple(model.status),
            equal=tuple(_equal(row, kinds[row.param]) for row in model.equal),
            among=tuple(Among(row.pointer, tuple(row.values)) for row in model.in_),
            keep=keep,
        )

    def _stream(self) -> bool:
        if self._model.stream and self._model.verify is not None:
            raise self._place.fail("what is verified is not streamed: take away stream or verify", "stream")
        return self._model.stream

    def _kind(self, params: tuple[Param, ...]) -> ActionType:
        listed = {
            p.name: Parameter.of(p.kind, required=p.required, enum=p.enum, description=model.description)
            for p, model in zip(params, self._model.params.values(), strict=True)
        }
        for p in params:
            if p.currency_name and p.currency_name not in listed:
                listed[p.currency_name] = Parameter.of(ParamType.CURRENCY)
        model = self._model
        return ActionType(
            name=model.action,
            description=model.description,
            default_tier=model.default_tier,
            effect=model.effect,
            reversibility=model.reversibility,
            parameters=listed,
        )


def _equal(row: EqualModel, kind: ParamType) -> Equal:
    pointers = (row.pointer,) if isinstance(row.pointer, str) else tuple(row.pointer)
    return Equal(pointers, row.param, row.type or kind)


def _size(*sizes: int | str | None) -> int | None:
    return next((int(size) for size in sizes if size is not None), None)
