"""Recorded calls that no mapping reads, by operation: host, method, and the path with its ids as ``{}``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.store.tables import intents
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.cluster import clusters
from vienna_kernel.propose.observed import Seen, seen

_URLS = 2000
_SHOWN = 100


def urls(conn: Connection, tenant: str, since: str) -> Sequence[rows.Row]:
    """The most frequent URLs without their query: ``method``, ``url``, ``count``, the newest intent, and when."""
    mark = func.instr(intents.c.url, "?")
    bare = func.iif(mark == 0, intents.c.url, func.substr(intents.c.url, 1, mark - 1)).label("url")
    query = (
        select(
            intents.c.method,
            bare,
            func.count().label("count"),
            func.max(intents.c.id).label("intent_id"),
            func.max(intents.c.created_at).label("last_at"),
        )
        .where(intents.c.tenant == tenant, intents.c.created_at >= since, intents.c.host != "")
        .where(intents.c.action.like("http.%"))
        .group_by(intents.c.method, bare)
        .order_by(func.count().desc())
        .limit(_URLS)
    )
    return rows.every(conn, query)


def operations(found: Sequence[rows.Row]) -> list[dict[str, Any]]:
    """``urls`` as operations, the most frequent first. Not for the event loop."""
    by_ref = {str(row["intent_id"]): row for row in found}
    calls = [call for ref, row in by_ref.items() if (call := _call(ref, row)) is not None]
    made = [
        _told(one.host, one.method, one.path, [by_ref[call.ref] for call in one.calls])
        for one in clusters(calls)
    ]
    return sorted(made, key=lambda one: (-one["count"], one["host"], one["path"]))[:_SHOWN]


def _call(ref: str, row: rows.Row) -> Seen | None:
    try:
        return replace(seen(row["method"], row["url"]), ref=ref)
    except MalformedError:  # its URL is why it was refused
        return None


def _told(host: str, method: str, path: str, each: Sequence[rows.Row]) -> dict[str, Any]:
    newest = max(each, key=lambda row: str(row["last_at"]))
    return {
        "host": host,
        "method": method,
        "path": path,
        "count": sum(row["count"] for row in each),
        "last_at": newest["last_at"],
        "intent_id": newest["intent_id"],
    }
