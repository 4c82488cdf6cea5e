"""Recorded traffic: of a control plane, or in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vienna_cli import proposals
from vienna_cli.output import Code, Failure
from vienna_cli.terminal import Terminal
from vienna_kernel import duration
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose import har
from vienna_kernel.propose.cluster import clusters
from vienna_kernel.propose.guess import SAFE
from vienna_kernel.propose.observed import Seen, seen

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_PAGE = 500
_LOOKED_INTO = 12
"""Of each operation so many calls are looked into for the shape of their bodies: the first and the last."""


def since(text: str) -> timedelta:
    """``1d`` as a time. Errors: ``Failure``."""
    try:
        return timedelta(seconds=duration.seconds(text))
    except ValueError as error:
        raise Failure(f"--since: {error}", Code.USAGE) from None


def of_file(name: str, host: str | None) -> list[Seen]:
    """The calls in a HAR file or a file of lines. Errors: ``Failure`` with file and line."""
    content, shown = proposals.text(name)
    try:
        found = list(har.calls(content, name=shown))
    except MalformedError as error:
        raise Failure(str(error)) from None
    return [call for call in found if host in (None, call.host)]


def of_control(terminal: Terminal, back: timedelta, host: str | None, *, most: int) -> list[Seen]:
    """What no mapping read, the latest ``most`` of each method, without bodies."""
    start = (datetime.now(UTC) - back).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    asked = {"from": start, **({"host": host} if host else {})}
    return [call for method in METHODS for call in _pages(terminal, method, asked, most=most)]


def _pages(terminal: Terminal, method: str, asked: dict[str, str], *, most: int) -> Iterator[Seen]:
    params: dict[str, Any] = {**asked, "action": f"http.{method.lower()}", "limit": min(_PAGE, most)}
    count = 0
    while True:
        page = terminal.client.request("GET", "/intents", params=params)
        for row in page["intents"]:
            count += 1
            yield replace(seen(row["method"], row["url"], agent=row["agent"]), ref=row["intent_id"])
        if not page["has_more"] or count >= most:
            return
        params["cursor"] = page["next_cursor"]


def looked_into(terminal: Terminal, calls: Sequence[Seen], *, variables: Sequence[str]) -> list[Seen]:
    """The same calls; those that may have a body with its shape, as far as some of each operation tell it."""
    wanted: set[str] = set()
    for cluster in clusters(calls, variables=variables):
        refs = sorted(call.ref for call in cluster.calls if call.ref and cluster.method not in SAFE)
        half = _LOOKED_INTO // 2
        wanted |= set(refs[:half] + refs[-half:])
    told = {ref: _detail(terminal, ref) for ref in sorted(wanted)}
    return [told.get(call.ref, call) for call in calls]


def _detail(terminal: Terminal, ref: str) -> Seen:
    row = terminal.client.intent(ref)
    call = row.get("call") or {}
    media = str(call.get("content_type") or "")
    found = seen(row["method"], row["url"], media=media, body=call.get("body"), agent=row["agent"])
    return replace(found, ref=ref)
