"""What stands around an approval: who still may decide it, what was decided before, and what consent would become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vienna_cli.lines import Line, head, local, named, value
from vienna_cli.output import cell, escape
from vienna_client import ViennaClient, ViennaError
from vienna_kernel import duration

_PARTS = ("precedent", "people", "prospect")


def read(client: ViennaClient, approval_id: str) -> dict[str, Any]:
    """To be put beside the approval; without what this control plane does not tell."""
    told: dict[str, Any] = {}
    for part in _PARTS:
        try:
            answer = client.request("GET", f"/approvals/{approval_id}/{part}")
        except ViennaError as error:
            if error.code != "not_found":
                raise
            continue
        told |= {part: answer} if part == "precedent" else answer
    return told


def people(told: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """Who still may, who of them is asked now, and who may not although they would."""
    may = [one for one in told if one.get("may_decide")]
    yield from named(
        [("asked now", _names([one for one in may if one.get("on_duty")]))]
        + [("may too", _names([one for one in may if not one.get("on_duty")]))]
        + [
            ("may not", f"{cell(one.get('operator'))}: {cell(one.get('why_not'))}")
            for one in told
            if not one.get("may_decide")
        ]
    )


def _names(those: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(
        cell(one.get("operator"))
        + (" (stands in)" if one.get("stands_in") else "")
        + (" (has not come yet)" if one.get("arrived") is False else "")
        for one in those
    )


def precedent(told: Mapping[str, Any] | None, most: int | None) -> Iterator[Line]:
    """The last one of this kind that people agreed to, and in what this one differs."""
    if not told:
        return
    decided = ", ".join(f"{times} {cell(status)}" for status, times in (told.get("decided") or {}).items())
    yield from head(f"Beside the last of this kind ({told.get('days')} days: {decided or 'none'})")
    last = told.get("last")
    if not last:
        yield Line("nobody has agreed to one before", 2)
        return
    by = ", ".join(map(str, last.get("by") or []))
    yield Line(escape(f"{local(last.get('decided_at'))} by {by}: {last.get('sentence')}"), 2)
    differs = [one for one in told.get("differs") or [] if one.get("kind") != "same"]
    for one in differs:
        yield Line(f"{cell(one['name'])} {_change(one, most)}", 2)
    if not differs:
        yield Line("this one is the same", 2)


def _change(one: Mapping[str, Any], most: int | None) -> str:
    before, after = value(one.get("before"), most), value(one.get("after"), most)
    return {"added": f"added: {after}", "removed": f"removed: {before}"}.get(
        str(one.get("kind")), f"{before} → {after}"
    )


def _lasting(seconds: Any) -> str:
    return duration.text(seconds) if isinstance(seconds, int) else "a while"


def prospect(warrant: Mapping[str, Any] | None) -> Iterator[Line]:
    """What the agent would get."""
    if not warrant:
        return
    yield from head("What consent becomes")
    where = f" at {cell(warrant['audience'])}" if warrant.get("audience") else ""
    good, during = (_lasting(warrant.get(name)) for name in ("ttl_seconds", "redeem_seconds"))
    told = f"a warrant for {cell(warrant.get('bound_to'))}{where}, good once and for {good}"
    yield Line(f"{told}; it may be asked for during {during}", 2)
