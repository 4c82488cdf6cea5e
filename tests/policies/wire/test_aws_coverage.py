"""Every operation that AWS's own client knows of these services is read by an action, by name or by family."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest
from botocore.model import Shape, StringShape, StructureShape

from aws_kit import MAPPINGS, REGION, aws_settings, client_of
from vienna_kernel.call.request import Call, RawRequest, canonicalise, canonicalise_head
from vienna_kernel.decode.coding import CODINGS
from vienna_kernel.mapping.reading import Mapped
from wire_kit import only

ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:name"
MAIL = b"From: a@x.example\r\nTo: b@x.example\r\n\r\nhi"
TO = {"ToAddresses": ["a@x.example"]}
# Where what the model requires is not yet a request that means anything.
ASKS: dict[tuple[str, str], dict[str, Any]] = {
    ("dynamodb", "TransactWriteItems"): {"TransactItems": [{"Delete": {"TableName": "tables", "Key": {}}}]},
    ("secretsmanager", "ReplicateSecretToRegions"): {"SecretId": "s", "AddReplicaRegions": [{"Region": REGION}]},
    ("ec2", "AuthorizeSecurityGroupIngress"): {"GroupId": "sg-1"},
    ("ses", "SendBulkTemplatedEmail"): {
        "Source": "a@x.example", "Template": "t", "DefaultTemplateData": "{}", "Destinations": [{"Destination": TO}],
    },
    ("sesv2", "SendEmail"): {"FromEmailAddress": "a@x.example", "Destination": TO, "Content": {}},
    ("sesv2", "SendBulkEmail"): {
        "FromEmailAddress": "a@x.example", "DefaultContent": {}, "BulkEmailEntries": [{"Destination": TO}],
    },
    ("lambda", "InvokeAsync"): {"FunctionName": "f", "InvokeArgs": b"{}"},
}  # fmt: skip
# Of other hosts than S3's own: a kind of store apart, and the answers of functions that change objects.
ELSEWHERE = {("s3", "ListDirectoryBuckets"), ("s3", "WriteGetObjectResponse")}
FAMILIES = {
    "dynamodb": {"dynamodb_read", "dynamodb_write", "dynamodb_delete"},
    "ec2": {"ec2_read", "ec2_write", "ec2_delete"},
    "iam": {"iam_read", "iam_write", "iam_delete"},
    "s3": {"s3_read", "s3_write", "s3_change_bucket", "s3_change_object"},
    "secretsmanager": {"secretsmanager_read", "secretsmanager_write"},
    "sts": {"sts_read", "sts_other"},
    "lambda": {"lambda_read", "lambda_write", "lambda_delete"},
    "ses": {"ses_read", "ses_write", "ses_delete"},
    "sesv2": {"ses_read", "ses_write", "ses_delete"},
}
NAMED = {"dynamodb": 17, "ec2": 65, "iam": 25, "s3": 23, "secretsmanager": 10, "sts": 9, "lambda": 17, "ses": 8, "sesv2": 6}  # fmt: skip
READS = ("Describe", "List", "Get", "Search", "Head")


def example(shape: Shape) -> Any:
    """The least that the model takes for a value of this shape."""
    if isinstance(shape, StructureShape):
        names = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
        return {name: example(shape.members[name]) for name in names}
    if shape.type_name == "list":
        return [example(shape.member)]
    if shape.type_name == "map":
        return {"k": example(shape.value)}
    if isinstance(shape, StringShape):
        return _text(shape)
    numbers = {"boolean": True, "float": 1.0, "double": 1.0, "timestamp": 1_700_000_000, "blob": MAIL}
    return numbers.get(shape.type_name, max(1, int(shape.metadata.get("min", 1))))


def _text(shape: StringShape) -> str:
    name = shape.name.lower()
    if shape.enum:
        return str(shape.enum[0])
    if "arn" in name:
        return ARN
    if "policydocument" in name or name in ("policy", "resourcepolicy", "nonemptyresourcepolicytype"):
        return '{"Version": "2012-10-17"}'
    return (
        "a@x.example" if "email" in name or "address" in name else "a" * max(3, shape.metadata.get("min", 3))
    )


class KeptError(Exception):
    """The request is kept, and goes no further."""


@cache
def sent(service: str) -> dict[str, Call]:
    """What the client puts on the wire for each operation of a service."""
    found: dict[str, RawRequest] = {}
    client = client_of(service, parameter_validation=False)

    def keep(request: Any, event_name: str, **_: Any) -> None:
        found[event_name.rpartition(".")[2]] = _raw(request)
        raise KeptError

    client.meta.events.register(f"before-send.{client.meta.service_model.service_id.hyphenize()}", keep)
    model = client.meta.service_model
    for name in model.operation_names:
        operation = model.operation_model(name)
        asks = ASKS.get((service, name)) or (example(operation.input_shape) if operation.input_shape else {})
        with pytest.raises(KeptError):
            client._make_api_call(name, asks)
    return {name: _call(raw) for name, raw in found.items()}


def _raw(request: Any) -> RawRequest:
    host, _, target = request.url.removeprefix("https://").partition("/")
    lines = [(name, value) for name, value in request.headers.items() if name.lower() != "host"]
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    return RawRequest(
        scheme="https",
        connect=(host, 443),
        sni=host,
        method=request.method.encode(),
        target=f"/{target}".encode(),
        http_version=b"HTTP/1.1",
        headers=(
            (b"Host", host.encode()),
            *(
                (str(name).encode(), value if isinstance(value, bytes) else str(value).encode())
                for name, value in lines
            ),
        ),
        body=body,
    )


def _call(raw: RawRequest) -> Call:
    head = canonicalise_head(raw, codings=CODINGS)
    assert isinstance(head, Call), head
    found = canonicalise(raw, codings=only(*MAPPINGS).codings(head))
    assert isinstance(found, Call), (raw.target, found)
    return found


@pytest.mark.parametrize("service", sorted(FAMILIES))
def test_every_operation_is_read(service: str, record_property: Any) -> None:
    with aws_settings():
        calls = sent(service)
    counts: Counter[str] = Counter()
    for name, call in calls.items():
        found = only(*MAPPINGS).map(call)
        assert isinstance(found, Mapped), f"{name}: {found}"
        assert found.mapped is ((service, name) not in ELSEWHERE), f"{name}: {call.url}"
        counts.update({intent.action for intent in found.intents})
        _judge(name, found)
    named = sum(count for action, count in counts.items() if action not in FAMILIES[service])
    record_property("named", named)
    print(f"{service}: {len(calls)} operations, {named} by name")
    assert named >= NAMED[service]


def _judge(name: str, found: Mapped) -> None:
    """A family is never looser than what the name of the operation says."""
    for intent in found.intents:
        if intent.effect == "read" and intent.default_tier == "T0":
            assert not name.startswith(
                ("Delete", "Put", "Create", "Update", "Terminate", "Attach", "Modify")
            ), name
        if name.startswith(("Delete", "Terminate")) and found.mapped:
            assert intent.default_tier >= "T1", name
