"""DynamoDB and Secrets Manager by AWS's own client: protocols that name the operation in a header."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from aws_kit import MAPPINGS, Clients, Row, aws_clients, called, check, cloud, targeted
from harness.standin import Answer, Standin
from vienna_kernel.verification import Result
from wire_kit import expect_each, only, read, rejoined, verified

TABLE = "aws:dynamodb/eu-west-1/table/orders"
SECRET = "aws:secretsmanager/eu-west-1/secret/db"
ITEM = {"id": {"S": "o-1"}, "card": {"S": "4111"}}
KEY = {"id": {"S": "o-1"}}
NAMED = {"TableDescription": {"TableName": "orders", "TableStatus": "ACTIVE", "TableId": "t-1"}}
GONE = {"TableDescription": {"TableName": "orders", "TableStatus": "DELETING", "TableId": "t-1"}}
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
HELD = {"ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a", "Name": "db", "VersionId": "v-1"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


def dynamodb(operation: str, body: object = None) -> Answer:
    return targeted(f"DynamoDB_20120810.{operation}", {} if body is None else body)


def secrets(operation: str, body: object = None) -> Answer:
    return targeted(f"secretsmanager.{operation}", HELD if body is None else body)


def of(name: str) -> str:
    return f"aws:dynamodb/eu-west-1/{name}"


ROWS = [
    Row("dynamodb", "delete_table", {"TableName": "orders"}, "delete_table", "T3", TABLE,
        dynamodb("DeleteTable", GONE), {"table": "orders", "region": "eu-west-1"}),
    Row("dynamodb", "create_table",
        {"TableName": "orders", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
         "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"},
        "create_table", "T2", TABLE, dynamodb("CreateTable", NAMED), {"billing": "PAY_PER_REQUEST"}),
    Row("dynamodb", "update_table", {"TableName": "orders", "DeletionProtectionEnabled": False},
        "update_table", "T2", TABLE, dynamodb("UpdateTable", NAMED), {"protected": False}),
    Row("dynamodb", "put_item", {"TableName": "orders", "Item": ITEM}, "put_item", "T1", TABLE, dynamodb("PutItem")),
    Row("dynamodb", "update_item",
        {"TableName": "orders", "Key": KEY, "UpdateExpression": "SET paid = :p",
         "ExpressionAttributeValues": {":p": {"BOOL": True}}},
        "update_item", "T1", TABLE, dynamodb("UpdateItem"), {"update": "SET paid = :p", "key": KEY}),
    Row("dynamodb", "delete_item", {"TableName": "orders", "Key": KEY}, "delete_item", "T2", TABLE,
        dynamodb("DeleteItem"), {"key": KEY}),
    Row("dynamodb", "batch_write_item", {"RequestItems": {"orders": [{"DeleteRequest": {"Key": KEY}}]}},
        "batch_write_items", "T2", of("tables"), dynamodb("BatchWriteItem", {"UnprocessedItems": {}})),
    Row("dynamodb", "execute_statement", {"Statement": "DELETE FROM orders WHERE id = ?", "Parameters": [{"S": "o"}]},
        "run_partiql", "T2", of("partiql"), dynamodb("ExecuteStatement"),
        {"statement": "DELETE FROM orders WHERE id = ?"}),
    Row("dynamodb", "export_table_to_point_in_time", {"TableArn": ARN, "S3Bucket": "far-away"},
        "copy_table", "T2", of("DynamoDB_20120810.ExportTableToPointInTime"), dynamodb("ExportTableToPointInTime"),
        {"bucket": "far-away", "table_arn": ARN}),
    Row("dynamodb", "put_resource_policy", {"ResourceArn": ARN, "Policy": POLICY}, "grant_table", "T2",
        of(f"policy/{ARN}"), dynamodb("PutResourcePolicy"), {"policy": json.loads(POLICY)}),
    Row("dynamodb", "query",
        {"TableName": "orders", "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "o"}}},
        "dynamodb_read", "T0", of("orders"), dynamodb("Query"), {}, None),
    Row("dynamodb", "delete_backup", {"BackupArn": f"{ARN}/backup/0123456789"}, "dynamodb_delete", "T2",
        of("DynamoDB_20120810.DeleteBackup"), dynamodb("DeleteBackup"), {"backup": f"{ARN}/backup/0123456789"}, None),
    Row("dynamodb", "create_backup", {"TableName": "orders", "BackupName": "now"}, "dynamodb_write", "T2",
        of("DynamoDB_20120810.CreateBackup"), dynamodb("CreateBackup"), {}, None, ["/BackupName"]),
    Row("secretsmanager", "get_secret_value", {"SecretId": "db"}, "get_secret_value", "T2", SECRET,
        secrets("GetSecretValue", {**HELD, "SecretString": "hunter2"}), {"secret": "db"}),
    Row("secretsmanager", "batch_get_secret_value", {"SecretIdList": ["db", "mail"]}, "get_secret_values", "T2",
        "aws:secretsmanager/eu-west-1/secrets", secrets("BatchGetSecretValue", {"SecretValues": [], "Errors": []}),
        {"secrets": ["db", "mail"]}),
    Row("secretsmanager", "put_secret_value", {"SecretId": "db", "SecretString": "hunter3"}, "put_secret_value",
        "T2", SECRET, secrets("PutSecretValue")),
    Row("secretsmanager", "create_secret", {"Name": "db", "SecretString": "hunter2"}, "create_secret", "T1", SECRET,
        secrets("CreateSecret")),
    Row("secretsmanager", "delete_secret", {"SecretId": "db", "ForceDeleteWithoutRecovery": True},
        "delete_secret_now", "T3", SECRET, secrets("DeleteSecret")),
    Row("secretsmanager", "delete_secret", {"SecretId": "db", "RecoveryWindowInDays": 7}, "delete_secret", "T2",
        SECRET, secrets("DeleteSecret"), {"days": 7}),
    Row("secretsmanager", "restore_secret", {"SecretId": "db"}, "restore_secret", "T1", SECRET,
        secrets("RestoreSecret")),
    Row("secretsmanager", "rotate_secret", {"SecretId": "db", "RotateImmediately": True}, "rotate_secret", "T2",
        SECRET, secrets("RotateSecret"), {"now": True}),
    Row("secretsmanager", "put_resource_policy", {"SecretId": "db", "ResourcePolicy": POLICY}, "grant_secret", "T2",
        SECRET, secrets("PutResourcePolicy"), {"policy": json.loads(POLICY)}),
    Row("secretsmanager", "replicate_secret_to_regions",
        {"SecretId": "db", "AddReplicaRegions": [{"Region": "us-east-1"}]}, "replicate_secret", "T2", SECRET,
        secrets("ReplicateSecretToRegions"), {"regions": ["us-east-1"]}),
    Row("secretsmanager", "list_secrets", {}, "secretsmanager_read", "T0",
        "aws:secretsmanager/eu-west-1/secretsmanager.ListSecrets", secrets("ListSecrets", {}), {}, None),
    Row("secretsmanager", "tag_resource", {"SecretId": "db", "Tags": [{"Key": "k", "Value": "v"}]},
        "secretsmanager_write", "T2", "aws:secretsmanager/eu-west-1/secretsmanager.TagResource",
        secrets("TagResource"), {}, None, ["/Tags"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def sky() -> Iterator[tuple[Standin, Clients]]:
    with cloud() as found:
        yield found


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_call(row: Row, sky: tuple[Standin, Clients]) -> None:
    exchange = called(row, *sky)
    check(row, exchange)
    shown = repr(read(exchange, only(*MAPPINGS)).shown_body)
    assert "4111" not in shown
    assert "hunter" not in shown


def test_a_transaction_is_each_of_its_writes() -> None:
    rows = [
        {"Put": {"TableName": "orders", "Item": ITEM}},
        {"Delete": {"TableName": "carts", "Key": KEY}},
    ]
    with Standin("*.amazonaws.com", [dynamodb("TransactWriteItems")]) as aws, aws_clients(aws) as client:
        client("dynamodb").transact_write_items(TransactItems=rows)
        told = [
            {"action": "write_items", "tier": "T2", "target": of(f"table/{table}"), "blast_radius": 2}
            for table in ("orders", "carts")
        ]
        expect_each(aws.last, told, only(*MAPPINGS))


def test_an_answer_that_says_something_else_is_drift() -> None:
    other = Answer("", "", 200, {"TableDescription": {"TableName": "customers", "TableStatus": "DELETING"}})
    left = Answer("", "", 200, {"UnprocessedItems": {"orders": [{"DeleteRequest": {"Key": KEY}}]}})
    answers = [dynamodb("DeleteTable", GONE), dynamodb("BatchWriteItem")]
    with Standin("*.amazonaws.com", answers) as aws, aws_clients(aws) as client:
        client("dynamodb").delete_table(TableName="orders")
        assert verified(aws.last, only(*MAPPINGS), answer=other).result is Result.DRIFT
        client("dynamodb").batch_write_item(RequestItems={"orders": [{"DeleteRequest": {"Key": KEY}}]})
        assert verified(aws.last, only(*MAPPINGS), answer=left).result is Result.AMBIGUOUS


def test_tries_of_the_client_are_one_call() -> None:
    answers = [dynamodb("PutItem"), secrets("PutSecretValue")]
    with Standin("*.amazonaws.com", answers) as aws, aws_clients(aws) as client:
        aws.fail_next(503)
        client("dynamodb", retries=1).put_item(TableName="orders", Item=ITEM)
        rejoined(*aws.calls, mappings=only(*MAPPINGS))
        aws.calls.clear()
        aws.fail_next(500)
        client("secretsmanager", retries=1).put_secret_value(SecretId="db", SecretString="hunter3")
        client("secretsmanager").put_secret_value(SecretId="db", SecretString="hunter3")
        rejoined(*aws.calls, mappings=only(*MAPPINGS))


def test_an_account_in_the_name_of_the_host() -> None:
    (row,) = [row for row in ROWS if row.action == "grant_table"]
    with Standin("*.amazonaws.com", [row.answer]) as aws, aws_clients(aws) as client:
        client("dynamodb").put_resource_policy(**row.asks)
        assert aws.last.asked.host == "123456789012.ddb.eu-west-1.amazonaws.com"
        check(row, aws.last)
