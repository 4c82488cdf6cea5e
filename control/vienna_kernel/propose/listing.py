"""Every operation of a description, as far as it can be told without reading its schemas; and what is none.

The order is the document's. What cannot be mapped is listed too, with where it stands and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vienna_kernel.document import nearest
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose import server
from vienna_kernel.propose.apidoc import ApiDoc
from vienna_kernel.propose.places import Path
from vienna_kernel.propose.reference import References
from vienna_kernel.propose.server import Server

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_UNSENT = {"trace": "TRACE is refused by the gate", "query": "the method QUERY is not read"}
_BESIDE = frozenset({"$ref", "summary", "description", "servers", "parameters"})


@dataclass(frozen=True, slots=True)
class Skipped:
    """An operation that is not proposed. ``where``: ``file:line:column``."""

    operation: str
    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One operation, unread.

    Attributes:
        path: As the description has it, without the base path.
        servers: Where this one is reached.
        node: The operation object.
        shared: Parameters of all operations at its path.
        at: Where it stands in the document.
    """

    method: str
    path: str
    operation_id: str = ""
    title: str = ""
    tags: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    node: Mapping[str, Any] = field(default_factory=dict)
    shared: Any = None
    at: Path = ()

    @property
    def label(self) -> str:
        """``POST /v1/refunds``, base path left out."""
        return f"{self.method} {self.path}"


def operations(doc: ApiDoc, references: References) -> Iterator[Listed | Skipped]:
    """All operations, in the order of the document."""
    root = server.of_servers(doc.data.get("servers")) if doc.major == 3 else server.of_swagger(doc.data)
    for path, item in doc.data["paths"].items():
        if str(path).startswith("x-"):
            continue
        try:
            node = references.follow(item)
        except MalformedError as error:
            yield Skipped(f"every method at {path}", doc.where("paths", path), error.why)
            continue
        yield from _at_path(doc, str(path), node, root)


def _at_path(
    doc: ApiDoc, path: str, item: Mapping[str, Any], root: tuple[Server, ...]
) -> Iterator[Listed | Skipped]:
    beside = server.of_servers(item.get("servers"))
    for method, node in item.items():
        if method in _BESIDE or str(method).startswith("x-"):
            continue
        label = f"{str(method).upper()} {path}"
        why = _problem(str(method), path, node)
        if why:
            yield Skipped(label, doc.where("paths", path, method), why)
            continue
        yield Listed(
            method=str(method).upper(),
            path=path,
            operation_id=_text(node.get("operationId")),
            title=_text(node.get("summary")),
            tags=tuple(tag for tag in _items(node.get("tags")) if isinstance(tag, str)),
            servers=server.of_servers(node.get("servers")) or beside or root,
            node=node,
            shared=item.get("parameters"),
            at=("paths", path, method),
        )


def _problem(method: str, path: str, node: Any) -> str:
    if method not in _METHODS:
        return f"{method[:40]!r} is no HTTP method{nearest(method, list(_METHODS[:7]))}"
    if method in _UNSENT:
        return _UNSENT[method]
    if not isinstance(node, Mapping):
        return "expected an object"
    if not path.startswith("/"):
        return "a path starts with a slash"
    return ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
