"""What a change of a document changes, member by member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``[{"field": "/priority", "before", "after"}]``: members that differ, those of ``action`` one by one."""
    return [
        {"field": name, "before": was, "after": now}
        for name, (was, now) in sorted(_paired(_flat(before), _flat(after)).items())
        if was != now
    ]


def _flat(rule: Mapping[str, Any]) -> dict[str, Any]:
    action = rule.get("action")
    parts = (
        {f"/action/{name}": value for name, value in action.items()} if isinstance(action, Mapping) else {}
    )
    return {**{f"/{name}": value for name, value in rule.items() if name != "action"}, **parts}


def _paired(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (before.get(name), after.get(name)) for name in {*before, *after}}
