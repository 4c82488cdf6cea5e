"""Whether a WHERE keeps anything out: ``1=1``, ``TRUE``, ``id = id`` and their like do not."""

from __future__ import annotations

from typing import Any

type Node = Any
"""A node of sqlglot's tree, told apart by its ``key``: the library is loaded when a statement is parsed."""

_MAX_DEPTH = 64
_WILDCARDS = frozenset("%*")


def _refers(node: Node) -> bool:
    """Whether a column stands in it, outside what is selected elsewhere."""
    if node.key == "column":
        return True
    if node.key in ("select", "union", "intersect", "except"):
        return False
    return any(_refers(child) for child in node.iter_expressions())


def _is_null_test(node: Node, *, negated: bool) -> bool:
    """``x IS NULL``, or ``x IS NOT NULL``, which is true of all rows of many tables."""
    inner = node.this if node.key == "paren" else node
    return inner.key == "is" and inner.expression.key == "null" and bool(inner.args.get("negate")) == negated


def _same(left: Node, right: Node) -> bool:
    """Whether both sides of a comparison are one; names of columns without regard to case, one of them in full."""
    while left.key == "paren":
        left = left.this
    while right.key == "paren":
        right = right.this
    if left.key != "column" or right.key != "column":
        return bool(left == right)
    mine, theirs = ([str(part.name).lower() for part in node.parts][::-1] for node in (left, right))
    return all(one == other for one, other in zip(mine, theirs, strict=False))


def constrains(node: Node, depth: int = 0) -> bool:
    """Whether a condition may be false for a row, as far as its form tells; False where that cannot be told."""
    if depth > _MAX_DEPTH:
        return False
    if node.key in ("paren", "where", "prewhere"):
        return constrains(node.this, depth + 1)
    if node.key == "and":
        return constrains(node.this, depth + 1) or constrains(node.expression, depth + 1)
    if node.key in ("or", "xor"):
        return constrains(node.this, depth + 1) and constrains(node.expression, depth + 1)
    if node.key == "not":
        return not _is_null_test(node.this, negated=False) and constrains(node.this, depth + 1)
    if node.key == "exists" or _is_null_test(node, negated=True) or not _refers(node):
        return False
    left, right = node.args.get("this"), node.args.get("expression")
    if left is not None and right is not None and _same(left, right):
        return False
    matches = node.key in ("like", "ilike", "glob") and right is not None and right.key == "literal"
    return not (matches and set(right.name) <= _WILDCARDS)
