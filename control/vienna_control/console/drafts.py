"""A rule while it is written: as text and as rows, what is wrong with it, and what would be sent to the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from vienna_control.console.rule_rows import filled, rows_of
from vienna_control.policies import text as rule_text
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.api import rule_from_api, rule_to_api
from vienna_kernel.policy.condition import Group, Node, Reader
from vienna_kernel.policy.expression import ExpressionError
from vienna_kernel.policy.spelling import spell

__all__ = ["draft_of", "text_of", "typed", "when_of"]

_PLACE = re.compile(rf"{rule_text.NAME}(?::(\d+))?(?::(\d+))?(?: (.*))?\Z", re.DOTALL)
_SHOWN_ONLY = ("hits", "shadow_hits", "last_hit_at", "read_only")


def text_of(told: Mapping[str, Any]) -> str:
    """The text of a rule as the API tells it."""
    rule = {name: value for name, value in told.items() if name not in _SHOWN_ONLY}
    return rule_text.written(rule_from_api(rule))


def typed(text: str, rows: Mapping[str, Any]) -> str:
    """The text with what its rows say; the same text, comments and all, where they say nothing else.

    Errors: ``MalformedError``: more of either than a rule may be.
    """
    if max(len(text), len(str(rows))) > rule_text.LONGEST:
        raise MalformedError(rule_text.NAME, f"longer than {rule_text.LONGEST} characters")
    try:
        data = parse(text, name=rule_text.NAME).data
    except MalformedError:
        data = None
    base = data if isinstance(data, dict) else {}
    rule = filled(base, rows)
    return text if rule == base and data is not None else rule_text.spelled(rule)


def draft_of(text: str, *, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What is known of a text.

    ``before``: the rule that it is to replace, as the API tells it.

    ``problems``: ``[{"line", "column", "field", "why"}]``; without any, ``rule`` is what the API takes, ``change`` the
    same for a change (what is taken back as null), and ``when`` its conditions in one line. ``rows``: None where the
    text cannot be shown so.
    """
    told: dict[str, Any] = {"text": text, "rows": _rows(text), "rule": None, "change": None, "when": None}
    try:
        rule = rule_text.judged(text)
    except MalformedError as error:
        each = error.errors if isinstance(error, DocumentError) else [error]
        return {**told, "problems": [_problem(one) for one in each]}
    body = rule_to_api(rule_text.stored(rule))
    change = body if before is None else _taking_back(before, body)
    return {
        **told,
        "problems": [],
        "rule": body,
        "change": change,
        "when": _line(rule.tree, rule.data["when"]),
    }


def _rows(text: str) -> dict[str, Any] | None:
    if len(text) > rule_text.LONGEST:
        return None
    try:
        data = parse(text, name=rule_text.NAME).data
        return rows_of(data) if isinstance(data, dict) else None
    except (MalformedError, ExpressionError):
        return None


def _problem(error: MalformedError) -> dict[str, Any]:
    found = _PLACE.match(error.where)
    line, column, field = found.groups() if found else (None, None, error.where)
    return {
        "line": int(line) if line else None,
        "column": int(column) if column else None,
        "field": field or "",
        "why": error.why,
    }


def when_of(told: Mapping[str, Any]) -> str:
    """The conditions of a rule as the API tells it, in one line as far as there is one."""
    if "expression" in told:
        return str(told["expression"])
    reader = Reader(rule_id=str(told["id"]), window_seconds=60, tz=UTC)
    return _line(reader.read(told["conditions"], ()), told["conditions"])


def _line(tree: Node, data: Any) -> str:
    if tree == Group("all", ()):
        return "always"
    return spell(tree) or rule_text.dumped(data)


def _taking_back(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The change from one to the other: what it leaves out is taken back, and all else said again."""
    gone = {name: None for name in before if name not in after and name not in _KEPT_BY_IT}
    action = {**_missing(before["action"], after["action"]), **after["action"]}
    if "approvals" in before["action"] and "approvals" in after["action"]:
        was, now = before["action"]["approvals"], after["action"]["approvals"]
        action["approvals"] = {**_missing(was, now), **now}
    told = {name: value for name, value in after.items() if name != "id"}
    return {**gone, **told, "action": action, "version": before["version"]}


_KEPT_BY_IT = (
    *_SHOWN_ONLY,
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "source",
    "id",
    "conditions",
    "expression",
)


def _missing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, None]:
    return {name: None for name in before if name not in after}
