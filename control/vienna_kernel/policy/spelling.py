"""A condition tree as one line: the expression that reads back as the same tree.

Some trees have no such line (a text with both kinds of quote, an empty group). A group of one is its member.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from vienna_kernel.policy.condition import Group, Leaf, Node, Not
from vienna_kernel.value import plain_decimal

_FIELD = re.compile(r"(?!not\b)[A-Za-z_][A-Za-z0-9_\-]*(\.[A-Za-z0-9_\-]+)*\Z", re.IGNORECASE | re.ASCII)
_CURRENCY = re.compile(r"(?!AND|NOT)[A-Z]{3}\Z")
_LONGEST = 4000
_SIGNS = {"equals": "==", "not_equals": "!=", "gt": ">", "lt": "<", "gte": ">=", "lte": "<="}
_WORDS = {"not_in": "not in", "not_exists": "not exists"}


class _UnspeakableError(ValueError):
    """No expression says this."""


def spell(node: Node) -> str | None:
    """``action == 'deploy' AND cost_impact > 5000 EUR``; None when no expression reads back as this tree."""
    try:
        text = _spelled(node)
    except _UnspeakableError:
        return None
    return text if len(text) <= _LONGEST else None


def short(leaf: Leaf) -> str:
    """One test as people read it, whether or not an expression could say it."""
    currency = f" {leaf.currency}" if leaf.currency else ""
    return spell(leaf) or f"{leaf.field.name}: {leaf.operator.show(leaf.operand)}{currency}"


def _spelled(node: Node) -> str:
    if isinstance(node, Leaf):
        return _leaf(node)
    if isinstance(node, Not):
        return f"NOT {_within(node.member)}"
    if not node.members:
        raise _UnspeakableError
    if len(node.members) == 1:
        return _spelled(node.members[0])
    word = " AND " if node.word == "all" else " OR "
    return word.join(_within(member) for member in node.members)


def _within(node: Node) -> str:
    """In brackets where it would else be read apart."""
    while isinstance(node, Group) and len(node.members) == 1:
        node = node.members[0]
    return f"({_spelled(node)})" if isinstance(node, Group) else _spelled(node)


def _leaf(leaf: Leaf) -> str:
    word = leaf.operator.name
    if not _FIELD.match(leaf.field.name) or (leaf.currency and not _CURRENCY.match(leaf.currency)):
        raise _UnspeakableError
    parts = [leaf.field.name, _SIGNS.get(word) or _WORDS.get(word, word)]
    if word not in ("exists", "not_exists"):
        parts.append(_operand(leaf.operand))
    return " ".join(parts + ([leaf.currency] if leaf.currency else []))


def _operand(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_operand(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, int):
        return str(value)
    quote = next((sign for sign in "'\"" if sign not in value), None)
    if quote is None or "\n" in value:
        raise _UnspeakableError
    return f"{quote}{value}{quote}"
