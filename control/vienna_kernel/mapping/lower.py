"""A narrowed request as people will see it, told from what they saw: they consent to it before it is written.

1. Only the gate has the request itself and writes it anew (``narrow``). What it makes of it must mean exactly this.
2. What is told from a changed parameter would change with it, and such a request is not narrowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote, unquote

from vienna_kernel.intent import Intent
from vienna_kernel.mapping import narrow
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.intent import retold
from vienna_kernel.mapping.narrow import Change
from vienna_kernel.mapping.param import Param
from vienna_kernel.value import Value, plain
from vienna_kernel.verdict import Reason, Refused


@dataclass(frozen=True, slots=True)
class Lowered:
    """What it means now, and URL and body as people see them."""

    intent: Intent
    url: str
    body: Value


def lowered(
    action: Action, intent: Intent, changes: Sequence[Change], *, url: str, body: Value
) -> Lowered | Refused:
    """The intent and the shown request with these changes, each judged by ``narrow.judge``.

    Args:
        url, body: ``Mapped.shown_url`` and ``Mapped.shown_body``.

    Errors: ``Refused`` with ``invalid_parameter`` when another parameter would change too, or a value has no form on
    the wire.
    """
    changed = {change.name: change.after for change in changes}
    params = {param.name: param for param in action.params}
    for param in action.params:
        if param.derive is not None and changed.keys() & set(param.sources):
            name = next(name for name in param.sources if name in changed)
            return _no(f"{name} may not be changed alone: {param.name} is told from it")
    for name, value in changed.items():
        if name not in params:
            return _no(f"{name} may not be changed in {action.name}")
        written = narrow.on_wire(params[name], value, intent)
        if isinstance(written, Refused):
            return written
        url, body = _shown(params[name], written, url, body)
    return Lowered(retold(action, intent, {**intent.parameters, **changed}), url, body)


def _no(detail: str) -> Refused:
    return Refused(Reason.INVALID_PARAMETER, detail)


def _shown(param: Param, value: Value, url: str, body: Value) -> tuple[str, Value]:
    if param.place == "query":
        return _in_query(url, param.key, _texts(value)), body
    if param.place == "form":
        texts: list[Value] = [*_texts(value)]
        return url, narrow.put(body, (param.key,), texts if len(texts) > 1 else texts[0])
    return url, narrow.put(body, param.pointer, _number(value))


def _number(value: Value) -> Value:
    """A number as it is read off JSON."""
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if whole and isinstance(value, Decimal) else value


def _texts(value: Value) -> list[str]:
    return [str(plain(item)) for item in (value if isinstance(value, (list, tuple)) else [value])]


def _in_query(url: str, key: str, texts: list[str]) -> str:
    path, _, query = url.partition("?")
    new = [f"{quote(key, safe='[]')}={quote(text, safe='')}" for text in texts]
    pairs: list[str] = []
    for pair in query.split("&"):
        if unquote(pair.partition("=")[0]) != key:
            pairs.append(pair)
        else:
            pairs += new
            new = []
    return f"{path}?{'&'.join([*pairs, *new])}"
