"""References within a description, followed to what they name.

Only within it: another file or a URL is told, never fetched. A chain that comes back to itself ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from vienna_kernel.document import nearest
from vienna_kernel.errors import MalformedError

_MAX_HOPS = 20
_NEAREST_OF = 3000


class References:
    """What ``$ref`` names in one document."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._known: dict[str, Any] = {}

    def follow(self, node: Any) -> Mapping[str, Any]:
        """The object a node stands for; members beside a ``$ref`` win over what it names.

        Errors: ``MalformedError`` for a reference that leads nowhere, out of the document or in a circle; for a node
        that is no object.
        """
        beside: dict[str, Any] = {}
        for _ in range(_MAX_HOPS):
            if not isinstance(node, Mapping):
                raise MalformedError("reference", f"expected an object, got {type(node).__name__}")
            if not isinstance(node.get("$ref"), str):
                return {**node, **beside} if beside else node
            beside = {**{key: item for key, item in node.items() if key != "$ref"}, **beside}
            node = self.find(node["$ref"])
        raise MalformedError("reference", "a reference that leads back to itself")

    def find(self, reference: str) -> Any:
        """What stands at ``#/a/b``. Errors: as ``follow``."""
        if reference not in self._known:
            self._known[reference] = self._find(reference)
        return self._known[reference]

    def _find(self, reference: str) -> Any:
        shown = repr(reference[:100])
        if not reference.startswith("#"):
            raise MalformedError(
                "reference", f"{shown} names another file, which is not read: bundle it into one"
            )
        at: Any = self._root
        for step in unquote(reference).split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(at, list) and key.isdecimal() and int(key) < len(at):
                at = at[int(key)]
            elif isinstance(at, Mapping) and key in at:
                at = at[key]
            else:
                known = [str(name) for name in at][:_NEAREST_OF] if isinstance(at, Mapping) else []
                close = nearest(key, known)
                raise MalformedError(
                    "reference", f"{shown} names nothing{close if 'did you' in close else ''}"
                )
        return at
