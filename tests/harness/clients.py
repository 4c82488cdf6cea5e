"""Real clients, unmodified: each an own process that knows the gate only by the environment, as an agent would.

A script prints one JSON line: what the program saw. ``CLIENTS`` names them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from harness.vienna import Vienna

_REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}
_URL = "https://payments.example/v1/refunds"

_CURL = [
    "curl", "--silent", "--show-error", "--json", json.dumps(_REFUND), "--write-out", "\n%{http_code}", _URL,
]  # fmt: skip

_PYTHON = {
    "requests": f"""
import json, requests
answer = requests.post({_URL!r}, json={_REFUND!r})
print(json.dumps({{"status": answer.status_code, "reason": answer.reason, "body": answer.json()}}))
""",
    "httpx": f"""
import json, httpx
answer = httpx.post({_URL!r}, json={_REFUND!r}, timeout=60)
print(json.dumps({{"status": answer.status_code, "reason": answer.reason_phrase, "body": answer.json()}}))
""",
    "aiohttp": f"""
import asyncio, json, os, ssl, aiohttp
async def main():
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.post({_URL!r}, json={_REFUND!r}, ssl=trust) as answer:
            print(json.dumps({{"status": answer.status, "reason": answer.reason, "body": await answer.json()}}))
asyncio.run(main())
""",
    "stripe": """
import json, os, stripe
stripe.proxy = os.environ["HTTPS_PROXY"]
stripe.ca_bundle_path = os.environ["SSL_CERT_FILE"]
stripe.max_network_retries = 2
client = stripe.StripeClient("sk_test_secret")
try:
    refund = client.v1.refunds.create({"charge": "ch_1", "amount": 500000})
    print(json.dumps({"status": 200, "body": {"amount": refund.amount, "status": refund.status}}))
except stripe.StripeError as error:
    print(json.dumps({"status": error.http_status, "body": {"message": str(error)}}))
""",
    "openai": """
import json, openai
client = openai.OpenAI(api_key="sk-secret")
ask = dict(model="gpt-test", messages=[{"role": "user", "content": "hi"}])
whole = client.chat.completions.create(**ask)
parts = [chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(stream=True, **ask)]
print(json.dumps({"status": 200, "body": {"text": whole.choices[0].message.content, "streamed": "".join(parts)}}))
""",
    "anthropic": """
import json, anthropic
client = anthropic.Anthropic(api_key="sk-secret")
ask = dict(model="claude-test", max_tokens=9, messages=[{"role": "user", "content": "hi"}])
whole = client.messages.create(**ask)
with client.messages.stream(**ask) as stream:
    streamed = "".join(stream.text_stream)
print(json.dumps({"status": 200, "body": {"text": whole.content[0].text, "streamed": streamed}}))
""",
}

CLIENTS = ("curl", *_PYTHON)
THINKING = ("openai", "anthropic")
REFUNDING = tuple(name for name in CLIENTS if name not in THINKING)


def start(name: str, vienna: Vienna) -> Client:
    """Start a client under ``vienna.environment()``."""
    command = _CURL if name == "curl" else [sys.executable, "-c", _PYTHON[name]]
    env = {key: value for key, value in vienna.environment().items() if key not in _NEVER}
    pipe = subprocess.PIPE
    return Client(name, subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True))


_NEVER = ("PYTHONPATH", "PYTHONSTARTUP")


class Client:
    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self.process = process

    def result(self, seconds: float = 60.0) -> dict[str, Any]:
        """``{"status", "body", "reason"?}`` as the program saw it. Errors: ``AssertionError`` with its last words."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise AssertionError(f"{self.name}: no answer in {seconds} s") from None
        assert self.process.returncode == 0, f"{self.name}: {err}"
        if self.name == "curl":
            body, _, status = out.rpartition("\n")
            return {"status": int(status), "body": json.loads(body)}
        return dict(json.loads(out.splitlines()[-1]))
