"""S3 by AWS's own client: buckets in hosts and in paths, objects in the client's own chunks."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from aws_kit import MAPPINGS, Clients, Row, aws_clients, called, check, cloud, xml
from harness.standin import Answer, Standin
from vienna_kernel.document import parse
from vienna_kernel.shipped import root
from vienna_kernel.verification import Result
from wire_kit import called as canonical
from wire_kit import expect, expect_each, expect_refused, only, rejoined, verified

OBJECT = "aws:s3/shop-data/a/b c+ü.txt".replace(" ", "%20").replace("ü", "%C3%BC")
KEY = {"Bucket": "shop-data", "Key": "a/b c+ü.txt"}
BUCKET = {"Bucket": "shop-data"}
SHA = f"sha256:{hashlib.sha256(b'hello').hexdigest()}"
POLICY: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]}
BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)
OK = xml("*", "*", "")
NO_CONTENT = Answer("*", "*", 204)
COPIED = xml("PUT", "*", "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")
BEGUN = xml("POST", "*", "<InitiateMultipartUploadResult><Key>a/b c+ü.txt</Key><UploadId>u</UploadId>"
            "</InitiateMultipartUploadResult>")  # fmt: skip


def s3(method: str, asks: dict[str, Any], action: str, tier: str, target: str, *more: Any) -> Row:
    return Row("s3", method, asks, action, tier, target, *more)


ROWS = [
    s3("put_object", {**KEY, "Body": b"hello"}, "s3_put_object", "T1", OBJECT, OK, {"size": 5, "digest": SHA}),
    s3("put_object", {**KEY, "Body": b"hello", "ACL": "public-read"}, "s3_share_object", "T2", OBJECT, OK,
       {"who": "public-read", "size": 5}),
    s3("copy_object", {**KEY, "CopySource": {"Bucket": "far", "Key": "x"}}, "s3_copy_object", "T1", OBJECT, COPIED,
       {"source": "far/x"}),
    s3("delete_object", {**KEY, "VersionId": "v"}, "s3_delete_object", "T2", OBJECT, NO_CONTENT, {"version": "v"}),
    s3("rename_object", {**KEY, "RenameSource": "old"}, "s3_rename_object", "T2", OBJECT, OK, {"source": "old"}),
    s3("put_object_acl", {**KEY, "ACL": "public-read"}, "s3_share_object", "T2", OBJECT, OK, {"who": "public-read"}),
    s3("put_object_tagging", {**KEY, "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}]}}, "s3_change_object", "T1",
       OBJECT, OK, {"setting": "tagging"}),
    s3("restore_object", {**KEY, "RestoreRequest": {"Days": 1}}, "s3_restore_object", "T1", OBJECT, OK),
    s3("upload_part", {**KEY, "PartNumber": 2, "UploadId": "u", "Body": b"hello"}, "s3_upload_part", "T1", OBJECT, OK,
       {"part": 2, "size": 5}),
    s3("create_multipart_upload", KEY, "s3_begin_upload", "T1", OBJECT, BEGUN),
    s3("complete_multipart_upload",
       {**KEY, "UploadId": "u", "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "e"}]}}, "s3_end_upload", "T1",
       OBJECT, xml("POST", "*", "<CompleteMultipartUploadResult/>"), {"parts": 1}, "match",
       ["/CompleteMultipartUpload/@xmlns"]),
    s3("abort_multipart_upload", {**KEY, "UploadId": "u"}, "s3_abort_upload", "T1", OBJECT, NO_CONTENT),
    s3("create_bucket", {**BUCKET, "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
       "s3_create_bucket", "T2", "aws:s3/shop-data", OK, {"location": "eu-west-1"}),
    s3("delete_bucket", BUCKET, "delete_bucket", "T3", "aws:s3/shop-data", NO_CONTENT, {"bucket": "shop-data"}),
    s3("put_bucket_policy", {**BUCKET, "Policy": json.dumps(POLICY)}, "s3_put_bucket_policy", "T2",
       "aws:s3/shop-data/policy", NO_CONTENT, {"policy": POLICY}),
    s3("put_bucket_acl", {**BUCKET, "ACL": "public-read"}, "s3_put_bucket_acl", "T2", "aws:s3/shop-data/acl", OK,
       {"acl": "public-read"}),
    s3("put_public_access_block", {**BUCKET, "PublicAccessBlockConfiguration": BLOCK}, "s3_public_access", "T2",
       "aws:s3/shop-data/public", OK, {"block_acls": "false"}),
    s3("delete_public_access_block", BUCKET, "s3_public_access", "T2", "aws:s3/shop-data/public", NO_CONTENT),
    s3("delete_bucket_lifecycle", BUCKET, "s3_change_bucket", "T2", "aws:s3/shop-data/lifecycle", NO_CONTENT,
       {"setting": "lifecycle"}),
    s3("put_bucket_versioning", {**BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}, "s3_change_bucket",
       "T2", "aws:s3/shop-data/versioning", OK, {"setting": "versioning"}),
    s3("get_object", KEY, "s3_read", "T0", OBJECT, Answer("GET", "*", 200, b"hello"), {}, None),
    s3("list_objects_v2", BUCKET, "s3_read", "T0", "aws:s3/shop-data", xml("GET", "*", "<ListBucketResult/>"), {}, None),
    s3("list_buckets", {}, "s3_list_buckets", "T0", "aws:s3", xml("GET", "*", "<ListAllMyBucketsResult/>"), {}, None),
]  # fmt: skip


@pytest.fixture(scope="module")
def sky() -> Iterator[tuple[Standin, Clients]]:
    with cloud() as found:
        yield found


@pytest.mark.parametrize("style", ["virtual", "path"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_call(row: Row, style: str, sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(row.answer)
    made = client("s3", s3=Style(style))
    getattr(made, row.method)(**row.asks)
    assert aws.last.asked.host.startswith("shop-data.") == (
        style == "virtual" and row.method != "list_buckets"
    )
    check(row, aws.last)


class Style(dict[str, str]):
    """A setting of the client that can be a key."""

    def __init__(self, style: str) -> None:
        super().__init__(addressing_style=style)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


@pytest.mark.parametrize(
    ("region", "bucket", "host"),
    [
        ("us-east-1", "shop-data", "shop-data.s3.amazonaws.com"),
        ("us-east-1", "ec2", "ec2.s3.amazonaws.com"),
        ("eu-west-1", "shop.data", "s3.eu-west-1.amazonaws.com"),
        ("us-east-1", "shop.data", "s3.amazonaws.com"),
        ("eu-west-1", "s3dualstack", "s3dualstack.s3.eu-west-1.amazonaws.com"),
    ],
)
def test_hosts(region: str, bucket: str, host: str, sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(NO_CONTENT)
    client("s3", region=region).delete_bucket(Bucket=bucket)
    assert aws.last.asked.host == host
    expect(aws.last, only(*MAPPINGS), action="delete_bucket", parameters={"bucket": bucket})


def test_many_deletions_are_each_an_intent(sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(xml("POST", "*", "<DeleteResult/>"))
    keys: list[dict[str, str]] = [{"Key": "a"}, {"Key": "b/c", "VersionId": "v"}]
    client("s3").delete_objects(Bucket="shop-data", Delete={"Objects": keys, "Quiet": True})
    rows = [
        {"action": "s3_delete_objects", "tier": "T2", "target": f"aws:s3/shop-data/{key}", "blast_radius": 2}
        for key in ("a", "b%2Fc")
    ]
    expect_each(aws.last, rows, only(*MAPPINGS))
    assert verified(aws.last, only(*MAPPINGS)).result is Result.MATCH
    left = xml("", "", "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>")
    assert verified(aws.last, only(*MAPPINGS), answer=left).result is not Result.MATCH


def test_an_object_is_judged_as_it_is_and_sent_as_it_came(sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(OK)
    for body in (b"hello", io.BytesIO(b"x" * 100_000), b""):
        client("s3").put_object(Bucket="shop-data", Key="k", Body=body)
        call = canonical(aws.last, only(*MAPPINGS))
        assert aws.last.asked.header("content-encoding") == call.header("content-encoding")
        assert call.body == aws.last.asked.body
        data = body if isinstance(body, bytes) else body.getvalue()
        if data:
            expect(aws.last, only(*MAPPINGS), parameters={"size": len(data)})


def test_a_success_that_tells_of_a_failure(sky: tuple[Standin, Clients]) -> None:
    (row,) = [row for row in ROWS if row.method == "copy_object"]
    failed = xml("", "", "<Error><Code>InternalError</Code></Error>")
    exchange = called(row, *sky)
    assert verified(exchange, only(*MAPPINGS), answer=failed).result is not Result.MATCH


def test_what_names_two_things_is_refused(sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(COPIED)
    source = {"Bucket": "far", "Key": "x"}
    client("s3").copy_object(**KEY, CopySource=source, GrantRead="id=1")
    expect_refused(aws.last, "ambiguous_request", only(*MAPPINGS))
    client("s3").copy_object(**KEY, CopySource=source, ACL="public-read")
    expect(aws.last, only(*MAPPINGS), action="s3_share_object", tier="T2")


def test_tries_of_the_client_are_one_call() -> None:
    with Standin("*.amazonaws.com", [OK]) as aws, aws_clients(aws) as client:
        aws.fail_next(503)
        client("s3", retries=1).put_object(Bucket="shop-data", Key="k", Body=b"hello")
        rejoined(*aws.calls, mappings=only(*MAPPINGS))


def test_both_files_say_the_same() -> None:
    """``aws_s3_path`` is ``aws_s3`` with the bucket in the path."""
    host, path = (
        parse((root() / "mappings" / f"{name}.yaml").read_bytes(), name=name).data["actions"]  # type: ignore[index,call-overload]
        for name in ("aws_s3", "aws_s3_path")
    )
    apart = ("/", "/{bucket}/")
    moved = [json.loads(json.dumps(action)) for action in path if action["match"]["path"] not in apart]
    for action in moved:
        rest = re.sub(r"^/\{bucket\}", "", action["match"]["path"])
        action["match"]["path"] = rest or "/"
        action["params"]["bucket"] = {"from": "host", "name": "label"}
    assert moved == list(host)


def test_an_object_that_is_stored_compressed(sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(OK)
    client("s3").put_object(Bucket="shop-data", Key="k", Body=b"\x1f\x8b", ContentEncoding="gzip")
    assert canonical(aws.last, only(*MAPPINGS)).header("content-encoding") == "gzip,aws-chunked"
    expect(aws.last, only(*MAPPINGS), action="s3_put_object", parameters={"size": 2})


@pytest.mark.parametrize(
    ("key", "target"),
    [("100%.txt", "100%2525.txt"), ("a%2Fb", "a%25252Fb"), ("a/b", "a/b"), ("ü", "%C3%BC")],
)
def test_names_of_objects(key: str, target: str, sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(NO_CONTENT)
    client("s3").delete_object(Bucket="shop-data", Key=key)
    expect(aws.last, only(*MAPPINGS), action="s3_delete_object", target=f"aws:s3/shop-data/{target}")
