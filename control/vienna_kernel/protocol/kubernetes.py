"""The Kubernetes API: verb and resource of a request, as its authorisation sees them.

1. The verb comes from the method: POST create, GET list without a name, watch with ``watch``, else get, PUT update,
   PATCH patch, DELETE deletecollection without a name. ``exec``, ``attach`` and ``portforward`` are ``create`` by GET
   too: a WebSocket opens so.
2. A dry run is one only when the server will heed it. With a DELETE that has a body the server takes no option from the
   query string, so options in both are refused; running a command has no dry run at all.
3. Path, query and object must agree (``kubernetes_path``, ``kubernetes_body``).
"""

from __future__ import annotations

from collections.abc import Mapping

from vienna_kernel.call.request import Call
from vienna_kernel.decode import pointer
from vienna_kernel.decode.content import Content, Kind
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import kubernetes_body
from vienna_kernel.protocol.kubernetes_path import Resource, parse
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import Options, Parts, Reader, by_method, once
from vienna_kernel.value import Value

_VERBS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_CONNECTS = frozenset({"exec", "attach", "portforward"})
# Subresources whose writing the server tries out on ``dryRun``; on all others it is taken for the real thing.
_TRIED = frozenset(
    {"", "status", "scale", "finalize", "eviction", "binding", "ephemeralcontainers", "resize"}
)
_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_OF_DELETE = frozenset({"dryRun", "propagationPolicy", "gracePeriodSeconds", "orphanDependents"})
_ONCE = frozenset(
    {
        "fieldManager",
        "fieldValidation",
        "force",
        "watch",
        "labelSelector",
        "fieldSelector",
        "container",
        "pretty",
    }
    | {"limit", "continue", "resourceVersion", "resourceVersionMatch", "timeoutSeconds", "timeout"}
    | {"allowWatchBookmarks", "sendInitialEvents"}
    | _OF_DELETE
)


def _fault(why: str) -> MalformedError:
    return MalformedError("query", why)


def _flag(text: str | None) -> bool:
    """As the server reads a truth from a query: all but ``false`` and ``0``, an empty one too."""
    return text is not None and text.lower() not in ("false", "0")


def _verb(call: Call, resource: Resource, query: Mapping[str, str]) -> str:
    verb = _VERBS.get(call.method)
    if verb is None or (resource.watched and call.method != "GET"):
        raise MalformedError("method", "the Kubernetes API is not spoken by this method")
    if resource.subresource in _CONNECTS and verb == "get":
        return "create"
    if resource.watched:
        return "watch"
    if not resource.name and verb == "get":
        return "watch" if _flag(query.get("watch")) else "list"
    return "deletecollection" if not resource.name and verb == "delete" else verb


def _of_delete(body: Value) -> dict[str, Value]:
    """Delete options by their name in a query."""
    if not isinstance(body, Mapping):
        return {}
    found = {name: body[name] for name in _OF_DELETE if body.get(name) is not None}
    if found.get("dryRun") == []:
        del found["dryRun"]
    return found


def _is_dry(told: Value) -> bool:
    """Whether a ``dryRun`` asks for one. Errors: ``MalformedError`` for what the server does not know."""
    if told not in (None, "All", ["All"]):
        raise _fault("dryRun is All, or left out")
    return told is not None


def _wishes(verb: str, resource: Resource, query: Mapping[str, str], body: Value) -> dict[str, Value]:
    """How to do it: dry run, propagation, grace, with the place that the server takes them from."""
    told: dict[str, Value] = {name: query[name] for name in _OF_DELETE if name in query}
    inside = body
    if resource.subresource == "eviction" and isinstance(body, Mapping):
        inside = body.get("deleteOptions")
    elif verb not in ("delete", "deletecollection"):
        inside = None
    elif body is not None and told:
        raise _fault(
            "options of a deletion both in the query and in the body, where the query does not count"
        )
    own = _of_delete(inside)
    dry = [_is_dry(place.get("dryRun")) for place in (told, own)]
    heeded = verb in _WRITES and resource.subresource in _TRIED and not resource.watched
    wishes: dict[str, Value] = {"dry_run": any(dry) and heeded}
    for name, key in (
        ("propagation_policy", "propagationPolicy"),
        ("grace_period_seconds", "gracePeriodSeconds"),
    ):
        item = own.get(key, told.get(key))
        if item is not None:
            wishes[name] = item
    return wishes


def _object(call: Call, verb: str, resource: Resource, content: Content) -> dict[str, Value]:
    """The object and what stands in it; of a proxied request nothing is read."""
    if resource.subresource == "proxy":
        return {"object": None if content.value is MISSING else content.value}
    body = kubernetes_body.read(call, content)
    kind = kubernetes_body.patch_type(call) if verb == "patch" else ""
    if isinstance(body, list) != (kind == "json"):
        raise MalformedError("body", "a list is the body of a JSON patch, and of nothing else")
    if verb not in ("delete", "deletecollection"):
        kubernetes_body.judge(resource, body, named=bool(resource.name))
    found: dict[str, Value] = {"object": body}
    if kind:
        found["patch_type"] = kind
    for name, told in (
        ("replicas", kubernetes_body.replicas(kind, body)),
        ("pod", MISSING if resource.subresource else kubernetes_body.pod(resource, body)),
    ):
        if told is not MISSING:
            found[name] = told
    if verb == "create" and not resource.name:
        for name, place in (("name", "name"), ("generate_name", "generateName")):
            item = pointer.find(body, ("metadata", place))
            if isinstance(item, str):
                found[name] = item
    return found


def _options(query: Pairs, told: Mapping[str, str]) -> dict[str, Value]:
    found: dict[str, Value] = {
        "force": _flag(told.get("force")),
        "field_manager": told.get("fieldManager", ""),
    }
    for name, key in (("label_selector", "labelSelector"), ("field_selector", "fieldSelector")):
        if told.get(key):
            found[name] = told[key]
    command = [value for key, value in query if key == "command"]
    if command:
        found |= {"command": command, "container": told.get("container", "")}
    return found


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    resource = parse(call.path)
    if resource is None:
        verb = call.method.lower()
        return (Part(operation=f"{verb}:nonresource", value={"verb": verb, "path": call.path}),)
    told = once(query, _ONCE) if resource.subresource != "proxy" else {}
    verb = _verb(call, resource, told)
    body = _object(call, verb, resource, content)
    value: dict[str, Value] = {
        "verb": verb,
        "group": resource.group,
        "version": resource.version,
        "namespace": resource.namespace,
        "resource": resource.resource,
        "subresource": resource.subresource,
        "name": resource.name,
        **_options(query, told),
        **_wishes(verb, resource, told, body["object"]),
        **body,
    }
    if resource.rest:
        value["rest"] = resource.rest
    if verb == "create" and not value["name"]:
        del value["name"]  # the server makes one up
    read = (
        _ONCE | {"command", "stdin", "stdout", "stderr", "tty"}
        if resource.subresource != "proxy"
        else frozenset()
    )
    return (Part(operation=f"{verb}:{resource.kind}", value=value, query=read),)


_JSON: frozenset[Kind] = frozenset({"json", "text", "bytes"})

READER = Reader(
    parts=_parts,
    kinds=by_method({"POST": _JSON, "PUT": _JSON, "PATCH": _JSON, "DELETE": _JSON}),
)
"""Value: ``verb, group, version, namespace, resource, subresource, name, dry_run, field_manager, force, object`` (no
``name`` where the server makes one up) and, where they are there, ``patch_type, replicas, pod, generate_name,
label_selector, field_selector, command, container, propagation_policy, grace_period_seconds, rest``. Operation:
``patch:deployments/scale``, ``get:nonresource``.
"""
