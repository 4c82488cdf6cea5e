"""Kubernetes: a part or ``MalformedError``; a dry run only where one was asked for; verb and method agree."""

from __future__ import annotations

from fuzz import law
from vienna_kernel.call.request import Call
from vienna_kernel.call.target import canonical_target
from vienna_kernel.decode import form, json
from vienna_kernel.decode.content import Content
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import kubernetes
from vienna_kernel.verdict import Refused

SEEDS = (
    b"PATCH /apis/apps/v1/namespaces/a/deployments/b/scale?dryRun=All application/merge-patch+json\n"
    b'{"spec":{"replicas":3}}',
    b'PATCH /api/v1/namespaces/a/pods/b application/json-patch+json\n[{"op":"add","path":"/spec","value":{}}]',
    b'DELETE /api/v1/namespaces/a/pods?labelSelector=x application/json\n{"dryRun":["All"]}',
    b"GET /api/v1/watch/namespaces/a/pods?watch=1 \n",
    b"POST /api/v1/namespaces/a/pods/b/exec?command=ls&dryRun=All \n",
    b'POST /api/v1/namespaces/a/pods/b/eviction application/json\n{"deleteOptions":{"dryRun":["All"]}}',
    b"GET /api/v1/namespaces/a/services/b/proxy/c%2Fd//e \n",
    b"POST /api/v1/namespaces/a/configmaps application/vnd.kubernetes.protobuf\nk8s\x00\n\x0f\n\x02v1\x12\tNamespace",
)
_VERBS = {
    "POST": {"create"},
    "PUT": {"update"},
    "PATCH": {"patch"},
    "DELETE": {"delete", "deletecollection"},
    "GET": {"get", "list", "watch", "create"},
    "HEAD": {"get", "list", "watch", "create"},
}


def _call(data: bytes) -> Call | None:
    head, _, body = data.partition(b"\n")
    fields = head.decode("latin-1").split(" ")
    if len(fields) != 3 or fields[0] not in _VERBS:
        return None
    target = canonical_target(fields[1].encode("latin-1"))
    if isinstance(target, Refused):
        return None
    return Call(
        method=fields[0], scheme="https", host="h", port=443, path=target[0], query=target[1], headers=(), body=body,
        content_type=fields[2].lower() or None,
    )  # fmt: skip


def _content(call: Call) -> Content:
    if not call.body:
        return Content()
    if call.content_type is not None and call.content_type.endswith("json"):
        return Content("json", json.loads(call.body))
    return Content("bytes", {"bytes": len(call.body)})


def one_input(data: bytes) -> None:
    call = _call(data)
    if call is None:
        return
    try:
        parts = kubernetes.READER.parts(call, form.pairs(call.query.encode("ascii")), _content(call), {})
    except MalformedError as error:
        law(bool(error.where) and len(error.why) < 200, "the place is named, in few words")
        return
    law(not isinstance(parts, Refused) and len(parts) == 1, "there is a part")
    if isinstance(parts, Refused):
        return
    value = parts[0].value
    law(isinstance(value, dict), "it has a value")
    if isinstance(value, dict) and "resource" in value:
        law(value["verb"] in _VERBS[call.method], "the verb is one of the method")
        law(not value["dry_run"] or b"All" in call.query.encode() + call.body, "a dry run was asked for")
        law(str(value["resource"]) in call.path, "the resource stands in the path")
