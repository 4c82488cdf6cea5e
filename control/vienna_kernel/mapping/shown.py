"""What people may see of a call: declared values, never an undeclared one.

1. A declared parameter shows its value, ``[redacted]`` where the mapping says so, its length where only that is kept.
2. What no mapping declares shows its shape: keys and types of a body, names of a query.
3. The picture is bounded, however large the body is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from urllib.parse import quote

from vienna_kernel.call.request import Call
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.intent import HIDDEN
from vienna_kernel.mapping.param import Param
from vienna_kernel.mapping.route import Pattern
from vienna_kernel.mapping.template import for_people
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value

MANY = "*"
_UNSEEN = "…"
_MAX_MEMBERS = 50
_MAX_DEPTH = 6
_MAX_TEXT = 2000
_KINDS = {bool: "boolean", str: "string", int: "number", Decimal: "number"}


@dataclass(slots=True)
class Tree:
    """Declared places of a JSON body.

    Attributes:
        param: The parameter that covers everything from here on.
        volatile: Declared, and of no meaning.
    """

    below: dict[str, Tree] = field(default_factory=dict)
    param: Param | None = None
    volatile: bool = False

    @classmethod
    def of(
        cls,
        params: Iterable[Param],
        volatile: Iterable[Pointer] = (),
        *,
        places: Iterable[str] = ("json",),
        each: Pointer | None = None,
    ) -> Tree:
        """The places of some parameters; those of an item stand below every item of ``each``."""
        root, wanted = cls(), frozenset(places)
        for param in params:
            if param.place in wanted:
                root._at(param.pointer)._cover(param)
            elif param.place == "item" and each is not None:
                root._at((*each, MANY, *param.pointer))._cover(param)
        for pointer in volatile:
            root._at(pointer).volatile = True
        return root

    def _at(self, pointer: Pointer) -> Tree:
        at = self
        for step in pointer:
            at = at.below.setdefault(step, Tree())
        return at

    @staticmethod
    def nothing() -> Tree:
        """Nothing is declared."""
        return Tree()

    def _cover(self, param: Param) -> None:
        if self.param is None or not self.param.hidden:
            self.param = param

    def unknown(self, value: Value, at: str = "") -> list[str]:
        """Pointers of what stands in the body and is not declared."""
        if self.param is not None or self.volatile:
            return []
        many = self.below.get(MANY)
        if many is not None and not isinstance(value, Mapping):
            items = value if isinstance(value, list) else [value]
            return [name for i, item in enumerate(items) for name in many.unknown(item, f"{at}/{i}")]
        if not isinstance(value, Mapping):
            return [] if at and value is None else [at or "/"]
        if many is not None and len(self.below) == 1:
            return many.unknown(value, at)  # one where a list could stand
        found: list[str] = []
        for key, item in value.items():
            place = f"{at}/{key}"
            found += self.below[key].unknown(item, place) if key in self.below else [place]
        return found


def shape(value: Value, depth: int = _MAX_DEPTH) -> Value:
    """Keys and types, no values: strings as ``"string"``, at most 50 members of each object and list."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    if isinstance(value, Mapping):
        if depth == 0:
            return "object"
        return _members(value, lambda item: shape(item, depth - 1))
    if isinstance(value, Sequence) and not isinstance(value, str):
        if depth == 0 or not value:
            return "list"
        return [shape(value[0], depth - 1), *([f"{_UNSEEN} {len(value) - 1} more"] if len(value) > 1 else [])]
    if value is None:
        return None
    return next(name for kind, name in _KINDS.items() if isinstance(value, kind))


def _members(value: Mapping[str, Value], told: Callable[[Value], Value]) -> dict[str, Value]:
    """The first 50 members, and how many more there are; keys that look alike are told apart by a number."""
    shown: dict[str, Value] = {}
    for number, (key, item) in enumerate(islice(value.items(), _MAX_MEMBERS), 1):
        name = for_people(key)
        shown[name if name not in shown else f"{name} ({number})"] = told(item)
    if len(value) > _MAX_MEMBERS:
        shown[_UNSEEN] = f"{len(value) - _MAX_MEMBERS} more"
    return shown


def _items(value: Sequence[Value], told: Callable[[Value], Value]) -> list[Value]:
    """The first 50 items, and how many more there are."""
    more = [f"{_UNSEEN} {len(value) - _MAX_MEMBERS} more"] if len(value) > _MAX_MEMBERS else []
    return [*map(told, value[:_MAX_MEMBERS]), *more]


def _visible(value: Value, depth: int = _MAX_DEPTH) -> Value:
    """A declared value, bounded."""
    if isinstance(value, str):
        return for_people(value, limit=_MAX_TEXT)
    if isinstance(value, Mapping) and depth:
        return _members(value, lambda item: _visible(item, depth - 1))
    if isinstance(value, Sequence) and depth:
        return _items(value, lambda item: _visible(item, depth - 1))
    return shape(value, 0) if isinstance(value, (Mapping, Sequence)) else value


def _of_param(param: Param, value: Value) -> Value:
    if param.hidden == "values" and isinstance(value, Mapping):
        return _members(value, lambda _: HIDDEN)
    if param.hidden:
        return HIDDEN
    if param.kind is ParamType.COUNT and isinstance(value, Sequence):
        return f"{len(value)} items"
    if param.kind is ParamType.DIGEST:
        return f"{len(value)} characters" if isinstance(value, str) else shape(value, 1)
    return _visible(value)


def shown_json(value: Value, tree: Tree) -> Value:
    """A JSON body for people."""
    if tree.param is not None:
        return _of_param(tree.param, value)
    many = tree.below.get(MANY)
    if many is not None and isinstance(value, list):
        return _items(value, lambda item: shown_json(item, many))
    if many is not None and len(tree.below) == 1:
        return shown_json(value, many)
    if not tree.below or not isinstance(value, Mapping):
        return shape(value)
    rows = list(value.items())
    first = [row for row in rows if row[0] in tree.below] + [row for row in rows if row[0] not in tree.below]
    shown: dict[str, Value] = {
        for_people(key): shown_json(item, tree.below[key]) if key in tree.below else shape(item)
        for key, item in first[:_MAX_MEMBERS]
    }
    if len(first) > _MAX_MEMBERS:
        shown[_UNSEEN] = f"{len(first) - _MAX_MEMBERS} more"
    return shown


def param_of(key: str, params: Sequence[Param]) -> Param | None:
    """The parameter that declares a form or query key."""
    for param in params:
        if param.key == key if not param.prefix else key.startswith(param.prefix):
            return param
    return None


def _shown_pair(key: str, value: str, params: Sequence[Param]) -> str:
    param = param_of(key, params)
    if param is None:
        return _UNSEEN
    return HIDDEN if param.hidden else for_people(value, limit=_MAX_TEXT)


def shown_form(pairs: Pairs, params: Sequence[Param]) -> Value:
    """A form body for people; what is declared comes first, so that nothing pushes it out of sight."""
    rows: dict[str, list[Value]] = {}
    ranked = sorted(pairs, key=lambda pair: param_of(pair[0], params) is None)
    for key, value in ranked[:_MAX_MEMBERS]:
        rows.setdefault(for_people(key), []).append(_shown_pair(key, value, params))
    shown: dict[str, Value] = {key: found if len(found) > 1 else found[0] for key, found in rows.items()}
    if len(pairs) > _MAX_MEMBERS:
        shown[_UNSEEN] = f"{len(pairs) - _MAX_MEMBERS} more"
    return shown


def _is_secret(param: Param) -> bool:
    return bool(param.hidden) or param.kind is ParamType.DIGEST


def shown_path(path: str, patterns: Sequence[tuple[Pattern, Sequence[Param]]]) -> str:
    """The path without the steps that one of these patterns hides: the secret of a webhook stands there."""
    steps = path[1:].split("/")
    for pattern, params in patterns:
        hidden = {param.key for param in params if param.place == "path" and _is_secret(param)}
        for i, segment in enumerate(pattern.segments if hidden else ()):
            if segment.name in hidden:
                steps[i : None if segment.rest else i + 1] = [HIDDEN]
    return "/" + "/".join(steps)


def shown_url(call: Call, path: str, query: Pairs, params: Sequence[Param]) -> str:
    """The URL with ``…`` for every query value that is not declared. ``path``: as it is shown."""
    if not call.query:
        return f"{call.origin}{path}"
    shown = []
    for key, value in query:
        text = _shown_pair(key, value, params)
        shown.append(f"{quote(key, safe='[]')}={text if text in (_UNSEEN, HIDDEN) else quote(text, safe='')}")
    return f"{call.origin}{path}?{'&'.join(shown)}"
