"""Entries as events for a SIEM: OCSF (1.3, API Activity) and CEF (version 0), a line each.

Neither verifies by itself; each event has its entry's id, index and leaf, by which the trail proves it. Whatever an
agent wrote is a value: it ends no field, no event and no line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, select

from vienna_control.clock import from_iso
from vienna_control.store.tables import entries
from vienna_control.version import VERSION

_RESULTS = ("result", "status", "outcome", "verdict")
_BAD = frozenset({"drift", "failed", "denied", "deny", "refused", "unknown", "expired"})
_GOOD = frozenset({"match", "executed", "approved", "approve", "allow", "granted"})
_OCSF_SEVERITY = {"info": 1, "warning": 3, "critical": 5}
_CEF_SEVERITY = {"info": 3, "warning": 6, "critical": 9}
_MESSAGE = 1023
"""Characters of CEF's ``msg``."""
_READ_AT_ONCE = 200


def events(
    conn: Connection, tenant: str, *, since: str | None = None, until: str | None = None
) -> Iterator[dict[str, Any]]:
    """Signed entries of a tenant by index, read as a stream: ``id, type, at, …, data, index, leaf, raw``."""
    query = select(entries).where(entries.c.tenant == tenant, entries.c.idx.is_not(None))
    if since is not None:
        query = query.where(entries.c.at >= since)
    if until is not None:
        query = query.where(entries.c.at < until)
    found = conn.execution_options(stream_results=True, yield_per=_READ_AT_ONCE).execute(
        query.order_by(entries.c.idx)
    )
    for row in found.mappings():
        raw = bytes(row["body"]).decode("utf-8", "replace")
        body = _body(raw)
        yield {
            **{name: row[name] for name in ("id", "type", "at", "agent_id", "intent_id", "tenant", "leaf")},
            "index": row["idx"],
            "actor": str(body.get("actor") or "unknown"),
            "data": body["data"] if isinstance(body.get("data"), dict) else {},
            "raw": raw,
        }


def _body(raw: str) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:  # somebody edited the row: verification names it
        return {}
    return body if isinstance(body, dict) else {}


def _result(data: Mapping[str, Any]) -> str | None:
    return next((str(data[name]) for name in _RESULTS if isinstance(data.get(name), str)), None)


def ocsf(event: Mapping[str, Any]) -> bytes:
    """An OCSF API Activity event (class 6003, activity Other) as a line of JSON."""
    kind, _, principal = event["actor"].partition(":")
    result = _result(event["data"])
    status = 1 if result in _GOOD else 2 if result in _BAD else 0
    told = {
        "metadata": {
            "version": "1.3.0",
            "product": {"name": "Vienna", "vendor_name": "Vienna", "version": VERSION},
            "uid": event["id"],
            "sequence": event["index"],
            "log_name": "audit",
            "tenant_uid": event["tenant"],
        },
        "category_uid": 6,
        "class_uid": 6003,
        "activity_id": 99,
        "activity_name": event["type"],
        "type_uid": 600399,
        "time": _milliseconds(event["at"]),
        "severity_id": _OCSF_SEVERITY.get(str(event["data"].get("severity")), 1),
        "status_id": status,
        "status": result,
        "actor": {"user": {"uid": principal or kind, "type": kind, "type_id": 99}},
        "api": {"operation": event["type"], "service": {"name": "Vienna"}},
        "src_endpoint": {"uid": event["agent_id"] or event["actor"]},
        "message": event["type"].replace("_", " "),
        "raw_data": event["raw"],
        "unmapped": {
            "leaf": event["leaf"],
            "agent_id": event["agent_id"],
            "intent_id": event["intent_id"],
            "data": event["data"],
        },
    }
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def cef(event: Mapping[str, Any]) -> bytes:
    """A CEF event, a line."""
    severity = _CEF_SEVERITY.get(str(event["data"].get("severity")), 3)
    head = ("Vienna", "Vienna", VERSION, event["type"], event["type"].replace("_", " "), str(severity))
    fields = {
        "rt": _milliseconds(event["at"]),
        "externalId": event["id"],
        "suser": event["actor"],
        "outcome": _result(event["data"]),
        "act": event["data"].get("action"),
        "cs1Label": "intent" if event["intent_id"] else None,
        "cs1": event["intent_id"],
        "cs2Label": "agent" if event["agent_id"] else None,
        "cs2": event["agent_id"],
        "cs3Label": "leaf",
        "cs3": event["leaf"],
        "cn1Label": "index",
        "cn1": event["index"],
        "msg": _cut(orjson.dumps(event["data"], option=orjson.OPT_SORT_KEYS).decode()),
    }
    told = " ".join(f"{name}={_value(value)}" for name, value in fields.items() if value not in (None, ""))
    return f"CEF:0|{'|'.join(_header(one) for one in head)}|{told}\n".encode()


FORMATS: dict[str, Callable[[Mapping[str, Any]], bytes]] = {"ocsf": ocsf, "cef": cef}


def _milliseconds(at: str) -> int:
    return round(from_iso(at).timestamp() * 1000)


def _cut(text: str) -> str:
    return text if len(text) <= _MESSAGE else text[: _MESSAGE - 1] + "…"


def _header(text: str) -> str:
    """Backslash and pipe are escaped; a header has no line break."""
    return " ".join(text.replace("\\", r"\\").replace("|", r"\|").splitlines())


def _value(value: object) -> str:
    r"""Backslash and equals sign are escaped, a line break of any kind is ``\n``."""
    return r"\n".join(str(value).replace("\\", r"\\").replace("=", r"\=").splitlines())
