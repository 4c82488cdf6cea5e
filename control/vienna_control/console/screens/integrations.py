"""Integrations: channels that events are delivered to, one with what was delivered, and who is who in Slack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vienna_control.api.problems import Code, Problem
from vienna_control.console.page import page
from vienna_control.console.visit import Visit

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIERS = ("T0", "T1", "T2", "T3")
DELIVERIES = 30
_STATUS = {"waiting": "waiting", "sent": "sent", "dead": "given up", "dropped": "dropped"}


@page("/integrations", "integrations.html", area="integrations")
async def integrations(visit: Visit) -> dict[str, Any]:
    """Who may not set channels up is shown who they are in Slack alone."""
    listed, types, users = await visit.all(
        visit.may("GET /integrations", query={"limit": 200}),
        visit.may("GET /integrations/types"),
        visit.may("GET /integrations/slack/users", query={"limit": 200}),
    )
    people = await visit.may("GET /operators", query={"limit": 200}) if users else None
    names = {one["id"]: one["email"] for one in people["operators"]} if people else {}
    return {
        "found": listed,
        "types": {name: kind["summary"] for name, kind in types["types"].items()} if types else {},
        "users": users["users"] if users else None,
        "names": names | {visit.principal.id: visit.principal.name},
    }


@page("/integrations/new", "integration.html", area="integrations")
async def new_integration(visit: Visit) -> dict[str, Any]:
    """``type``: of which kind."""
    types = await visit.ask("GET /integrations/types")
    kind = visit.query.get("type", "")
    if kind not in types["types"]:
        raise Problem(Code.NOT_FOUND, f"there is no type of integration {kind!r}")
    return {"one": None, "kind": kind, **_form(types, kind, None), "deliveries": None, "status": ""}


@page("/integrations/{id}", "integration.html", area="integrations")
async def integration(visit: Visit) -> dict[str, Any]:
    """One, with what was delivered; ``status`` of deliveries."""
    channel, status = visit.path["id"], visit.query.get("status", "")
    one, types, deliveries = await visit.all(
        visit.ask("GET /integrations/{id}", id=channel),
        visit.ask("GET /integrations/types"),
        visit.ask(
            "GET /integrations/{id}/deliveries",
            id=channel,
            query={"limit": DELIVERIES, "status": status, **visit.only("cursor")},
        ),
    )
    form = _form(types, one["type"], one)
    return {"one": one, "kind": one["type"], **form, "deliveries": deliveries, "status": status}


def _form(types: Mapping[str, Any], kind: str, one: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the form has, as the type tells it; never a secret."""
    told = types["types"][kind]
    return {
        "summary": told["summary"],
        "config": fields(told["config"], (one or {}).get("config") or {}),
        "secrets": fields(told["secrets"], {}),
        "events": types["events"],
        "days": DAYS,
        "tiers": TIERS,
        "statuses": _STATUS,
    }


def fields(schema: Mapping[str, Any], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Fields of a flat JSON schema; ``kind``: text, number, list (one a line) or choice."""
    required = schema.get("required", ())
    return [
        _field(name, _plain(schema, part), given.get(name), required=name in required)
        for name, part in schema["properties"].items()
    ]


def _plain(schema: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """A property without a reference, and without saying that it may be null."""
    chosen: Mapping[str, Any] = next(
        (one for one in part.get("anyOf", ()) if one.get("type") != "null"), part
    )
    reference = chosen.get("$ref", "")
    definition = schema.get("$defs", {}).get(reference.rpartition("/")[2], {}) if reference else {}
    return {**part, **chosen, **definition}


def _field(name: str, part: Mapping[str, Any], given: Any, *, required: bool) -> dict[str, Any]:
    value = part.get("default") if given is None else given
    kind = "choice" if "enum" in part else {"integer": "number", "array": "list"}.get(part["type"], "text")
    return {
        "name": name,
        "label": name.replace("_", " ").capitalize().replace("Url", "URL"),
        "kind": kind,
        "choices": part.get("enum", []),
        "required": required,
        "given": "\n".join(value) if isinstance(value, list) else "" if value is None else str(value),
    }
