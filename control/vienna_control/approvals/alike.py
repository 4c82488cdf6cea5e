"""Alike requests: the same agent, action, rule and tier at the same kind of target, told once with what differs.

It is a view: each of them is decided by itself, on the digest of what was shown of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Select, func, select

from vienna_control import rows
from vienna_control.approvals.mine import mine
from vienna_control.approvals.seats import Desk
from vienna_control.store.tables import agents, approvals, intents

MOST = 1000
"""Requests that are looked at, newest first."""
_MOST_VALUES = 10
_MOST_NAMES = 50

_NUMBERED = re.compile(r"(?<![^/:.?&=])[^/:.?&=\d]*+\d[^/:.?&=]*+")
"""A whole step that has a digit in it; it is looked for where a step begins only, however long one is."""

_SHOWN = func.json_object(
    *("sentence", func.json_extract(approvals.c.shown, "$.sentence")),
    *("rule", func.json_extract(approvals.c.shown, "$.rule")),
    *("effect", func.json_extract(approvals.c.shown, "$.effect")),
)
"""Of what was shown, what groups are made of: the rest, whole bodies in it, is larger and stays where it is."""


def shape(target: str) -> str:
    """A target with what names one thing of many left out: ``stripe:charge/ch_1a2`` is ``stripe:charge/*``."""
    scheme, colon, rest = target.rpartition(":") if target.count(":") == 1 else ("", "", target)
    return f"{scheme}{colon}{_NUMBERED.sub('*', rest)}"


def listed(conn: Connection, statement: Select[Any], desk: Desk | None, *, most: int) -> dict[str, Any]:
    """What waits, in groups, the largest first. ``statement``: of ids; ``desk``: only what this person may decide."""
    ids = statement.where(approvals.c.status == "pending")
    if desk is not None:
        ids = select(func.json_each(rows.dump(mine(conn, desk, statement))).table_valued("value").c.value)
    query = (
        select(
            approvals.c.id,
            approvals.c.agent_id,
            approvals.c.tier,
            _SHOWN.label("shown"),
            approvals.c.shown_digest,
            approvals.c.created_at,
            agents.c.name,
            intents.c.action,
            intents.c.target,
        )
        .join(agents, agents.c.id == approvals.c.agent_id)
        .join(intents, intents.c.id == approvals.c.intent_id)
        .where(approvals.c.id.in_(ids))
        .order_by(approvals.c.id.desc())
        .limit(MOST + 1)
    )
    found = rows.every(conn, query)
    told = grouped(found[:MOST])
    return {
        "groups": told[:most],
        "total": len(told),
        "has_more": len(told) > most or len(found) > MOST,
        "next_cursor": None,
    }


def grouped(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows, newest first, as groups of alike ones, the largest first."""
    groups: dict[tuple[str, ...], list[tuple[Mapping[str, Any], dict[str, Any]]]] = {}
    for row in found:
        shown = rows.load(row["shown"])
        actions = " ".join(str(part.get("action")) for part in shown.get("effect") or [])
        rule = str((shown.get("rule") or {}).get("id") or "")
        key = (row["agent_id"], row["action"], actions, rule, row["tier"], shape(row["target"]))
        groups.setdefault(key, []).append((row, shown))
    told = [_told(key, members) for key, members in groups.items()]
    return sorted(told, key=lambda group: (-group["count"], group["oldest"]))


def _told(
    key: tuple[str, ...], members: Sequence[tuple[Mapping[str, Any], dict[str, Any]]]
) -> dict[str, Any]:
    agent_id, action, _, rule, tier, target = key
    newest, oldest = members[0][0], members[-1][0]
    return {
        "key": {
            "agent_id": agent_id,
            "agent": newest["name"],
            "action": action,
            "rule": rule or None,
            "risk_tier": tier,
            "target": target,
        },
        "count": len(members),
        "oldest": oldest["created_at"],
        "newest": newest["created_at"],
        "sentence": members[0][1]["sentence"],
        "differs": _differing([parameters(shown) for _, shown in members]),
        "approvals": [{"id": row["id"], "shown_digest": row["shown_digest"]} for row, _ in members],
    }


def parameters(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters by name; with several effects, by its number and name."""
    effects = shown.get("effect") or []
    if len(effects) == 1:
        return dict(effects[0].get("parameters") or {})
    return {
        f"{number}.{name}": value
        for number, effect in enumerate(effects)
        for name, value in (effect.get("parameters") or {}).items()
    }


def _differing(parameters: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = sorted({name for one in parameters for name in one})
    told: list[dict[str, Any]] = []
    for name in names:
        values = [one.get(name) for one in parameters]
        distinct = sorted({rows.dump(value) for value in values})
        if len(distinct) > 1 and len(told) < _MOST_NAMES:
            told.append({"parameter": name, "distinct": len(distinct), **_values(values, distinct)})
    return told


def _values(values: Sequence[Any], distinct: Sequence[str]) -> dict[str, Any]:
    numbers = [_number(value) for value in values]
    if all(number is not None for number in numbers):
        some = [number for number in numbers if number is not None]
        return {"least": format(min(some), "f"), "most": format(max(some), "f")}
    shown = [rows.load(text) for text in distinct[:_MOST_VALUES]]
    return {"values": [value if len(str(value)) <= 80 else f"{str(value)[:79]}…" for value in shown]}


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str) or len(str(value)) > 40:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 40 else None
