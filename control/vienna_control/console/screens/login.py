"""How people come in."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from vienna_control.console.page import page
from vienna_control.console.visit import Visit

HOME = "/console/"


@page("/login", "login.html", public=True)
async def login(visit: Visit) -> dict[str, Any]:
    """``next``: where one wanted to go."""
    return {"next": within(visit.query.get("next", "")), "ended": "ended" in visit.query}


@page("/enter", "enter.html", public=True)
async def enter(visit: Visit) -> dict[str, Any]:
    """A one-time link leads here."""
    return {}


def within(address: str) -> str:
    """An address of the console, else its first page: a login leads nowhere else, whatever a link says.

    Without braces: ``data-then`` would put members of the login's answer there, a key among them.
    """
    parts = urlsplit(address) if "\\" not in address and address.isprintable() else None
    ours = parts is not None and not parts.scheme and not parts.netloc and parts.path.startswith(HOME)
    if not ours or ".." in unquote(address):
        return HOME
    return address.replace("{", "%7B").replace("}", "%7D")
