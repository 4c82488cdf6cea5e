"""What waits for people, and what they decided."""

from __future__ import annotations

import asyncio
from typing import Any

from vienna_control.api.problems import Code, Problem
from vienna_control.console.page import page
from vienna_control.console.visit import Visit

PAGE = 50
AT_ONCE = 15
"""Requests that are read anew by their ids in one go: as many as fit into one filter."""

VIEWS = {
    "mine": ("Yours", {"mine": "true", "status": "pending"}),
    "waiting": ("All that wait", {"status": "pending"}),
    "alike": ("Alike ones", {}),
    "approved": ("Approved", {"status": "approved"}),
    "denied": ("Denied", {"status": "denied"}),
    "expired": ("Lapsed", {"status": "expired"}),
}
"""By ``view`` in the address: what it is called, and what is asked of the API for it."""


@page("/", "inbox.html", area="inbox")
async def inbox(visit: Visit) -> dict[str, Any]:
    """``view`` (else ``waiting``), ``q``, ``tier``, ``agent``, ``rule``; ``only``: ids, of those that fit;
    ``these``: ids, whatever became of them.
    """
    view = visit.query.get("view", "mine" if visit.query.get("mine") == "true" else "waiting")
    view = view if view in VIEWS else "waiting"
    told: dict[str, Any] = {
        "view": view,
        "views": {name: title for name, (title, _) in VIEWS.items()},
        "filtered": visit.only("tier", "agent", "rule"),
        "found": None,
        "alike": None,
        "group": None,
        "wrong": "",
    }
    try:
        if view == "alike" and not visit.query.get("these"):
            return told | await _alike(visit)
        return told | {"found": await _listed(visit, view)}
    except Problem as problem:
        if problem.code is not Code.VALIDATION_FAILED or not visit.query.get("q"):
            raise
        return told | {"wrong": problem.message.removeprefix("/q: ")}


async def _listed(visit: Visit, view: str) -> Any:
    """A page of the queue. Those that are asked for by id are read whatever the view."""
    if visit.query.get("these"):
        return await _by_id(visit, visit.query["these"].split(","))
    asked = {**VIEWS[view][1], **_asked(visit)}
    if visit.query.get("only"):
        ids = visit.query["only"].split(",")[:AT_ONCE]
        asked["q"] = " ".join(part for part in (_wrapped(asked.get("q", "")), f"({_any_of(ids)})") if part)
    return await visit.ask("GET /approvals", query={"limit": PAGE, **visit.only("cursor"), **asked})


async def _by_id(visit: Visit, ids: list[str]) -> Any:
    return await visit.ask("GET /approvals", query={"q": _any_of(ids[:AT_ONCE]), "limit": AT_ONCE})


async def _alike(visit: Visit) -> dict[str, Any]:
    """Groups; with ``open`` (an id of one of them) that group's requests too, as many as are decided at once."""
    alike = await visit.ask("GET /approvals/alike", query=_asked(visit))
    wanted = visit.query.get("open")
    group = next(
        (one for one in alike["groups"] if any(each["id"] == wanted for each in one["approvals"])), None
    )
    if group is None:
        return {"alike": alike, "found": None}
    ids = [each["id"] for each in group["approvals"]]
    parts = [ids[at : at + AT_ONCE] for at in range(0, min(len(ids), PAGE), AT_ONCE)]
    found = await asyncio.gather(*(_by_id(visit, part) for part in parts))
    return {
        "alike": alike,
        "group": group,
        "found": {"approvals": [one for part in found for one in part["approvals"]]},
    }


def _asked(visit: Visit) -> dict[str, str]:
    """The filters of the address, as the API takes them."""
    terms = [_wrapped(visit.query.get("q", ""))]
    terms += [f'{name}:"{_quoted(visit.query[name])}"' for name in ("agent", "rule") if visit.query.get(name)]
    asked = {**visit.only("tier"), "q": " ".join(term for term in terms if term)}
    return {name: value for name, value in asked.items() if value}


def _wrapped(text: str) -> str:
    """A filter beside others: its ``or`` binds no further than itself."""
    return f"({text})" if " or " in text.lower() else text


def _quoted(text: str) -> str:
    return text.replace("\\", "").replace('"', "")


def _any_of(ids: list[str]) -> str:
    return " or ".join(f'id:"{_quoted(one)}"' for one in ids)
