"""People, groups, join tokens, tenants and the roster: what an installation is set to."""

from __future__ import annotations

from typing import Any

from vienna_control.api.access import ROLES
from vienna_control.api.problems import Code, Problem
from vienna_control.console.page import page
from vienna_control.console.visit import Visit
from vienna_kernel.approval.group import DAYS

PAGE = 100


@page("/settings/people", "settings_people.html", area="settings")
async def people(visit: Visit) -> dict[str, Any]:
    """``q``: part of a name or an address."""
    query = {"limit": PAGE, **visit.only("q", "cursor")}
    return {"found": await visit.ask("GET /operators", query=query), "roles": _roles("approver")}


@page("/settings/people/{id}", "settings_person.html", area="settings")
async def person(visit: Visit) -> dict[str, Any]:
    """One of them."""
    who = visit.path["id"]
    found, devices, sessions = await visit.all(
        visit.ask("GET /operators/{id}", id=who),
        visit.ask("GET /operators/{id}/devices", id=who),
        visit.may("GET /sessions", query={"limit": PAGE, "operator_id": who}),
    )
    return {
        "person": found,
        **devices,
        "sessions": sessions["sessions"] if sessions else [],
        "roles": list(ROLES),
    }


@page("/settings/groups", "settings_groups.html", area="settings")
async def groups(visit: Visit) -> dict[str, Any]:
    """With who is on duty in each at present."""
    found = await visit.ask("GET /groups", query={"limit": PAGE, **visit.only("cursor")})
    names = [one["name"] for one in found["groups"]]
    duties = await visit.all(*(visit.ask("GET /groups/{name}/duty", name=name) for name in names))
    return {"found": found, "on_duty": dict(zip(names, duties, strict=True))}


@page("/settings/groups/{name}", "settings_group.html", area="settings")
async def group(visit: Visit) -> dict[str, Any]:
    """One of them; also one that only people name."""
    name = visit.path["name"]
    found, duty = await visit.all(
        visit.ask("GET /groups", query={"limit": 500}), visit.ask("GET /groups/{name}/duty", name=name)
    )
    one = next((each for each in found["groups"] if each["name"] == name), None)
    if one is None:
        raise Problem(Code.NOT_FOUND, f"there is no group {name!r}")
    return {"group": one, "duty": duty, "days": list(DAYS)}


@page("/settings/join-tokens", "settings_join_tokens.html", area="settings")
async def join_tokens(visit: Visit) -> dict[str, Any]:
    """What lets gates in."""
    found = await visit.ask("GET /join-tokens", query={"limit": PAGE, **visit.only("cursor")})
    return {"found": found, "base_url": visit.app.base_url}


@page("/settings/tenants", "settings_tenants.html", area="settings")
async def tenants(visit: Visit) -> dict[str, Any]:
    """For admins of the first one."""
    return {"found": await visit.may("GET /tenants", query={"limit": PAGE, **visit.only("cursor")})}


@page("/settings/installation", "settings_installation.html", area="settings")
async def installation(visit: Visit) -> dict[str, Any]:
    """How the control plane was set up, for admins and auditors of the first tenant.

    ``told``: ``changed``, what is not as it comes or needs a look, that first; ``rest``, the others by group.
    """
    found = await visit.ask("GET /settings")
    changed = [one for one in found["settings"] if one["advice"] or not one["default"]]
    rest: dict[str, list[dict[str, Any]]] = {}
    for one in found["settings"]:
        if one not in changed:
            rest.setdefault(one["group"], []).append(one)
    told = {"changed": sorted(changed, key=lambda one: one["advice"] is None), "rest": rest}
    return {"at": found["at"], "running": found["running"], "told": told}


@page("/settings/roster", "settings_roster.html", area="settings")
async def roster(visit: Visit) -> dict[str, Any]:
    """Whose passkeys count as consent, and what is proposed. ``people``: addresses by id, where one may know them."""
    found, proposals, operators, own = await visit.all(
        visit.ask("GET /roster"),
        visit.ask("GET /roster/proposals", query={"limit": PAGE}),
        visit.may("GET /operators", query={"limit": 500}),
        visit.may("GET /mfa/passkeys", query={"limit": PAGE}),
    )
    return {
        "roster": found,
        "proposals": proposals["proposals"],
        "passkeys": own["passkeys"] if own else [],
        "people": {one["id"]: one["email"] for one in operators["operators"]} if operators else {},
    }


def _roles(first: str) -> list[str]:
    return [first, *(role for role in ROLES if role != first)]
