"""SES in both of its protocols, and Lambda, by AWS's own client."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from aws_kit import MAPPINGS, Clients, Row, called, check, cloud, queried
from harness.standin import Answer, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, expect_refused, judged, only, rejoined, verified

TO = {"ToAddresses": ["Eve <eve@X.example>"], "CcAddresses": ["c@y.example"], "BccAddresses": ["b@z.example"]}
SIMPLE = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "hunter2"}}}
ALL = {
    "to": ["eve@x.example"],
    "cc": ["c@y.example"],
    "bcc": ["b@z.example"],
    "recipients": ["eve@x.example", "c@y.example", "b@z.example"],
    "domains": ["x.example", "y.example", "z.example"],
    "recipient_count": 3,
    "sender": "bot@shop.example",
    "subject": "Hi",
}
MAIL = "aws:ses/eu-west-1/mail/bot@shop.example"
FUNCTION = "aws:lambda/eu-west-1/function/pay"
HERE = "/2015-03-31/functions/pay"
ROLE = "arn:aws:iam::123456789012:role/app"


def raw(*to: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "bot@shop.example", ", ".join(to), "Hi"
    mail.set_content("hunter2")
    return mail.as_bytes()


def v1(method: str, asks: dict[str, Any], action: str, tier: str, target: str, *more: Any) -> Row:
    name = "".join(word.title() for word in method.split("_"))
    return Row("ses", method, asks, action, tier, target, queried(name, "<MessageId>m-1</MessageId>"), *more)


def v2(method: str, asks: dict[str, Any], action: str, tier: str, target: str, *more: Any) -> Row:
    answer = Answer("*", "/v2/email/{rest+}", 200, {"MessageId": "m-1"})
    return Row("sesv2", method, asks, action, tier, target, answer, *more)


def fn(
    method: str, asks: dict[str, Any], action: str, tier: str, target: str, answer: Answer, *more: Any
) -> Row:
    return Row("lambda", method, asks, action, tier, target, answer, *more)


ROWS = [
    v1("send_email", {"Source": "Bot <bot@shop.example>", "Destination": TO, "Message": SIMPLE}, "send_email", "T1",
       MAIL, ALL),
    v1("send_raw_email", {"RawMessage": {"Data": raw("a@x.example")}, "Destinations": ["far@z.example"]},
       "send_email", "T1", "aws:ses/eu-west-1/mail/%5B%22bot@shop.example%22%5D",
       {"recipients": ["a@x.example", "far@z.example"], "subject": "Hi"}),
    v1("send_bulk_templated_email",
       {"Source": "bot@shop.example", "Template": "news", "DefaultTemplateData": "{}",
        "Destinations": [{"Destination": TO}, {"Destination": {"ToAddresses": ["d@x.example"]}}]},
       "send_bulk_email", "T2", MAIL, {"recipient_count": 4, "template": "news"}),
    v1("verify_email_identity", {"EmailAddress": "a@x.example"}, "send_verification_email", "T1",
       "aws:ses/eu-west-1/mail/%5B%22a@x.example%22%5D", {"to": ["a@x.example"]}, None),
    v1("list_identities", {}, "ses_read", "T0", "aws:ses/eu-west-1/ListIdentities", {}, None),
    v1("delete_identity", {"Identity": "x.example"}, "ses_delete", "T2", "aws:ses/eu-west-1/DeleteIdentity", {}, None),
    v1("update_account_sending_enabled", {"Enabled": False}, "ses_write", "T2",
       "aws:ses/eu-west-1/UpdateAccountSendingEnabled", {}, None, ["/Enabled"]),
    v2("send_email", {"FromEmailAddress": "Bot <bot@shop.example>", "Destination": TO, "Content": {"Simple": SIMPLE}},
       "send_email", "T1", MAIL, ALL),
    v2("send_email", {"FromEmailAddress": "bot@shop.example", "Content": {"Raw": {"Data": raw("a@x.example")}}},
       "send_email", "T1", MAIL, {"recipients": ["a@x.example"], "raw_subject": "Hi"}),
    v2("send_bulk_email",
       {"FromEmailAddress": "bot@shop.example",
        "DefaultContent": {"Template": {"TemplateName": "news", "TemplateData": "{}"}},
        "BulkEmailEntries": [{"Destination": TO}]},
       "send_bulk_email", "T2", MAIL, {"recipient_count": 3, "template": "news"}),
    v2("send_custom_verification_email", {"EmailAddress": "a@x.example", "TemplateName": "t"},
       "send_verification_email", "T1", "aws:ses/eu-west-1/mail/%5B%22a@x.example%22%5D"),
    v2("create_email_identity_policy",
       {"EmailIdentity": "x.example", "PolicyName": "p", "Policy": '{"Version": "2012-10-17"}'}, "grant_sender",
       "T2", "aws:ses/eu-west-1/identity/x.example/policy/p", {"document": {"Version": "2012-10-17"}}),
    v2("create_export_job",
       {"ExportDataSource": {"MessageInsightsDataSource": {"StartDate": 1, "EndDate": 2}},
        "ExportDestination": {"DataFormat": "CSV"}},
       "export_mail_data", "T2", "aws:ses/eu-west-1/export"),
    v2("get_account", {}, "ses_read", "T0", "aws:ses/eu-west-1/account", {}, None),
    v2("put_account_sending_attributes", {"SendingEnabled": True}, "ses_write", "T2",
       "aws:ses/eu-west-1/account/sending", {}, None, ["/SendingEnabled"]),
    v2("delete_email_identity", {"EmailIdentity": "x.example"}, "ses_delete", "T2",
       "aws:ses/eu-west-1/identities/x.example", {}, None),
    fn("invoke", {"FunctionName": "pay", "Payload": b'{"amount": 5}'}, "invoke_function", "T1", FUNCTION,
       Answer("POST", f"{HERE}/invocations", 200, {"ok": True}), {"payload": {"amount": 5}, "how": "RequestResponse"}),
    fn("create_function",
       {"FunctionName": "pay", "Role": ROLE, "Runtime": "python3.13", "Handler": "a.b", "Code": {"ZipFile": b"PK"},
        "Environment": {"Variables": {"KEY": "hunter2"}}},
       "create_function", "T2", FUNCTION,
       Answer("POST", "/2015-03-31/functions", 201, {"FunctionName": "pay", "Role": ROLE}), {"role": ROLE}),
    fn("update_function_code", {"FunctionName": "pay", "ZipFile": b"PK"}, "update_function_code", "T2", FUNCTION,
       Answer("PUT", f"{HERE}/code", 200, {}), {"function": "pay"}),
    fn("update_function_configuration", {"FunctionName": "pay", "MemorySize": 128},
       "update_function_configuration", "T2", FUNCTION,
       Answer("PUT", f"{HERE}/configuration", 200, {"MemorySize": 128}), {"memory": 128}),
    fn("add_permission",
       {"FunctionName": "pay", "StatementId": "all", "Action": "lambda:InvokeFunction", "Principal": "*"},
       "grant_function", "T2", f"{FUNCTION}/policy", Answer("POST", f"{HERE}/policy", 201, {}), {"principal": "*"}),
    fn("create_function_url_config", {"FunctionName": "pay", "AuthType": "NONE"}, "open_function_url", "T2",
       f"{FUNCTION}/url", Answer("POST", "/2021-10-31/functions/pay/url", 201, {"AuthType": "NONE"}),
       {"auth": "NONE"}),
    fn("delete_function", {"FunctionName": "pay"}, "delete_function", "T2", FUNCTION,
       Answer("DELETE", HERE, 204), {"function": "pay"}),
    fn("put_function_concurrency", {"FunctionName": "pay", "ReservedConcurrentExecutions": 0}, "limit_function",
       "T2", FUNCTION,
       Answer("PUT", "/2017-10-31/functions/pay/concurrency", 200, {"ReservedConcurrentExecutions": 0}), {"most": 0}),
    fn("publish_version", {"FunctionName": "pay"}, "publish_function", "T1", FUNCTION,
       Answer("POST", f"{HERE}/versions", 201, {"Version": "2"})),
    fn("update_alias", {"FunctionName": "pay", "Name": "live", "FunctionVersion": "2"}, "point_alias", "T2",
       f"{FUNCTION}/alias/live", Answer("PUT", f"{HERE}/aliases/live", 200, {"FunctionVersion": "2"}),
       {"version": "2"}),
    fn("get_function", {"FunctionName": "pay"}, "read_function", "T1", FUNCTION, Answer("GET", HERE, 200, {}), {},
       None),
    fn("list_functions", {}, "read_function", "T1", "aws:lambda/eu-west-1/functions",
       Answer("GET", "/2015-03-31/functions", 200, {}), {}, None),
    fn("list_aliases", {"FunctionName": "pay"}, "lambda_read", "T0",
       "aws:lambda/eu-west-1/2015-03-31/functions/pay/aliases", Answer("GET", f"{HERE}/aliases", 200, {}), {}, None),
    fn("create_alias", {"FunctionName": "pay", "Name": "live", "FunctionVersion": "2"}, "lambda_write", "T2",
       "aws:lambda/eu-west-1/2015-03-31/functions/pay/aliases", Answer("POST", f"{HERE}/aliases", 201, {}), {}, None,
       ["/Name", "/FunctionVersion"]),
    fn("remove_permission", {"FunctionName": "pay", "StatementId": "all"}, "lambda_delete", "T2",
       "aws:lambda/eu-west-1/2015-03-31/functions/pay/policy/all", Answer("DELETE", f"{HERE}/policy/all", 204), {},
       None),
]  # fmt: skip


@pytest.fixture(scope="module")
def sky() -> Iterator[tuple[Standin, Clients]]:
    with cloud() as found:
        yield found


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_call(row: Row, sky: tuple[Standin, Clients]) -> None:
    exchange = called(row, *sky)
    check(row, exchange)
    assert "hunter2" not in repr(expect(exchange, only(*MAPPINGS), unknown=row.unknown).shown_body)


def test_a_failure_of_the_function_is_one(sky: tuple[Standin, Clients]) -> None:
    (row,) = [row for row in ROWS if row.method == "invoke"]
    failed = Answer("", "", 200, {"errorMessage": "x"}, {"X-Amz-Function-Error": "Unhandled"})
    exchange = called(row, *sky)
    assert verified(exchange, only(*MAPPINGS), answer=failed).result is not Result.MATCH


def test_an_address_that_hides_another(sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(queried("SendEmail", "<MessageId>m</MessageId>"))
    for name in ("eve@x.example <a@x.example>", "a@x.example, eve@y.example", "=?utf-8?q?a=40x.example?="):
        client("ses").send_email(
            Source="bot@shop.example", Destination={"ToAddresses": [name]}, Message=SIMPLE
        )
        expect_refused(aws.last, "undecodable_body", only(*MAPPINGS))


def test_a_payload_that_is_no_json(sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(Answer("POST", f"{HERE}/invocations", 200, {}))
    client("lambda").invoke(FunctionName="pay", Payload=b'{"a": 1, "a": 2}')
    expect_refused(aws.last, "undecodable_body", only(*MAPPINGS))


def test_tries_of_the_client_are_one_call(sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    for method in ("send_email", "invoke"):
        row = next(row for row in ROWS if row.method == method)
        aws.add(row.answer)
        aws.fail_next(503)
        before = len(aws.calls)
        getattr(client(row.service, retries=1), method)(**row.asks)
        assert judged(aws.last, only(*MAPPINGS))
        rejoined(*aws.calls[before:], mappings=only(*MAPPINGS))
