"""What is well with this installation, and what to do about the rest."""

from __future__ import annotations

from typing import Any

from vienna_control.console.page import page
from vienna_control.console.visit import Visit

_ORDER = {"fail": 0, "warn": 1, "ok": 2}
_GLYPH = {"fail": "✗", "warn": "!", "ok": "✓"}
_GATES = ("/console/gates", "Gates")
_PEOPLE = ("/console/settings/people", "People")
_INSTALLATION = ("/console/settings/installation", "Installation")
MENDED = {
    "trail": ("/console/audit", "Audit"),
    "checkpoints": ("/console/audit/heads", "Signed heads"),
    "warrant key": _INSTALLATION,
    "root CA": _INSTALLATION,
    "policy files": ("/console/policies", "Policies"),
    "public URL": _INSTALLATION,
    "gates": _GATES,
    "gate versions": _GATES,
    "gate certificates": _GATES,
    "gate clocks": _GATES,
    "agents": ("/console/settings/join-tokens", "Join tokens"),
    "admins": _PEOPLE,
    "approvers": _PEOPLE,
    "second factors": _PEOPLE,
    "groups": ("/console/settings/groups", "Groups"),
    "channels": ("/console/integrations", "Integrations"),
    "break-glass": ("/console/alerts?kind=break_glass_review", "Those emergencies"),
    "alerts": ("/console/alerts", "Alerts"),
}
"""Where one mends what a check is about, and what the page is called; the machine itself is mended at the machine."""


@page("/doctor", "doctor.html", area="doctor")
async def doctor(visit: Visit) -> dict[str, Any]:
    """What is worst stands first. ``text``: the same to be pasted elsewhere."""
    found = await visit.ask("GET /doctor")
    checks = sorted(found["checks"], key=lambda one: _ORDER[one["status"]])
    checks = [{**one, "page": MENDED.get(one["name"])} for one in checks]
    tally = {status: sum(one["status"] == status for one in checks) for status in _ORDER}
    return {**found, "checks": checks, "tally": tally, "text": _as_text(found["at"], checks)}


def _as_text(at: str, checks: list[dict[str, str]]) -> str:
    lines = [f"vienna doctor, {at}"]
    for one in checks:
        lines.append(f"{_GLYPH[one['status']]} {one['name']}: {one['detail']}")
        if one["fix"]:
            lines.append(f"    {one['fix']}")
    return "\n".join(lines)
