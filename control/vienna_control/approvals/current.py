"""The current state beside what would be sent: a row for each place that the mapping shows.

A place of the current state is a place of the request too only where both are about the same thing: the call goes to
the very address that was read. Else the state is shown for itself, and nothing is said of what becomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from vienna_control.approvals.legible import legible
from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.intent import HIDDEN
from vienna_kernel.value import plain, unpack
from vienna_kernel.wire import CallView

type Kind = Literal["changed", "same", "removed", "kept", "not sent", "not shown", "current"]

_MOST = 500
_UNSEEN = "…"  # how a body that is cut says so
_SHAPES = frozenset({"string", "number", "boolean", "object", "list", _UNSEEN})  # of what no mapping declares


def diff(call: CallView | None) -> list[dict[str, Any]]:
    """``{path, before, after, kind}`` for each place, in the mapping's order; texts and numbers are legible."""
    if call is None:
        return []
    same = call.current_from is not None and _path(call.current_from) == _path(call.url)
    return [_row(call, path, unpack(packed), same=same) for path, packed in call.current.items()]


def _path(url: str) -> str:
    return urlsplit(url).path


def _row(call: CallView, path: str, before: Any, *, same: bool) -> dict[str, Any]:
    after, kind = _after(call, path, before) if same else (None, "current")
    if after == HIDDEN:
        before, kind = HIDDEN, "not shown"
    return {"path": legible(path, most=200), "before": _told(before), "after": _told(after), "kind": kind}


def _after(call: CallView, path: str, before: Any) -> tuple[Any, Kind]:
    if call.method == "DELETE":
        return None, "removed"
    found = _sent(call.body, path)
    if found is MISSING:
        cut = _is_cut(call.body, pointer.parse(path))
        return None, "not shown" if cut else "not sent" if call.method == "PUT" else "kept"
    if isinstance(found, str) and found in _SHAPES:
        return None, "not shown"
    if found is None:
        return None, "same" if before is None else "removed"
    return found, "same" if _is_same(before, found) else "changed"


def _sent(body: Any, path: str) -> Any:
    """What the request says for a place of the state: a body like it, a list of patches, or a form."""
    steps = pointer.parse(path)
    if isinstance(body, list):
        return _patched(body, path)
    if not isinstance(body, Mapping):
        return MISSING
    form = steps[0] + "".join(f"[{step}]" for step in steps[1:]) if steps else ""
    return body[form] if form in body else pointer.find(body, steps)


def _is_cut(body: Any, steps: pointer.Pointer) -> bool:
    """Whether what is said of a place may be among what of a large body is not shown."""
    for step in (*steps, ""):
        if isinstance(body, list):
            return any(isinstance(item, str) and item.startswith(_UNSEEN) for item in body)
        if not isinstance(body, Mapping) or step not in body:
            return isinstance(body, Mapping) and _UNSEEN in body
        body = body[step]
    return False


def _patched(patches: list[Any], path: str) -> Any:
    """The last of the operations of RFC 6902 that are about this very place."""
    found: Any = MISSING
    for patch in patches:
        if isinstance(patch, Mapping) and patch.get("path") == path:
            if patch.get("op") in ("add", "replace"):
                found = patch.get("value", MISSING)
            elif patch.get("op") == "remove":
                found = None
    return found


def _is_same(before: Any, after: Any) -> bool:
    one, other = plain(before), plain(after)
    return bool(one == other) or (isinstance(after, str) and str(one) == after)


def _told(value: Any) -> Any:
    """A value for people, cut by itself."""
    shown = plain(value)
    if isinstance(shown, str):
        return legible(shown, most=_MOST, lines=True)
    if isinstance(shown, dict | list):
        return legible(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS).decode(), most=_MOST)
    return shown
