"""An approver's "yes, but less": the same request with parameters lowered, as the mapping allows.

1. Only what is declared ``writable`` changes: a number to a smaller one, a list to some of its items.
2. A signed request cannot be changed: its signature would no longer hold.
3. The new request is read again by the same mappings; it must mean the same action on the same target, with every
   other parameter as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import quote

import orjson

from vienna_kernel import money
from vienna_kernel.call.request import Call
from vienna_kernel.decode import form, json
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.intent import Intent
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.mapped import Mapped
from vienna_kernel.mapping.param import Param
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value, plain_decimal
from vienna_kernel.verdict import Reason, Refused

_SIGNED = ("aws4-hmac-sha256", "aws4-ecdsa", "signature ")
_SIGNED_HEADERS = frozenset({"x-amz-content-sha256", "digest", "x-signature"})


@dataclass(frozen=True, slots=True)
class Change:
    """One parameter, before and after; amounts in major units."""

    name: str
    before: Value
    after: Value

    def shown(self) -> str:
        """``amount 5000→3000``."""
        return f"{self.name} {_shown(self.before)}→{_shown(self.after)}"


def _shown(value: Value) -> str:
    if isinstance(value, (list, tuple)):
        return f"{len(value)} items"
    return plain_decimal(Decimal(value)) if isinstance(value, (int, Decimal)) else str(value)


def _no(detail: str, hint: str = "") -> Refused:
    return Refused(Reason.INVALID_PARAMETER, detail, hint)


def judge(intent: Intent, writable: tuple[str, ...], wanted: Mapping[str, Value]) -> list[Change] | Refused:
    """The changes, when each of them only narrows.

    Errors: ``Refused`` with ``invalid_parameter`` for a parameter that may not be changed, is not known, or would grow.
    """
    changes = []
    for name, after in wanted.items():
        before = intent.parameters.get(name)
        if name not in writable:
            return _no(f"{name} may not be changed in {intent.action}")
        if before is None or name in intent.redacted:
            return _no(f"{name} is not known here, so it cannot be narrowed")
        if not _narrower(before, after):
            return _no(f"{name} may only be lowered: from {_shown(before)}")
        changes.append(Change(name, before, after))
    return changes or _no("nothing is changed")


def _narrower(before: Value, after: Value) -> bool:
    if isinstance(before, (list, tuple)):
        if not isinstance(after, list) or not 0 < len(after) < len(before):
            return False
        return all(after.count(item) <= before.count(item) for item in after)
    if isinstance(before, bool) or isinstance(after, bool):
        return False
    return isinstance(before, (int, Decimal)) and isinstance(after, (int, Decimal)) and 0 < after < before


def signed(call: Call) -> bool:
    """Whether its own signature would no longer hold were it changed."""
    authorization = (call.header("authorization") or "").lower()
    return authorization.startswith(_SIGNED) or any(name in _SIGNED_HEADERS for name, _ in call.headers)


def rewrite(call: Call, action: Action, intent: Intent, changes: list[Change]) -> Call | Refused:
    """The request with the changes written into it.

    Errors: ``Refused`` when it is signed, or a value has no form on the wire.
    """
    if signed(call):
        return _no("a signed request cannot be changed: its signature would no longer hold")
    params = {param.name: param for param in action.params}
    for change in changes:
        param = params[change.name]
        value = on_wire(param, change.after, intent)
        if isinstance(value, Refused):
            return value
        call = _written(call, param, value)
    return call


def on_wire(param: Param, value: Value, intent: Intent) -> Value | Refused:
    """A new value as the request spells it.

    Errors: ``Refused`` for an amount that its currency cannot be paid in.
    """
    if param.kind is not ParamType.MINOR_UNITS:
        return value
    code = intent.parameters.get(param.currency_name)
    minor = (
        money.to_minor(Decimal(value), code)
        if isinstance(value, (int, Decimal)) and isinstance(code, str)
        else None
    )
    return _no(f"{param.name} is no whole number of the smallest unit") if minor is None else minor


def _written(call: Call, param: Param, value: Value) -> Call:
    if param.place == "query":
        return replace(call, query=_pairs(form.pairs(call.query.encode("ascii")), param, value))
    if param.place == "form":
        return replace(call, body=_pairs(form.pairs(call.body), param, value).encode("ascii"))
    body = json.loads(call.body or b"{}")
    return replace(call, body=dumps(put(body, param.pointer, value)).encode("utf-8"))


def _pairs(pairs: Pairs, param: Param, value: Value) -> str:
    items = value if isinstance(value, list) else [value]
    texts = [
        (param.key, plain_decimal(Decimal(v)) if isinstance(v, (int, Decimal)) else str(v)) for v in items
    ]
    found: Pairs = []
    for key, text in pairs:
        if key != param.key:
            found.append((key, text))
        else:
            found += texts
            texts = []
    rows = [*found, *texts]
    return "&".join(f"{quote(key, safe='[]')}={quote(text, safe='')}" for key, text in rows)


def put(value: Value, at: Pointer, new: Value) -> Value:
    """A document with one place of it replaced; places on the way that are not there are made."""
    if not at:
        return new
    if isinstance(value, list) and at[0].isdecimal() and int(at[0]) < len(value):
        return [put(item, at[1:], new) if i == int(at[0]) else item for i, item in enumerate(value)]
    members = dict(value) if isinstance(value, Mapping) else {}
    return {**members, at[0]: put(members.get(at[0]), at[1:], new)}


def dumps(value: Value) -> str:
    """JSON text of a value, decimals as numbers."""
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{dumps(key)}:{dumps(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(dumps(item) for item in value) + "]"
    return orjson.dumps(value).decode("utf-8")


def held(before: Mapped, after: Mapped, changes: list[Change]) -> Refused | None:
    """None when the new request means the old one with just these changes."""
    if len(before.intents) != 1 or len(after.intents) != 1:
        return _no("the changed request would mean something else")
    (old,), (new,) = before.intents, after.intents
    changed = {change.name: change.after for change in changes}
    same = (old.action, old.target) == (new.action, new.target)
    wanted = {**old.parameters, **changed}
    if same and dict(new.parameters) == wanted and old.undetermined == new.undetermined:
        return None
    return _no("the changed request would mean something else")
