"""What unmodified clients make of a refusal: each raises its own error, and our sentence stands in it.

The gate is a process of its own, the control plane says no to everything, and no API is behind it: what a client hears,
it hears from us.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import Any

import anthropic
import boto3
import clickhouse_connect
import github
import httplib2
import kubernetes
import openai
import pytest
import requests
import sendgrid
import slack_sdk
import stripe
import twilio.rest
from botocore.config import Config
from google import genai
from googleapiclient.discovery import build
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from postgrest import SyncPostgrestClient

from harness.upstream import Answer, Received, Upstream
from refusal_kit import CLUSTER, SAID, plain
from vienna_kernel import wire

RAW = base64.urlsafe_b64encode(b"To: a@b.example\r\nSubject: s\r\n\r\nhi").decode()
TOOLS = "https://mcp.linear.app/mcp"


def aws(service: str) -> Any:
    return boto3.session.Session().client(service, config=Config(retries={"total_max_attempts": 1}))


AWS: dict[str, tuple[str, Callable[[], Any]]] = {
    "s3": ("AccessDenied", lambda: aws("s3").delete_object(Bucket="bucket", Key="k")),
    "ec2": ("UnauthorizedOperation", lambda: aws("ec2").terminate_instances(InstanceIds=["i-1"])),
    "iam": ("AccessDenied", lambda: aws("iam").delete_user(UserName="alice")),
    "ses": ("AccessDenied", lambda: aws("ses").delete_identity(Identity="a@b.example")),
    "sns, which no mapping names": (
        "AccessDenied",
        lambda: aws("sns").delete_topic(TopicArn="arn:aws:sns:x"),
    ),
    "route53, which no mapping names": ("AccessDenied", lambda: aws("route53").delete_hosted_zone(Id="Z1")),
    "dynamodb": ("AccessDeniedException", lambda: aws("dynamodb").delete_table(TableName="users")),
    "secretsmanager": ("AccessDeniedException", lambda: aws("secretsmanager").get_secret_value(SecretId="x")),
    "lambda": ("AccessDeniedException", lambda: aws("lambda").delete_function(FunctionName="f")),
    "sesv2": ("AccessDeniedException", lambda: aws("sesv2").delete_email_identity(EmailIdentity="b.example")),
}


@pytest.mark.parametrize("name", AWS)
def test_aws(refusing: Any, name: str) -> None:
    code, call = AWS[name]
    with pytest.raises(Exception, match="An error occurred") as caught:
        call()
    assert f"({code})" in str(caught.value)
    assert SAID in str(caught.value)
    assert len(refusing.heard(wire.Consult)) == 1


def of_stripe() -> Any:
    return stripe.StripeClient("sk_test", max_network_retries=2).v1.refunds.create({"charge": "ch_1"})


def of_kubernetes() -> Any:
    configuration = kubernetes.client.Configuration(host=f"https://{CLUSTER}")
    configuration.ssl_ca_cert = os.environ["SSL_CERT_FILE"]
    configuration.proxy = os.environ["HTTPS_PROXY"]
    with kubernetes.client.ApiClient(configuration) as client:
        return kubernetes.client.CoreV1Api(client).delete_namespace("prod")


def of_openai() -> Any:
    with openai.OpenAI(api_key="sk-x") as client:
        return client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "hi"}])


def of_anthropic() -> Any:
    with anthropic.Anthropic(api_key="sk-x") as client:
        return client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}])


def of_gemini() -> Any:
    with genai.Client(api_key="k") as client:
        return client.models.generate_content(model="gemini", contents="hi")


def of_clickhouse() -> Any:
    way = {"ca_cert": os.environ["SSL_CERT_FILE"], "https_proxy": os.environ["HTTPS_PROXY"]}
    return clickhouse_connect.get_client(host="clickhouse", secure=True, username="u", password="p", **way)


def of_postgrest() -> Any:
    with SyncPostgrestClient("https://abc.supabase.co/rest/v1") as client:
        return client.from_("orders").delete().eq("id", 1).execute()


def of_twilio() -> Any:
    client = twilio.rest.Client("AC" + "0" * 32, "t")
    return client.messages.create(to="+4912345678", from_="+4912345678", body="hi")


def of_sendgrid() -> Any:
    mail = sendgrid.Mail("a@b.example", "c@d.example", "s", "hi")
    return sendgrid.SendGridAPIClient("SG.x").send(mail)


def of_google() -> Any:
    trusting = httplib2.Http(ca_certs=os.environ["SSL_CERT_FILE"])  # its default was read at import
    with build("gmail", "v1", http=trusting, developerKey="k") as gmail:
        return gmail.users().messages().send(userId="me", body={"raw": RAW}).execute()


def hub(*, lazy: bool = False) -> github.Github:
    return github.Github(auth=github.Auth.Token("ghp_x"), retry=None, lazy=lazy)


def of_graphql() -> Any:
    return hub().requester.graphql_query(
        'mutation { deleteRef(input: {refId: "r"}) { clientMutationId } }', {}
    )


CLIENTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "slack": (
        "SlackApiError",
        lambda: slack_sdk.WebClient("xoxb-1").chat_postMessage(channel="C1", text="hi"),
    ),
    "stripe": ("PermissionError", of_stripe),
    "kubernetes": ("ApiException", of_kubernetes),
    "openai": ("PermissionDeniedError", of_openai),
    "anthropic": ("PermissionDeniedError", of_anthropic),
    "gemini": ("ClientError", of_gemini),
    "google": ("HttpError", of_google),
    "clickhouse": ("DatabaseError", of_clickhouse),
    "postgrest": ("APIError", of_postgrest),
    "twilio": ("TwilioRestException", of_twilio),
    "sendgrid, whose error has the body beside it": ("ForbiddenError", of_sendgrid),
    "github": ("GithubException", lambda: hub(lazy=True).get_repo("acme/shop").delete()),
    "github, GraphQL": ("GithubException", of_graphql),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_raises_its_own_error(refusing: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe, "ca_bundle_path", os.environ["SSL_CERT_FILE"])
    monkeypatch.setattr(stripe, "proxy", os.environ["HTTPS_PROXY"])
    kind, call = CLIENTS[name]
    with pytest.raises(Exception) as caught:  # noqa: PT011  # each has its own
        call()
    assert kind in [base.__name__ for base in type(caught.value).__mro__]
    said = f"{caught.value} {getattr(caught.value, 'body', '')}"
    assert plain(SAID) in plain(said)
    assert len(refusing.heard(wire.Consult)) == 1


def server(request: Received) -> Answer:
    """A server of MCP, of the version that is asked for, with one tool."""
    asked = request.json
    if "id" not in asked:
        return Answer(202)
    stateless = request.header("mcp-protocol-version") == "2026-07-28"
    beginning = {"capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}
    cached = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"} if stateless else {}
    tool = {"name": "create_issue", "inputSchema": {"type": "object"}}
    results = {
        "server/discover": {"supportedVersions": ["2026-07-28"], **beginning, **cached},
        "initialize": {"protocolVersion": asked.get("params", {}).get("protocolVersion"), **beginning},
        "tools/list": {"tools": [tool], **cached},
    }
    return Answer.json({"jsonrpc": "2.0", "id": asked["id"], "result": results[asked["method"]]})


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_tool_that_is_refused_is_told_to_the_model(
    refusing: Any, control: Any, upstream: Upstream, mode: str
) -> None:
    upstream.answer("*", "/mcp", Answer(405))
    upstream.answer("POST", "/mcp", server)
    closed = {"mcp_call_tool", "mcp_read_resource"}
    control.script = lambda fake, frame: (
        fake.refused(frame, hint=SAID)
        if isinstance(frame, wire.Consult) and frame.intents[0]["action"] in closed
        else fake.grants(frame)
    )
    async with Client(TOOLS, mode=mode) as client:
        await client.list_tools()
        result = await client.call_tool("create_issue", {"title": "x"})
        assert result.is_error
        assert SAID in result.content[0].text
        with pytest.raises(MCPError, match="Do not retry this call") as caught:
            await client.read_resource("issue://1")
    assert str(caught.value) == SAID
    assert {"tools/call", "resources/read"}.isdisjoint(
        asked.json["method"] for asked in upstream.to("POST") if asked.body
    )
    upstream.received.clear()


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_server_of_tools_that_may_not_be_reached(refusing: Any, mode: str) -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        async with Client(TOOLS, mode=mode):
            pass
    assert SAID in str(caught.value.exceptions)


def withheld(fake: Any, frame: Any) -> Any:
    """Yes to every call, no to every answer."""
    if isinstance(frame, wire.Outcome):
        return wire.Recorded(id=frame.id, withhold=True, hint=SAID)
    return fake.grants(frame)


@pytest.mark.parametrize("name", ["slack", "github, GraphQL", "github", "kubernetes"])
def test_an_answer_that_is_withheld_is_an_error(
    refusing: Any, control: Any, upstream: Upstream, name: str
) -> None:
    control.script = withheld
    good: dict[str, Any] = {"ok": True, "data": {"deleteRef": {"clientMutationId": "x"}}, "kind": "Namespace"}
    upstream.answer("*", "*", Answer.json(good))
    kind, call = CLIENTS[name]
    with pytest.raises(Exception) as caught:  # noqa: PT011  # each has its own
        call()
    assert kind in [base.__name__ for base in type(caught.value).__mro__]
    assert plain(SAID) in plain(str(caught.value))
    assert len(upstream.received) == 1
    upstream.received.clear()


@pytest.mark.parametrize("name", ["slack", "github, GraphQL", "kubernetes"])
def test_an_outcome_that_nobody_knows_is_an_error(
    refusing: Any, control: Any, upstream: Upstream, name: str
) -> None:
    control.script = type(control).grants
    upstream.answer("*", "*", Answer(200, b"{}", abort_after=1))
    kind, call = CLIENTS[name]
    with pytest.raises(Exception, match="Check what happened before a retry") as caught:
        call()
    assert kind in [base.__name__ for base in type(caught.value).__mro__]
    assert len(upstream.received) == 1
    upstream.received.clear()


RPC = {"jsonrpc": "2.0", "id": "a<b", "method": "eth_sendTransaction", "params": []}


def test_json_rpc_that_no_mapping_reads(refusing: Any) -> None:
    answer = requests.post("https://unmapped.example/rpc", json=RPC, timeout=30)
    answer.raise_for_status()
    told = answer.json()
    assert (told["id"], told["error"]["message"], "result" in told) == ("a<b", SAID, False)
    assert (answer.headers["vienna-decision"], answer.headers["vienna-reason"]) == ("denied", "policy_denied")


def test_a_client_that_prefers_not_to_wait(refusing: Any, control: Any) -> None:
    control.script = lambda fake, frame: fake.held(frame)
    answer = requests.post(
        "https://unmapped.example/rpc", json=RPC, headers={"Prefer": "respond-async"}, timeout=30
    )
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    assert answer.headers["location"] == answer.json()["instance"]
    assert (answer.headers["vienna-decision"], answer.headers["vienna-approval"]) == ("pending", "apr-1")


def test_a_host_that_may_not_be_reached_is_told_in_the_status_line(refusing: Any) -> None:
    with pytest.raises(requests.ConnectionError, match="Tunnel connection failed: 403 Denied by Vienna: "):
        requests.get("https://127.0.0.1/", timeout=30)


def test_an_answer_to_head_has_no_body(refusing: Any) -> None:
    """The next answer on the connection is read as one."""
    with requests.Session() as session:
        for _ in range(2):
            answer = session.head("https://unmapped.example/x", timeout=30)
            assert (answer.status_code, answer.content) == (403, b"")
            assert "no <deletes>" in answer.reason
        assert session.get("https://unmapped.example/x", timeout=30).json()["detail"] == SAID


def test_a_body_that_is_too_large_is_told_in_the_dialect_of_its_head(refusing: Any) -> None:
    with pytest.raises(Exception, match="ValidationError") as caught:
        aws("iam").create_policy(PolicyName="p", PolicyDocument="x" * 3 * 1024 * 1024)
    assert "larger than what can be inspected" in str(caught.value)
    assert refusing.heard(wire.Consult) == []
