"""``vienna roster``: what a gate pins, written out and verified; offline, and against an answer that was kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from passkey_kit import Authenticator, member, roster, signed
from vienna_kernel.consent.roster import Quorum
from vienna_kernel.intent import Tier

A, B, MALLORY = (Authenticator() for _ in range(3))
FIRST = roster(member(A, "op-a", "finance"), member(B, "op-b"), quorum={Tier.T2: Quorum(2, ("finance",))})
SECOND = roster(
    *FIRST.members, version=2, previous=FIRST.digest, quorum={Tier.T2: Quorum(2)}, made_at=FIRST.made_at
)
CHAIN = [signed(FIRST, A, B).to_json(), signed(SECOND, A, B).to_json()]
ANSWER = {"version": 2, "digest": SECOND.digest, "roster": SECOND.to_json(), "chain": CHAIN}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """What answers ``GET /roster`` as the control plane does."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"success": True, "data": ANSWER, "error": None}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def written(folder: Path, name: str, data: Any) -> str:
    (folder / name).write_text(json.dumps(data))
    return name


def test_it_is_shown_exported_and_verified(cli: Any, url: str) -> None:
    cli.environ |= {"VIENNA_URL": url, "VIENNA_API_KEY": "k"}
    shown = cli("roster", "show")
    assert SECOND.digest in shown.stderr
    assert "finance" in shown.stdout
    done = cli("roster", "export", "pin.json", "--version", "1", "-o", "json")
    assert json.loads(done.stdout)["digest"] == FIRST.digest
    assert json.loads((cli.folder / "pin.json").read_text()) == CHAIN[0]
    found = cli("roster", "verify", "pin.json", "-o", "json")
    assert (found.returncode, json.loads(found.stdout)["version"]) == (0, 2)


FORGED = signed(roster(*FIRST.members, version=2, previous=FIRST.digest, threshold=1), MALLORY, B).to_json()


@pytest.mark.parametrize(
    ("pin", "chain", "code"),
    [
        (CHAIN[0], CHAIN, 0),
        (CHAIN[1], CHAIN, 0),
        (CHAIN[1], CHAIN[:1], 5),
        (CHAIN[0], [CHAIN[0], FORGED], 5),
        (CHAIN[0], [{}], 5),
        ({}, CHAIN, 5),
        (signed(FIRST, A).to_json(), CHAIN, 5),
    ],
    ids=[
        "from the first",
        "from the newest",
        "back",
        "forged",
        "no chain",
        "no pin",
        "a first that few signed",
    ],
)
def test_what_follows_offline(cli: Any, pin: Any, chain: Any, code: int) -> None:
    arguments = (
        written(cli.folder, "pin.json", pin),
        "--chain",
        written(cli.folder, "c.json", {"chain": chain}),
    )
    done = cli("roster", "verify", *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
