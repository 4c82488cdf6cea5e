"""One action of a mapping file into what calls are read with: everything wrong with it is found here, at load."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.decode import pointer
from vienna_kernel.mapping import websocket
from vienna_kernel.mapping.action import Action, Preflight, Price
from vienna_kernel.mapping.asked import CostModel, Match, NoneOf
from vienna_kernel.mapping.bodies import kinds_of
from vienna_kernel.mapping.choose import Discriminator
from vienna_kernel.mapping.declare import Declarations
from vienna_kernel.mapping.document import ActionModel, MappingModel
from vienna_kernel.mapping.fingerprint import parse_volatile
from vienna_kernel.mapping.origin import Origin, parse_origin
from vienna_kernel.mapping.param import Param
from vienna_kernel.mapping.place import Place
from vienna_kernel.mapping.promise import Promises
from vienna_kernel.mapping.route import Pattern, compile_pattern
from vienna_kernel.mapping.shown import Tree
from vienna_kernel.mapping.template import Hole, Template, compile_template
from vienna_kernel.mapping.words import as_list
from vienna_kernel.money import currency_code
from vienna_kernel.parameter import ParamType
from vienna_kernel.verification.spec import VerifySpec

_NARROWED = frozenset(
    {
        ParamType.INT,
        ParamType.DECIMAL,
        ParamType.MINOR_UNITS,
        ParamType.STRING_LIST,
        ParamType.EMAIL_LIST,
    }
)


class Compiler:
    """Compiles one action; complaints carry the place in its file."""

    def __init__(self, place: Place, mapping: MappingModel, model: ActionModel) -> None:
        self._place, self._mapping, self._model = place, mapping, model

    def compile(self) -> Action:
        """Errors: ``MalformedError``, the first complaint."""
        model, mapping = self._model, self._mapping
        websocket.judge(self._place, mapping, model)
        pattern = compile_pattern(model.match.path, where=self._place.where("match", "path"))
        params = Declarations(self._place, model).compile(pattern)
        hidden = frozenset(p.name for p in params if p.hidden)
        volatile = self._place.at(lambda: parse_volatile(model.volatile), "volatile")
        names = {name: None for p in params for name in (p.name, p.currency_name) if name}
        each = pointer.parse(model.each) if model.each is not None else None
        idempotency, codings = model.idempotency, model.codings
        promised = websocket.promised(model, Promises(self._place, model, params, names).compile())
        return Action(
            name=model.action,
            mapping=f"{mapping.id}@{mapping.version}",
            protocol=mapping.protocol,
            options=mapping.options,
            pattern=pattern,
            methods=tuple(dict.fromkeys(model.match.methods)),
            discriminator=discriminator_of(model.match),
            params=params,
            body_tree=Tree.of(params, volatile.pointers, places=("json", "body"), each=each),
            operation_tree=Tree.of(params, volatile.pointers, places=("operation",), each=each),
            unknown=model.unknown_params or mapping.defaults.unknown_params,
            max_body=_size(model.max_body, mapping.defaults.max_body),
            kinds=kinds_of(self._place, mapping, model),
            codings=frozenset(mapping.defaults.codings if codings is None else codings),
            inner=tuple((pointer.parse(text), encoding) for text, encoding in model.inner.items()),
            each=each,
            effect=model.effect,
            reversibility=model.reversibility,
            tier=model.default_tier,
            target=self._target(names, hidden),
            whole=_whole(pattern, params),
            coded=_coded(pattern, params),
            summary=self._template("summary", model.summary, names) if model.summary else None,
            money={p.name: p.currency_name for p in params if p.currency is not None},
            hidden=hidden,
            blast_radius=self._reach(params),
            cost=self._cost(model.cost, tuple(names)),
            volatile=volatile,
            idempotency_header=idempotency.header.lower() if idempotency else None,
            idempotency_inject=bool(idempotency and idempotency.inject),
            replay_seconds=0 if mapping.protocol == websocket.PROTOCOL else model.replay_window,
            preflight=self._preflight(params, names),
            verify=promised,
            writable=self._writable(params),
            stream=self._stream(promised),
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

    def _reach(self, params: tuple[Param, ...]) -> int | str:
        radius = self._model.blast_radius
        if isinstance(radius, int):
            if radius < 1:
                raise self._place.fail("expected at least 1", "blast_radius")
            return radius
        names = tuple(p.name for p in params)
        return parse_origin(radius, params=names, where=self._place.where("blast_radius")).param

    def _writable(self, params: tuple[Param, ...]) -> tuple[str, ...]:
        kinds = {p.name: p for p in params}
        for i, name in enumerate(self._model.writable):
            param = kinds.get(name)
            if param is None:
                raise self._place.fail(f"no parameter {name!r} in this action", "writable", i)
            if param.kind not in _NARROWED or param.place not in ("json", "form", "query") or param.many:
                why = f"{name!r} cannot be narrowed: only amounts, numbers and lists of a body or query can"
                raise self._place.fail(why, "writable", i)
        return tuple(self._model.writable)

    def _cost(self, model: CostModel | None, names: tuple[str, ...]) -> Price | None:
        if model is None:
            return None
        if (model.amount is None) == (model.unit_price is None):
            raise self._place.fail("expected an amount, or a unit_price with times", "cost")
        if (model.unit_price is None) != (model.times is None) or (model.minus and model.times is None):
            raise self._place.fail("unit_price and times go together, and minus with them", "cost")
        currency = self._currency(model.currency, names)
        if model.times is None:
            return Price(self._amount(model.amount or 0, names, "amount"), currency)
        minus = None
        if model.minus is not None:
            minus = parse_origin(model.minus, params=names, where=self._place.where("cost", "minus"))
        return Price(
            self._amount(model.unit_price or 0, names, "unit_price"),
            currency,
            self._named(model.times, names, "times") if isinstance(model.times, str) else model.times,
            minus,
        )

    def _amount(self, amount: str | int | Decimal, names: tuple[str, ...], key: str) -> Decimal | str:
        if isinstance(amount, str) and not amount.startswith("params."):
            if not amount.replace(".", "", 1).isdigit() or not amount.isascii():
                raise self._place.fail("expected a number or params.…", "cost", key)
            return Decimal(amount)
        return self._named(amount, names, key) if isinstance(amount, str) else Decimal(amount)

    def _named(self, told: str, names: tuple[str, ...], key: str) -> str:
        name = parse_origin(told, params=names, where=self._place.where("cost", key)).param
        if not name:
            raise self._place.fail("expected a number or params.…", "cost", key)
        return name

    def _currency(self, text: str, names: tuple[str, ...]) -> Origin:
        if text.startswith("params."):
            return parse_origin(text, params=names, where=self._place.where("cost", "currency"))
        if code := currency_code(text):
            return Origin(constant=code)
        raise self._place.fail("expected a currency code or params.…", "cost", "currency")

    def _preflight(self, params: tuple[Param, ...], names: Mapping[str, None]) -> Preflight | None:
        model = self._model.preflight
        if model is None:
            if self._needs_facts(params):
                raise self._place.fail(
                    "a parameter or the cost is told by a preflight that this action does not have", "params"
                )
            return None
        texts = as_list(model.path)
        paths = tuple(compile_template(t, names, where=self._place.where("preflight", "path")) for t in texts)
        if not paths or not all(text.startswith("/") for text in texts):
            raise self._place.fail("expected a path that starts with a slash", "preflight", "path")
        return Preflight(paths, tuple((text, pointer.parse(text)) for text in model.show))

    def _needs_facts(self, params: tuple[Param, ...]) -> bool:
        origins = [origin for p in params for origin in (p.currency, *p.when_missing) if origin is not None]
        cost = self._model.cost
        return any(origin.fact is not None for origin in origins) or bool(
            cost and cost.minus and cost.minus.startswith("preflight:")
        )

    def _stream(self, promised: VerifySpec | None) -> bool:
        if self._model.stream and promised is not None and promised.needs_body:
            raise self._place.fail(
                "what is verified in the body is not streamed: take away stream, or what verify says of the body",
                "stream",
            )
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
            redacted=frozenset(p.name for p in params if p.hidden),
            writable=frozenset(self._model.writable),
        )


def discriminator_of(match: Match) -> Discriminator:
    """What tells this action from others of its path."""
    at = pointer.parse
    query = match.query if isinstance(match.query, dict) else dict.fromkeys(match.query)
    headers = match.headers if isinstance(match.headers, dict) else dict.fromkeys(match.headers)
    return Discriminator(
        operations=tuple(as_list(match.operation)),
        query=tuple(query.items()),
        headers=tuple((name.lower(), value) for name, value in headers.items()),
        having=tuple(
            (at(text), tuple(want)) for text, want in match.having.items() if isinstance(want, list)
        ),
        beyond=tuple(
            (at(text), tuple(want.none_of)) for text, want in match.having.items() if isinstance(want, NoneOf)
        ),
    )


def _whole(pattern: Pattern, params: tuple[Param, ...]) -> frozenset[str]:
    paths = {p.key: p.name for p in params if p.place == "path"}
    rest = {paths[s.name] for s in pattern.segments if s.rest}
    return frozenset(rest | {p.name for p in params if p.kind in (ParamType.RESOURCE, ParamType.ARN)})


def _coded(pattern: Pattern, params: tuple[Param, ...]) -> frozenset[str]:
    paths = {p.key: p.name for p in params if p.place == "path"}
    return frozenset(paths[s.name] for s in pattern.segments if s.encoded and not s.rest)


def _size(*sizes: int | str | None) -> int | None:
    return next((int(size) for size in sizes if size is not None), None)
