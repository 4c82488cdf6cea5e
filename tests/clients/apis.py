"""What answers behind the gate: as much of each API as its client needs to be content."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import parse_qs

from harness.upstream import Answer, Received, Responder, Upstream

HOSTS = [
    "payments.example",
    "api.openai.com",
    "api.anthropic.com",
    "generativelanguage.googleapis.com",
    "api.stripe.com",
    "api.github.com",
    "github.com",
    "slack.com",
    "kubernetes.default.svc",
    "pypi.org",
    "files.pythonhosted.org",
    "registry.npmjs.org",
    "shop.s3.eu-west-1.amazonaws.com",
]


def serve(upstream: Upstream, repositories: Path) -> None:
    """Teach an upstream what ``harness.apis`` does not know. ``repositories``: bare ones, by ``owner/name.git``."""
    upstream.answer("*", "*", _git(repositories), host="github.com")
    upstream.answer("*", "*", _gemini, host="generativelanguage.googleapis.com")
    upstream.answer("*", "*", _slack, host="slack.com")
    upstream.answer("*", "*", _kubernetes, host="kubernetes.default.svc")
    upstream.answer("*", "*", _index, host="pypi.org")
    upstream.answer("*", "*", _wheel, host="files.pythonhosted.org")
    upstream.answer("*", "*", _npm, host="registry.npmjs.org")
    upstream.answer("*", "*", Answer(204), host="*.amazonaws.com")


def _git(repositories: Path) -> Responder:
    def answer(asked: Received) -> Answer:
        path, _, query = asked.target.partition("?")
        told = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "bot",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": asked.method,
            "CONTENT_TYPE": asked.header("content-type") or "",
            "CONTENT_LENGTH": str(len(asked.body)),
            "HTTP_CONTENT_ENCODING": asked.header("content-encoding") or "",
            "GIT_PROTOCOL": asked.header("git-protocol") or "",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=asked.body, env=told, capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(lines.pop("Status", "200").split(" ")[0])
        return Answer(status, body, lines)

    return answer


def _gemini(asked: Received) -> Answer:
    content = {"role": "model", "parts": [{"text": "Hello there"}]}
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    return Answer.json(
        {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}
    )


def _slack(asked: Received) -> Answer:
    said = (
        asked.json if asked.body[:1] == b"{" else {k: v[0] for k, v in parse_qs(asked.body.decode()).items()}
    )
    return Answer.json({"ok": True, "channel": said["channel"], "ts": "1.2"})


_CONFIGMAPS = {
    "name": "configmaps",
    "singularName": "configmap",
    "namespaced": True,
    "kind": "ConfigMap",
    "verbs": ["create", "delete", "get", "list"],
}


def _kubernetes(asked: Received) -> Answer:
    known = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [_CONFIGMAPS]},
    }
    if asked.method == "DELETE":
        details = {"name": asked.path.rpartition("/")[2], "kind": "configmaps"}
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }
        return Answer.json(status)
    return Answer.json(known[asked.path]) if asked.path in known else Answer.json({}, 404)


def _index(asked: Received) -> Answer:
    name = asked.path.strip("/").rpartition("/")[2]
    file = f"{name}-1.0-py3-none-any.whl"
    page = f'<html><body><a href="https://files.pythonhosted.org/packages/{file}">{file}</a></body></html>'
    return Answer(200, page.encode(), {"Content-Type": "text/html"})


def _wheel(asked: Received) -> Answer:
    name = asked.path.rpartition("/")[2].partition("-")[0]
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file, text in files.items():
            archive.writestr(f"{name}-1.0.dist-info/{file}", text)
    return Answer(200, packed.getvalue(), {"Content-Type": "application/octet-stream"})


def _npm(asked: Received) -> Answer:
    if asked.method == "PUT":
        return Answer.json({"ok": True, "id": json.loads(asked.body)["_id"]})
    return Answer.json({"error": "not found"}, 404)
