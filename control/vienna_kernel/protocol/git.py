"""Git over HTTP: each ref that a push changes is a part; a fetch is one.

1. What a request is, its path says: ``…/info/refs``, ``…/git-upload-pack`` or ``…/git-receive-pack``.
2. What a push does to a ref is told by ``decode.git``; what cannot be proven to keep the history is ``push-force``.
"""

from __future__ import annotations

from collections.abc import Mapping

from vienna_kernel.call.request import Call
from vienna_kernel.decode import git
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.git import Update
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import RAW, Options, Parts, Reader, by_method, header, once
from vienna_kernel.value import Value

_SERVICES = {"git-upload-pack": "upload-pack", "git-receive-pack": "receive-pack"}
_SHORT = {"refs/heads/": "branch", "refs/tags/": "tag"}


def _advertise(query: Pairs) -> Part:
    service = _SERVICES.get(once(query, frozenset({"service"})).get("service", ""))
    if service is None:
        raise MalformedError("query", "service is git-upload-pack or git-receive-pack")
    return Part(operation=f"advertise:{service}", value={"service": service}, query=frozenset({"service"}))


def _push(update: Update) -> Part:
    value: dict[str, Value] = {
        "service": "receive-pack",
        "ref": update.ref,
        "old": update.old,
        "new": update.new,
        "kind": update.kind,
        "options": list(update.options),
    }
    for prefix, name in _SHORT.items():
        if update.ref.startswith(prefix):
            value[name] = update.ref.removeprefix(prefix)
    return Part(operation=f"push-{update.kind}", value=value)


def _receive(data: bytes) -> tuple[Part, ...]:
    updates = git.receive_pack(data)
    if not updates:  # git tries its credentials so before it sends a large pack
        return (Part(operation="push-nothing", value={"service": "receive-pack"}),)
    return tuple(_push(update) for update in updates)


def _upload(data: bytes) -> tuple[Part, ...]:
    asked = git.upload_pack(data)
    value: Mapping[str, Value] = {"service": "upload-pack", "command": asked.command, "wants": asked.wants}
    return (Part(operation="fetch", value=value),)


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    header(call, "git-protocol")  # two versions are two readings
    name = call.path.rpartition("/")[2]
    if call.method == "GET" and call.path.endswith("/info/refs"):
        return (_advertise(query),)
    if call.method != "POST" or name not in _SERVICES or query:
        raise MalformedError("path", "not a request of git over HTTP")
    if call.content_type != f"application/x-{name}-request":
        raise MalformedError("header content-type", f"expected application/x-{name}-request")
    return _receive(call.body) if name == "git-receive-pack" else _upload(call.body)


READER = Reader(parts=_parts, kinds=by_method({"POST": RAW}))
"""Value of a push: ``service, ref, old, new, kind, options`` and ``branch`` or ``tag``; operation: ``push-create``,
``push-update``, ``push-force``, ``push-delete``, ``push-nothing``, ``fetch``, ``advertise:upload-pack``.
"""
