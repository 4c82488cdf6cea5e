"""A rule as rows of a form: every field a text, conditions as a tree of rows; and rows put back into the rule.

1. Nothing is lost. A field whose text is still what the rule's value is shown as keeps that value, and so do the
   conditions (an expression stays one); what no row shows stays where it is.
2. A value in a row: a number, ``true`` or ``false``, else text; text that looks like one of these stands in double
   quotes. Lists are parted by commas. Of a field that is known to hold text, every word is text.
3. What a rule may say is judged by the kernel, after it is put together.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any

import orjson

from vienna_kernel.policy import expression
from vienna_kernel.policy.operand import Kind
from vienna_kernel.policy.operators import PRESENCE
from vienna_kernel.policy.vocabulary import UnknownFieldError, find
from vienna_kernel.value import plain_decimal

__all__ = ["FIELDS", "filled", "rows_of"]

_LISTS = frozenset({"in", "not_in", "between", "time_between"})
_GROUPS = ("all", "any", "not")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?\Z", re.ASCII)
_QUOTED = re.compile(r'\s*"(?:[^"\\]|\\.)*"\s*(?:,|\Z)')
_DEEPEST = 32

type Read = Callable[[str], Any]


def _scalar(text: str) -> Any:
    """One value as it is typed."""
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.match(text):
        return Decimal(text) if "." in text else int(text)
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(orjson.loads(text))
        except orjson.JSONDecodeError:
            return text
    return text


def _typed(value: Any, *, listed: bool = False) -> str:
    """The text that is read as this value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if not isinstance(value, str):
        return "" if value is None else str(value)
    plain = _scalar(value) == value and not _is_odd(value) and not (listed and _parts(value))
    return value if plain else _quoted(value)


def _parts(value: str) -> bool:
    """Whether a list could not hold this word without quotes."""
    return "," in value or value[:1] == "[" or value[-1:] == "]"


def _quoted(value: str) -> str:
    return orjson.dumps(value).decode()


def _words(text: str) -> list[str]:
    """The parts of a list, quotes kept; brackets around all of it say nothing."""
    text = text.strip()
    if text[:1] == "[" and text[-1:] == "]":
        text = text[1:-1]
    found, at = [], 0
    while at < len(text):
        match = _QUOTED.match(text, at)
        end = match.end() if match else text.find(",", at) + 1 or len(text)
        found.append(text[at:end].strip().removesuffix(",").strip())
        at = end
    return [word for word in found if word]


def _names(text: str) -> list[str]:
    return [str(_scalar(word)) if word[:1] == '"' else word for word in _words(text)]


def _number(text: str) -> Any:
    return _scalar(text)


def _flag(text: str) -> bool:
    return text == "true"


def _text(text: str) -> str:
    return text


FIELDS: Mapping[str, Read] = {
    **dict.fromkeys(("id", "name", "description", "timezone", "valid_from", "valid_until"), _text),
    "priority": _number,
    "tags": _names,
    "enabled": _flag,
    "shadow": _flag,
    **dict.fromkeys(("then.action", "then.reason", "then.tier", "then.warrant_ttl", "then.window"), _text),
    "then.may_lower": _flag,
    "then.limit": _number,
    "then.approvals.count": _number,
    **{f"then.approvals.{name}": _names for name in ("groups", "roles", "people")},
    **{f"then.approvals.{name}": _flag for name in ("mfa", "justification", "rollback_plan", "executive")},
    **{f"then.approvals.{name}": _text for name in ("timeout", "on_timeout", "redeem_within", "page")},
    **{
        f"limits.budget.{name}": _text
        for name in ("name", "per", "counterparty", "window", "currency", "over")
    },
    "limits.budget.max": _number,
    "limits.budgets": _names,
}
"""What the form shows, by its place in the rule, and how a text of it is read."""
_YES_UNLESS_SAID = frozenset({"enabled"})


def rows_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Texts by place, and under ``when`` the tree: ``{"word", "members"}`` or ``{"field", "operator", "value"}``.

    ``rule``: in the stored shape, decimals as such. A condition that is no condition is shown as an empty group.
    """
    return {
        **{name: _shown(_at(rule, name), name) for name in FIELDS},
        "when": _group_of(_tree(rule.get("when"))),
    }


def _shown(value: Any, name: str) -> str:
    if FIELDS[name] is _flag:
        return "true" if value is True or (value is None and name in _YES_UNLESS_SAID) else ""
    if isinstance(value, list):
        return ", ".join(_typed(one, listed=True) for one in value)
    return "" if value is None else _typed(value) if FIELDS[name] is _number else str(value)


def _at(rule: Any, name: str) -> Any:
    for step in name.split("."):
        rule = rule.get(step) if isinstance(rule, Mapping) else None
    return rule


def _tree(when: Any, depth: int = 0) -> dict[str, Any]:
    """Conditions in any spelling as groups and tests. Errors: ``ExpressionError``."""
    if isinstance(when, str):
        when = expression.parse(when)
    if depth > _DEEPEST or when is None:
        return {"word": "all", "members": []}
    if isinstance(when, list):
        return {"word": "all", "members": [_tree(one, depth + 1) for one in when]}
    if not isinstance(when, Mapping):
        return {"word": "all", "members": []}
    for word in _GROUPS:
        if word in when:
            members = when[word]
            inside = members if word != "not" and isinstance(members, list) else [members]
            return {"word": word, "members": [_tree(one, depth + 1) for one in inside]}
    return _row(when)


def _row(test: Mapping[str, Any]) -> dict[str, Any]:
    value = test.get("value")
    if isinstance(value, list):
        text = ", ".join(_typed(one, listed=True) for one in value)
    elif isinstance(value, str) and _holds_text(test):
        text = value if not _is_odd(value) else _quoted(value)
    else:
        text = _typed(value)
    told = {"field": test.get("field"), "operator": test.get("operator"), "currency": test.get("currency")}
    return {**{name: "" if one is None else str(one) for name, one in told.items()}, "value": text}


def _is_odd(value: str) -> bool:
    """What would not come back out of a one-line field as it went in, or reads as if it were in quotes."""
    return value != value.strip() or "\n" in value or "\r" in value or value[:1] == '"' or not value


def _holds_text(test: Mapping[str, Any]) -> bool:
    if test.get("operator") == "matches":
        return True
    try:
        return find(str(test.get("field")), rule_id="", window_seconds=60, tz=UTC).kind is Kind.TEXT
    except UnknownFieldError:
        return False


def _group_of(node: dict[str, Any]) -> dict[str, Any]:
    return node if "word" in node else {"word": "all", "members": [node]}


def filled(base: Mapping[str, Any], rows: Mapping[str, Any]) -> dict[str, Any]:
    """The rule with what its rows say now; ``base``: the rule that they were made of."""
    rule = copy.deepcopy(dict(base))
    for name, read in FIELDS.items():
        text = _given(rows, name)
        if text is not None and text != _shown(_at(base, name), name):
            _put(rule, name, read(text) if text or read is _flag else None)
    when = rows.get("when")
    if isinstance(when, Mapping) and when != _kept_tree(base):
        rule["when"] = _conditions(when)
    return rule


def _kept_tree(base: Mapping[str, Any]) -> Any:
    try:
        return _group_of(_tree(base["when"])) if "when" in base else None
    except expression.ExpressionError:
        return None


def _given(rows: Mapping[str, Any], name: str) -> str | None:
    """The text of a row; None: the form does not show it."""
    value = _at(rows, name)
    if isinstance(value, bool):
        return "true" if value else ""
    return None if value is None else str(value)


def _put(rule: dict[str, Any], name: str, value: Any) -> None:
    """Set a member, or (None) take it away, with what is empty above it."""
    *above, last = name.split(".")
    inside: Any = rule
    for step in above:
        if not isinstance(inside.get(step), dict):
            inside[step] = {}
        inside = inside[step]
    if value is None or value == []:
        inside.pop(last, None)
    else:
        inside[last] = value
    if above and not inside:
        _put(rule, ".".join(above), None)


def _conditions(node: Mapping[str, Any]) -> Any:
    """What a rule says for the outermost group: a list where all must hold."""
    told = _spelled(node)
    return told["all"] if set(told) == {"all"} else told


def _spelled(node: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    word = node.get("word")
    if word not in _GROUPS or depth > _DEEPEST:
        return _test(node)
    sent = node.get("members")
    inside = sent if isinstance(sent, list) else []
    members = [_spelled(one, depth + 1) for one in inside if isinstance(one, Mapping)]
    if word != "not":
        return {word: members}
    return {"not": members[0] if len(members) == 1 else {"all": members}}


def _test(row: Mapping[str, Any]) -> dict[str, Any]:
    test = {name: str(row.get(name) or "").strip() for name in ("field", "operator")}
    text, currency = (str(row.get(name) or "").strip() for name in ("value", "currency"))
    if text or test["operator"] not in PRESENCE:
        test["value"] = _value(test, text)
    return {**test, "currency": currency.upper()} if currency else test


def _value(test: Mapping[str, Any], text: str) -> Any:
    if test["operator"] in _LISTS:
        listed = [_scalar(word) for word in _words(text)]
        return [str(one) for one in listed] if test["operator"] == "time_between" else listed
    if _holds_text(test) and test["operator"] not in PRESENCE and text[:1] != '"':
        return text
    return _scalar(text)
