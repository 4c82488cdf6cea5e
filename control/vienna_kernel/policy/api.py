"""A rule as the API takes and shows it: two published dialects, one stored shape.

The first has ``conditions`` or an ``expression`` and ``action: {type, …}``; the flat one has ``action_on_match`` and
its fellows. Both become the shape of a policy file. Complaints name the field as it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vienna_kernel.document import Document, DocumentError, Path, nearest
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.page import read_stored
from vienna_kernel.value import pack, unpack

_SHARED = (
    "id",
    "name",
    "description",
    "priority",
    "enabled",
    "shadow",
    "tags",
    "valid_from",
    "valid_until",
    "timezone",
    "limits",
)
_DEFAULTS = {"name": "", "description": "", "priority": 0, "enabled": True}
_CONDITIONS = ("conditions", "expression", "condition")
_THEN = ("reason", "may_lower", "approvals", "warrant_ttl", "limit", "window")
_FLAT = (
    "action_on_match",
    "approval_tier",
    "risk_tier",
    "required_approvers",
    "required_approvals",
    "required_roles",
    "required_groups",
    "timeout",
    "requires_mfa",
    "reason",
    "warrant_ttl",
)
_FULL = ("action", "risk_tier_override")
_MOST_TOLD = 100
_READ_ONLY = frozenset({"version", "created_at", "created_by", "updated_at", "source"})


type _Moved = dict[Path, Path]


@dataclass(frozen=True, slots=True)
class _Posted(Document):
    """A posted rule: a place in the stored shape is told as a JSON pointer into what was sent.

    Attributes:
        moved: Where parts of the stored shape came from.
    """

    moved: Mapping[Path, Path] = field(default_factory=dict)

    def where(self, path: Path = ()) -> str:
        for length in range(len(path), -1, -1):
            if path[:length] in self.moved:
                path = (*self.moved[path[:length]], *path[length:])
                break
        return "/" + "/".join(str(step) for step in path)


def rule_from_api(data: Mapping[str, Any], *, rule_id: str | None = None) -> dict[str, Any]:
    """The stored shape of a rule in either dialect, as plain JSON data (decimals packed, see ``value.pack``).

    ``rule_id`` is the id of a rule that is new, or that is replaced. Nulls count as left out; what the API itself
    shows of a rule (``version``, ``created_at``, …) is passed over.

    Errors: ``DocumentError``; each complaint's ``where`` is a JSON pointer into ``data``.
    """
    sent = {key: _exact(value) for key, value in data.items() if value is not None and key not in _READ_ONLY}
    moved: _Moved = {}
    flat = "action" not in sent
    known = [*_SHARED, *_CONDITIONS, *(_FLAT if flat else _FULL)]
    unknown = [
        MalformedError(f"/{key}", f"unknown key {key!r}{nearest(key, known)}")
        for key in [key for key in sent if key not in known][:_MOST_TOLD]
    ]
    if unknown:
        raise DocumentError(unknown)
    rule = {**_DEFAULTS, **{key: sent[key] for key in _SHARED if key in sent}}
    if rule_id is not None:
        rule["id"] = rule_id
    rule["when"] = _when(sent, moved)
    rule["then"] = _flat_then(sent, moved) if flat else _full_then(sent, moved)
    read_stored(_Posted("rule", rule, {}, moved), tz=zone("UTC"))
    packed: dict[str, Any] = pack(rule)
    return packed


def _when(sent: Mapping[str, Any], moved: _Moved) -> Any:
    given = [key for key in _CONDITIONS if key in sent]
    if len(given) != 1:
        why = "say 'conditions' or 'expression'" + (", not both" if given else "")
        raise DocumentError([MalformedError(f"/{given[1] if given else 'conditions'}", why)])
    moved[("when",)] = (given[0],)
    return sent[given[0]]


def _full_then(sent: Mapping[str, Any], moved: _Moved) -> dict[str, Any]:
    action = sent["action"]
    if not isinstance(action, Mapping):
        raise DocumentError([MalformedError("/action", "expected an object with a 'type'")])
    action = {key: value for key, value in action.items() if value is not None}
    known = ["type", "risk_tier_override", "tier", *_THEN]
    for key in action:
        if key not in known:
            raise DocumentError(
                [MalformedError(f"/action/{key}", f"unknown key {key!r}{nearest(key, known)}")]
            )
    then = {key: action[key] for key in _THEN if key in action}
    moved[("then",)] = ("action",)
    _move(action, "type", then, "action", moved, "action")
    _move(action, "tier", then, "tier", moved, "action")
    _move(action, "risk_tier_override", then, "tier", moved, "action")
    _move(sent, "risk_tier_override", then, "tier", moved)
    return then


def _move(
    source: Mapping[str, Any], key: str, then: dict[str, Any], name: str, moved: _Moved, *above: str
) -> None:
    if key in source:
        then[name] = source[key]
        moved[("then", name)] = (*above, key)


def _flat_then(sent: Mapping[str, Any], moved: _Moved) -> dict[str, Any]:
    then: dict[str, Any] = {key: sent[key] for key in ("reason", "warrant_ttl") if key in sent}
    moved[("then",)] = ()
    _move(sent, "risk_tier", then, "tier", moved)
    _move(sent, "approval_tier", then, "tier", moved)
    approvals = _flat_approvals(sent, moved)
    if approvals:
        then["approvals"] = approvals
    _move(sent, "action_on_match", then, "action", moved)
    if "action" not in then:
        if not approvals and "tier" not in then:
            raise DocumentError([MalformedError("/action_on_match", "the key is missing")])
        # the flat dialect may name only a tier: T0 approves by itself, every other asks people
        then["action"] = "allow" if then.get("tier") == "T0" and not approvals else "require_approval"
    return then


def _flat_approvals(sent: Mapping[str, Any], moved: _Moved) -> dict[str, Any]:
    """``required_approvers`` are people, ``required_approvals`` a number or the roles that must each be there."""
    asked: dict[str, Any] = {}
    rows = {
        "required_roles": "roles",
        "required_groups": "groups",
        "timeout": "timeout",
        "requires_mfa": "mfa",
        "required_approvers": "people",
        "required_approvals": "roles",
    }
    for key, name in rows.items():
        if key in sent:
            counted = key in ("required_approvers", "required_approvals") and isinstance(sent[key], int)
            target = "count" if counted else name
            asked[target] = sent[key]
            moved[("then", "approvals", target)] = (key,)
    return asked


def _exact(value: Any) -> Any:
    """JSON numbers with a fraction as the decimal that was written."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _exact(item) for key, item in value.items()}
    return [_exact(item) for item in value] if isinstance(value, (list, tuple)) else value


def rule_to_api(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored rule in the documented dialect; ``rule_from_api`` reads it back as the same rule."""
    rule = _shown(unpack(dict(stored)))
    shown = {**_DEFAULTS, **{key: rule[key] for key in _SHARED if key in rule}}
    when, then = rule["when"], dict(rule["then"])
    if isinstance(when, str):
        shown["expression"] = when
    else:
        shown["conditions"] = when if isinstance(when, list) else [when]
    action = {"type": then.pop("action"), **then}
    if "tier" in action:
        action["risk_tier_override"] = action.pop("tier")
    return {**shown, "action": action}


def _shown(value: Any) -> Any:
    """Decimals as JSON numbers: the shortest that reads back as the same decimal."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, (list, tuple)) else value


def rule_patched(stored: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A stored rule with a subset of its fields replaced, in either dialect; null takes a field back.

    Conditions are replaced as a whole, the parts of ``action`` and ``approvals`` one by one.

    Errors: ``DocumentError`` as ``rule_from_api``.
    """
    shown = rule_to_api(stored)
    if any(key in data for key in _CONDITIONS):
        shown = {key: value for key, value in shown.items() if key not in _CONDITIONS}
    change = {key: value for key, value in data.items() if key not in _FLAT}
    action = _as_action({key: value for key, value in data.items() if key in _FLAT})
    given = change.get("action")
    if isinstance(given, Mapping):
        action = {**given, **action}
    if action:
        approvals = action.get("approvals")
        if isinstance(approvals, Mapping):
            action["approvals"] = {**shown["action"].get("approvals", {}), **approvals}
        change["action"] = {**shown["action"], **action}
    merged = {**shown, **change}
    merged["action"] = _without_nulls(merged["action"])
    return rule_from_api(merged)


def _as_action(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The flat dialect's keys as the parts of an ``action`` object."""
    names = {
        "action_on_match": "type",
        "risk_tier": "risk_tier_override",
        "approval_tier": "risk_tier_override",
    }
    approvals = _flat_approvals(flat, {})
    kept = {names.get(key, key): value for key, value in flat.items() if key in names or key in _THEN}
    return {**kept, **({"approvals": approvals} if approvals else {})}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value
