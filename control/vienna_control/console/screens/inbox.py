"""What waits for people."""

from __future__ import annotations

from typing import Any

from vienna_control.console.page import page
from vienna_control.console.visit import Visit


@page("/", "inbox.html", area="inbox")
async def inbox(visit: Visit) -> dict[str, Any]:
    """Pending approvals."""
    found = await visit.ask("GET /approvals", query={"status": "pending", "limit": 200, **visit.only("mine")})
    return {"found": found}
