"""What unmodified clients make of a refusal: each raises its own error, and our sentence stands in it.

The gate is a process of its own, the control plane says no to everything, and no API is behind it: what a client hears,
it hears from us.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import github
import httplib2
import kubernetes
import openai
import pytest
import requests
import slack_sdk
import stripe
import yaml
from botocore.config import Config
from googleapiclient.discovery import build
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from harness.upstream import Answer, Received, Upstream
from vienna_kernel import wire

SAID = 'Denied by policy: "no <deletes> & no dumps". Do not retry this call. Ask your user.'
RAW = base64.urlsafe_b64encode(b"To: a@b.example\r\nSubject: s\r\n\r\nhi").decode()
CLUSTER = "kubernetes.default.svc"
TOOLS = "https://mcp.linear.app/mcp"
HOSTS = [
    CLUSTER, "mcp.linear.app", "api.github.com", "github.com", "slack.com", "api.stripe.com", "api.openai.com",
    "registry.npmjs.org", "pypi.org", "files.pythonhosted.org",
    "gmail.googleapis.com", "unmapped.example", "s3.eu-west-1.amazonaws.com",
    "bucket.s3.eu-west-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com", "iam.amazonaws.com",
    "dynamodb.eu-west-1.amazonaws.com", "email.eu-west-1.amazonaws.com", "lambda.eu-west-1.amazonaws.com",
    "secretsmanager.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com", "route53.amazonaws.com",
    "tools.example",
]  # fmt: skip
MAPPINGS = (
    *"aws_dynamodb aws_ec2 aws_iam aws_lambda aws_s3 aws_secretsmanager aws_ses aws_sesv2 github github_git".split(),
    *"github_graphql gmail kubernetes mcp npm openai pypi_read slack stripe toy_payments".split(),
)


@pytest.fixture(scope="module")
def mappings() -> tuple[str, ...]:
    return tuple(f"{name}.yaml" for name in MAPPINGS)


@pytest.fixture(scope="module")
def hosts() -> list[str]:
    return HOSTS


@pytest.fixture
def refusing(
    gate: Any, control: Any, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The control plane says no, this process has the gate for its proxy, and nothing may leave."""
    control.script = lambda fake, frame: (
        fake.refused(frame, hint=SAID) if isinstance(frame, wire.Consult) else None
    )
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, gate.proxy)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO"):
        monkeypatch.setenv(name, gate.process.ready["ca"])
    for name in ("NO_PROXY", "no_proxy", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "HOME": str(tmp_path),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield control
    assert upstream.received == []


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
    "google": ("HttpError", of_google),
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
    print(type(caught.value), caught.value)
    assert kind in [base.__name__ for base in type(caught.value).__mro__]
    assert plain(SAID) in plain(str(caught.value))
    assert len(refusing.heard(wire.Consult)) == 1


def plain(text: str) -> str:
    """Without what a client's own quoting adds."""
    return text.replace("\\", "").replace('"', "").replace("'", "")


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


def run(*command: str, **env: str) -> tuple[int, str]:
    """Exit code, and what a person sees."""
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed, and in CI it must be")
        pytest.skip(f"{name} is not installed")
    return path


def test_kubectl(refusing: Any, tmp_path: Path) -> None:
    ca = os.environ["SSL_CERT_FILE"]
    cluster = {"name": "c", "cluster": {"server": f"https://{CLUSTER}", "certificate-authority": ca}}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "users": [{"name": "u", "user": {"token": "t0ken"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    code, said = run(found("kubectl"), "delete", "namespace", "prod", "--wait=false", KUBECONFIG=str(file))
    print(said)
    assert code == 1
    assert f"Error from server (Forbidden): {SAID}" in said


def test_git(refusing: Any, control: Any, upstream: Upstream, tmp_path: Path) -> None:
    """Whatever is refused, the listing, the fetch or the push: git ends badly, and says why."""
    git, url = found("git"), "https://github.com/acme/shop"
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    repository = str(tmp_path / "repository")
    run(git, "init", "-q", "-b", "main", repository)
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    run(git, "-C", repository, *who, "commit", "-q", "--allow-empty", "-m", "x")

    code, said = run(git, "clone", url, str(tmp_path / "clone"), **quiet)
    assert (code, f"remote: {SAID}" in said) == (128, True), said

    upstream.answer("GET", "/acme/shop/info/refs", listing)
    control.script = but_listings
    code, said = run(git, "clone", url, str(tmp_path / "clone"), **quiet)
    assert (code, f"remote error: {SAID}" in said) == (128, True), said
    code, said = run(git, "-c", "protocol.version=0", "clone", url, str(tmp_path / "clone"), **quiet)
    assert (code, f"remote error: {SAID}" in said) == (128, True), said
    code, said = run(git, "-C", repository, "push", "--force", url, "main", **quiet)
    assert (code, f"[remote rejected] main -> main ({SAID})" in said) == (1, True), said
    assert {asked.method for asked in upstream.received} == {"GET"}
    upstream.received.clear()


def but_listings(fake: Any, frame: Any) -> Any:
    """No to everything but the listing of refs."""
    if isinstance(frame, wire.Consult) and "info/refs" not in frame.call.url:
        return fake.refused(frame, hint=SAID)
    return fake.grants(frame)


def listing(request: Received) -> Answer:
    """What a repository with one branch advertises."""
    service = request.target.partition("service=")[2]
    lines = [f"# service={service}\n", ""]
    if "version=2" in (request.header("git-protocol") or "") and service == "git-upload-pack":
        lines += ["version 2\n", "ls-refs\n", "fetch\n", ""]
    else:
        lines += ["1" * 40 + " refs/heads/main\0report-status side-band-64k multi_ack_detailed\n", ""]
    body = "".join(f"{len(line) + 4:04x}{line}" if line else "0000" for line in lines)
    return Answer(200, body.encode(), {"Content-Type": f"application/x-{service}-advertisement"})


def test_npm(refusing: Any, tmp_path: Path) -> None:
    npm = found("npm")
    settings = {
        "npm_config_cafile": os.environ["SSL_CERT_FILE"],
        "npm_config_userconfig": str(tmp_path / "npmrc"),
        "npm_config_cache": str(tmp_path / "cache"),
        "npm_config_registry": "https://registry.npmjs.org/",
        "npm_config_update_notifier": "false",
    }
    code, said = run(npm, "view", "left-pad", **settings)
    print(said)
    assert code == 1
    assert SAID in said


def test_pip(refusing: Any, tmp_path: Path) -> None:
    """Of a file it prints the reason phrase; why an index is closed only when it is asked to talk."""
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-cache-dir")
    way = ("--cert", os.environ["SSL_CERT_FILE"], "--proxy", os.environ["HTTPS_PROXY"], "-d", str(tmp_path))
    file = "https://files.pythonhosted.org/packages/x-1.0-py3-none-any.whl"
    code, said = run(*pip, "download", "--no-deps", *way, file)
    assert (code, "403 Client Error: Denied by Vienna: " in said) == (1, True), said
    code, said = run(*pip, "download", "-vv", *way, "--index-url", "https://pypi.org/simple", "x")
    assert (code, "403 Client Error: Denied by Vienna: " in said) == (1, True), said


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
