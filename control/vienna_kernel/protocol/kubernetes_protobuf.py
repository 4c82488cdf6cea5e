"""Kubernetes objects in protobuf, which kubectl sends for the kinds that it has types of.

1. The envelope is ``runtime.Unknown``: four bytes of magic, API version and kind, and the object itself.
2. Of the object stands here what mappings speak of, under its JSON names; the numbers are those of the published
   ``generated.proto`` files (k8s.io/api, k8s.io/apimachinery), which never change for a name. What is not in the
   tables is ``#<number>`` with its size and digest: seen, and not read.
3. A field that may stand once and stands twice has two readings, so it is refused.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from vienna_kernel.decode import protobuf
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"

_MAGIC = b"k8s\x00"
_MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its fields by number, each a name and a kind.

    A kind is ``text``, ``int``, ``bool``, ``bytes`` (base64, as in JSON), ``map`` (of text), ``blobs`` (a map of
    bytes) or a message.
    """

    fields: Mapping[int, tuple[str, str | Message]]
    many: frozenset[int] = field(default_factory=frozenset)


def _message(*many: int, **fields: tuple[int, str | Message]) -> Message:
    rows = {number: (name.rstrip("_"), kind) for name, (number, kind) in fields.items()}
    return Message(rows, frozenset(many))


_META = _message(
    14,
    name=(1, "text"),
    generateName=(2, "text"),
    namespace=(3, "text"),
    uid=(5, "text"),
    resourceVersion=(6, "text"),
    labels=(11, "map"),
    annotations=(12, "map"),
    finalizers=(14, "text"),
)
_SECURITY = _message(
    privileged=(2, "bool"),
    runAsUser=(4, "int"),
    runAsNonRoot=(5, "bool"),
    allowPrivilegeEscalation=(7, "bool"),
)
_CONTAINER = _message(
    3,
    4,
    name=(1, "text"),
    image=(2, "text"),
    command=(3, "text"),
    args=(4, "text"),
    securityContext=(15, _SECURITY),
)
_POD_SPEC = _message(
    2,
    20,
    containers=(2, _CONTAINER),
    restartPolicy=(3, "text"),
    serviceAccountName=(8, "text"),
    serviceAccount=(9, "text"),
    nodeName=(10, "text"),
    hostNetwork=(11, "bool"),
    hostPID=(12, "bool"),
    hostIPC=(13, "bool"),
    initContainers=(20, _CONTAINER),
)
_POD = _message(metadata=(1, _META), spec=(2, _POD_SPEC))
_SELECTOR = _message(matchLabels=(1, "map"))
_REPLICATED = _message(replicas=(1, "int"), selector=(2, _SELECTOR), template=(3, _POD))
_DAEMONS = _message(selector=(1, _SELECTOR), template=(2, _POD))
_JOB_SPEC = _message(parallelism=(1, "int"), completions=(2, "int"), template=(6, _POD))
_CRON_SPEC = _message(
    schedule=(1, "text"),
    suspend=(4, "bool"),
    jobTemplate=(5, _message(metadata=(1, _META), spec=(2, _JOB_SPEC))),
)
_SUBJECT = _message(kind=(1, "text"), apiGroup=(2, "text"), name=(3, "text"), namespace=(4, "text"))
_BINDING = _message(
    2,
    metadata=(1, _META),
    subjects=(2, _SUBJECT),
    roleRef=(3, _message(apiGroup=(1, "text"), kind=(2, "text"), name=(3, "text"))),
)
_RULE = _message(
    1,
    2,
    3,
    4,
    5,
    verbs=(1, "text"),
    apiGroups=(2, "text"),
    resources=(3, "text"),
    resourceNames=(4, "text"),
    nonResourceURLs=(5, "text"),
)
_ROLE = _message(2, metadata=(1, _META), rules=(2, _RULE))
_DELETE = _message(
    5,
    gracePeriodSeconds=(1, "int"),
    orphanDependents=(3, "bool"),
    propagationPolicy=(4, "text"),
    dryRun=(5, "text"),
)
_TOKEN_SPEC = _message(1, audiences=(1, "text"), expirationSeconds=(4, "int"))
_ANY = _message(metadata=(1, _META))

# A kind that is not here is read as far as its metadata: of all objects it is field 1.
_KINDS: Mapping[str, Message] = {
    "Deployment": _message(metadata=(1, _META), spec=(2, _REPLICATED)),
    "StatefulSet": _message(metadata=(1, _META), spec=(2, _REPLICATED)),
    "ReplicaSet": _message(metadata=(1, _META), spec=(2, _REPLICATED)),
    "DaemonSet": _message(metadata=(1, _META), spec=(2, _DAEMONS)),
    "Job": _message(metadata=(1, _META), spec=(2, _JOB_SPEC)),
    "CronJob": _message(metadata=(1, _META), spec=(2, _CRON_SPEC)),
    "Pod": _POD,
    "Scale": _message(metadata=(1, _META), spec=(2, _message(replicas=(1, "int")))),
    "Secret": _message(metadata=(1, _META), data=(2, "blobs"), type=(3, "text"), stringData=(4, "map")),
    "ConfigMap": _message(metadata=(1, _META), data=(2, "map"), binaryData=(3, "blobs")),
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "Role": _ROLE,
    "ClusterRole": _ROLE,
    "Eviction": _message(metadata=(1, _META), deleteOptions=(2, _DELETE)),
    "DeleteOptions": _DELETE,
    "TokenRequest": _message(metadata=(1, _META), spec=(2, _TOKEN_SPEC)),
}


def _fault(why: str) -> MalformedError:
    return MalformedError("body", f"Kubernetes protobuf: {why}")


def loads(data: bytes) -> Value:
    """An object under its JSON names. Errors: ``MalformedError``."""
    if not data.startswith(_MAGIC):
        raise _fault("not an object")
    envelope = dict(_once(protobuf.loads(data[len(_MAGIC) :])))
    kind = dict(_once(protobuf.loads(_bytes(envelope.get(1, b"")))))
    if envelope.keys() - {1, 2, 3, 4} or kind.keys() - {1, 2} or any(envelope.get(n) for n in (3, 4)):
        raise _fault("an envelope that holds something else than one plain object")
    told = {"apiVersion": _text(kind.get(1, b"")), "kind": _text(kind.get(2, b""))}
    schema = _KINDS.get(told["kind"], _ANY)
    return {**told, **_read(_bytes(envelope.get(2, b"")), schema, _MAX_DEPTH)}


def _once(fields: list[protobuf.Field]) -> list[protobuf.Field]:
    if len({number for number, _ in fields}) != len(fields):
        raise _fault("a field stands there twice")
    return fields


def _read(data: bytes, schema: Message, depth: int) -> dict[str, Value]:
    if depth == 0:
        raise _fault("nested too deep")
    found: dict[str, Value] = {}
    maps: dict[str, dict[str, Value]] = {}
    lists: dict[str, list[Value]] = {}
    for number, raw in protobuf.loads(data):
        name, kind = schema.fields.get(number, (f"#{number}", ""))
        if kind in ("map", "blobs"):
            key, value = _entry(raw, blobs=kind == "blobs")
            if key in maps.setdefault(name, {}):
                raise _fault("a key stands there twice")
            maps[name][key] = value
        elif number in schema.many or not kind:
            lists.setdefault(name, []).append(_value(raw, kind, depth))
        elif name in found:
            raise _fault("a field stands there twice")
        else:
            found[name] = _value(raw, kind, depth)
    return {**found, **maps, **lists}


def _entry(raw: int | bytes, *, blobs: bool) -> tuple[str, Value]:
    pair = dict(_once(protobuf.loads(_bytes(raw))))
    value = _bytes(pair.get(2, b""))
    return _text(pair.get(1, b"")), base64.b64encode(value).decode("ascii") if blobs else _text(value)


def _value(raw: int | bytes, kind: str | Message, depth: int) -> Value:
    if isinstance(kind, Message):
        return _read(_bytes(raw), kind, depth - 1)
    if kind == "text":
        return _text(raw)
    if kind in ("int", "bool"):
        if not isinstance(raw, int):
            raise _fault("a field of another type")
        return bool(raw) if kind == "bool" else protobuf.signed(raw)
    if isinstance(raw, int):
        return protobuf.signed(raw)
    return {"bytes": len(raw), "digest": f"sha256:{hashlib.sha256(raw).hexdigest()}"}


def _bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise _fault("a field of another type")
    return raw


def _text(raw: int | bytes) -> str:
    try:
        return _bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise _fault("text that is not UTF-8") from None
