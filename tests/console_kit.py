"""The console as a browser asks for it, and the API beside it, with a key instead of a session."""

from __future__ import annotations

from typing import Any

from planes import Control

__all__ = ["api", "data", "images", "page"]


async def page(control: Control, path: str, key: str = "viewer", body: Any = None, **headers: str) -> str:
    """A page below ``/console``; with a body, a preview."""
    method = "GET" if body is None else "POST"
    status, text, _ = await control.ask(method, f"/console{path}", key=key, body=body, headers=headers)
    assert status == 200, (path, text)
    return str(text.decode())


async def data(control: Control, path: str, key: str = "viewer", body: Any = None) -> Any:
    """What the template of that page is given."""
    method, asked = "GET" if body is None else "POST", {"Accept": "application/json"}
    status, told, _ = await control.ask(method, f"/console{path}", key=key, body=body, headers=asked)
    assert status == 200, (path, told)
    return told["data"]


async def api(control: Control, method: str, path: str, body: Any = None, key: str = "operator") -> Any:
    """``data`` of an answer of the API."""
    _, told, _ = await control.ask(method, f"/api/v1{path}", key=key, body=body)
    assert told["success"], (path, told)
    return told["data"]


def images(text: str) -> int:
    """Images of a page that are not the console's own."""
    return text.replace('<img src="/console/static', "").count("<img")
