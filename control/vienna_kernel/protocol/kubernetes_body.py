"""The object in a request to the Kubernetes API.

1. JSON, or protobuf as far as its schemas are known (``kubernetes_protobuf``); no CBOR. YAML is taken where its text is
   JSON: the API server reads YAML 1.1, in which ``y`` is true and ``0777`` is 511.
2. What the object says of itself agrees with the path: name, namespace, API version. A list of objects is no body.
3. A JSON patch that copies or moves is refused: what it writes does not stand in it.
"""

from __future__ import annotations

from collections.abc import Mapping

from vienna_kernel.call.request import Call
from vienna_kernel.decode import json, pointer
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.pointer import MISSING, Found, Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import kubernetes_protobuf
from vienna_kernel.protocol.kubernetes_path import Resource
from vienna_kernel.value import Value

PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
_TEXTS = frozenset({"application/apply-patch+yaml", "application/yaml", None})  # without a type it is JSON
_REPLICAS = ("spec", "replicas")
_MAX_OPERATIONS = 1_000
_POD: Mapping[str, Pointer] = {
    "pods": ("spec",),
    "podtemplates": ("template", "spec"),
    "cronjobs": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_POD_OF_OTHERS = ("spec", "template", "spec")


def _fault(why: str) -> MalformedError:
    return MalformedError("body", why)


def read(call: Call, content: Content) -> Value:
    """The object, or the list of a JSON patch; None only without a body. Errors: ``MalformedError``."""
    if content.kind == "none":
        return None
    if content.kind == "json" and content.value is not MISSING:
        value = content.value
    elif call.content_type == kubernetes_protobuf.CONTENT_TYPE:
        value = kubernetes_protobuf.loads(call.body)
    elif call.content_type in _TEXTS:
        value = _from_text(call.body)
    else:
        raise _fault("the body of a Kubernetes request is neither JSON nor protobuf; send it as JSON")
    if not isinstance(
        value, (Mapping, list)
    ):  # null too, which the server takes for an object without members
        raise _fault("the body of a Kubernetes request is an object")
    return value


def _from_text(data: bytes) -> Value:
    try:
        return json.loads(data)
    except MalformedError:
        raise _fault("YAML that is not JSON is not read here; send the object as JSON") from None


def patch_type(call: Call) -> str:
    """How a PATCH changes its object. Errors: ``MalformedError``."""
    kind = PATCHES.get(call.content_type or "")
    if kind is None:
        raise _fault("a Kubernetes patch of a type that is not read here")
    return kind


def _operations(patch: Value) -> list[tuple[str, Pointer, Found]]:
    """Operation, place and value of each step of a JSON patch (RFC 6902)."""
    if not isinstance(patch, list) or len(patch) > _MAX_OPERATIONS:
        raise _fault(f"a JSON patch is a list of at most {_MAX_OPERATIONS} operations")
    found = []
    for row in patch:
        name, path = (row.get("op"), row.get("path")) if isinstance(row, Mapping) else (None, None)
        if name not in ("add", "remove", "replace", "test") or not isinstance(path, str):
            raise _fault("a JSON patch whose operations are not add, remove, replace and test with a path")
        found.append((str(name), _place(path), row.get("value", MISSING)))
    return found


def _place(path: str) -> Pointer:
    try:
        return pointer.parse(path)
    except MalformedError:
        raise _fault("a path of a JSON patch that is no pointer") from None


def replicas(kind: str, body: Value) -> Found:
    """The number of replicas that a body asks for, ``MISSING`` when it says nothing of it.

    Args:
        kind: Of a patch; empty for a whole object.

    Errors: ``MalformedError`` for a JSON patch that is none.
    """
    if kind != "json":
        return pointer.find(body, _REPLICAS)
    told: Found = MISSING
    for name, place, value in _operations(body):
        if name != "test" and place == _REPLICAS[: len(place)]:
            below = _REPLICAS[len(place) :]
            told = MISSING if name == "remove" or value is MISSING else pointer.find(value, below)
    return told


def pod(resource: Resource, body: Value) -> Found:
    """The description of the pods that an object asks for, ``MISSING`` where it stands nowhere, as in a JSON patch.

    Only the place that the kind itself has counts: what stands in another one the server drops.
    """
    return (
        MISSING if isinstance(body, list) else pointer.find(body, _POD.get(resource.resource, _POD_OF_OTHERS))
    )


def _agrees(body: Value, place: Pointer, expected: str) -> bool:
    told = pointer.find(body, place)
    return told is MISSING or told is None or told == "" or told == expected


def judge(resource: Resource, body: Value, *, named: bool) -> None:
    """Hold what an object says of itself against the path.

    Args:
        named: The path names the object, so the object may name no other; else it names itself.

    Errors: ``MalformedError``.
    """
    if not isinstance(body, Mapping):
        return
    if "items" in body and str(body.get("kind", "")).endswith("List"):
        raise _fault("a list of Kubernetes objects; send them one by one")
    if named and not _agrees(body, ("metadata", "name"), resource.name):
        raise _fault("metadata.name is not the name in the path")
    namespace = "" if resource.resource == "namespaces" else resource.namespace
    if not _agrees(body, ("metadata", "namespace"), namespace):
        raise _fault("metadata.namespace is not the namespace in the path")
    own = f"{resource.group}/{resource.version}" if resource.group else resource.version
    if not resource.subresource and not _agrees(body, ("apiVersion",), own):
        raise _fault("apiVersion is not that of the path")
