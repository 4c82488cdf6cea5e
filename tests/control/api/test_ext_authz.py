"""A mesh asks: spoken to as Envoy speaks, byte for byte over a socket, and only 200 lets anything go."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gate_end import Gate, request
from people import People
from planes import AGENT_KEY, Control, key_of
from vienna_control.clock import FixedClock
from vienna_control.store.tables import consumptions, entries

HOST = "payments.example"
TICKETS = "/v1/tickets"
TICKET = {"subject": "late parcel"}
READ = "/v1/orders/ORD-1"


@dataclass
class Envoy:
    """The HTTP client of Envoy's filter: the original request behind the prefix, with what its configuration adds."""

    control: Control
    key: str | None
    forwards: str | None = "all"

    async def check(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        host: str = HOST,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> tuple[int, dict[str, str], Any]:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        lines = {
            "host": host,
            "x-request-id": "6f1c",
            "x-envoy-internal": "true",
            "x-forwarded-proto": "http",
            "x-envoy-expected-rq-timeout-ms": "15000",
            "authorization": "Bearer sk_canary_upstream",
            "user-agent": "python-requests/2.32",
            **({"content-type": "application/json", "x-envoy-auth-partial-body": "false"} if content else {}),
            **({"x-vienna-key": self.key} if self.key else {}),
            **({"x-vienna-forwards": self.forwards} if self.forwards else {}),
            **(headers or {}),
            "content-length": str(len(content)),
        }
        head = f"{method} /api/v1/ext-authz{target} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "connection: close\r\n\r\n"
        address, _, port = self.control.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(address, int(port))
        writer.write(head.encode("latin-1") + content)
        async with asyncio.timeout(60):
            answered = await reader.read()
        writer.close()
        start, _, rest = answered.partition(b"\r\n\r\n")
        first, *told = start.decode("latin-1").split("\r\n")
        named = {name.lower(): value for name, _, value in (line.partition(": ") for line in told)}
        return int(first.split()[1]), named, json.loads(rest) if rest else None


@pytest.fixture
def envoy(control: Control, bot: Gate) -> Envoy:
    return Envoy(control, bot.key)


async def test_what_a_rule_lets_go_goes_under_a_warrant_that_is_used(control: Control, envoy: Envoy) -> None:
    status, added, body = await envoy.check("GET", READ, headers={"Vienna_Trick": "1"})
    assert (status, body) == (200, None)
    _, answer, _ = await control.ask(
        "POST", "/api/v1/warrants/verify", key="operator", body={"token": added["vienna-warrant"]}
    )
    assert answer["data"]["consumed"] is True
    removed = set(added["x-envoy-auth-headers-to-remove"].split(","))
    assert {"vienna_trick", "x-vienna-key", "x-vienna-forwards"} <= removed
    assert "vienna-warrant" not in removed
    (row,) = (await control.ask("GET", "/api/v1/intents", key="viewer"))[1]["data"]["intents"]
    assert (row["method"], row["url"], row["grade"]) == ("GET", f"https://{HOST}{READ}", "intercepted")
    assert "sk_canary" not in json.dumps(answer) + json.dumps(row)


async def test_what_waits_for_people_is_told_to_come_again(envoy: Envoy, people: People) -> None:
    status, headers, body = await envoy.check("POST", TICKETS, TICKET)
    assert (status, body["error"]["code"]) == (403, "forbidden")
    details = body["error"]["details"]
    assert details["reason"] == "approval_pending"
    assert int(headers["retry-after"]) > 0
    again = await envoy.check(
        "POST", TICKETS, TICKET, headers={"x-request-id": "another", "x-envoy-attempt-count": "2"}
    )
    assert again[2]["error"]["details"]["approval_id"] == details["approval_id"]
    await people.approve("carol", details["approval_id"], otp=None)
    assert (await envoy.check("POST", TICKETS, {"subject": "another parcel"}))[0] == 403
    assert (await envoy.check("POST", TICKETS, TICKET))[0] == 200


async def test_it_waits_as_long_as_the_mesh_does(control: Control, envoy: Envoy, people: People) -> None:
    with control.app.bus.subscribe(("approval_required",)) as asked:
        waiting = asyncio.create_task(envoy.check("POST", TICKETS, TICKET, headers={"x-vienna-wait": "15"}))
        event = await anext(asked)
        await people.approve("carol", event.data["approval_id"], otp=None)
        assert (await waiting)[0] == 200
    assert (await envoy.check("GET", READ, headers={"x-vienna-wait": "1e3"}))[0] == 403


async def test_a_presented_warrant_is_used_once(
    control: Control, envoy: Envoy, bot: Gate, people: People
) -> None:
    target = bot.mapped(request("POST", f"https://{HOST}{TICKETS}", TICKET)).intents[0].target
    body = {
        "action": "create_ticket",
        "parameters": TICKET,
        "target": target,
        "mode": "passback",
    }
    _, answer, _ = await control.ask("POST", "/api/v1/agent/intent", key="agent", body=body)
    _, answer = await people.approve("carol", answer["data"]["approval"]["approval_id"], otp=None)
    intent = (await control.ask("GET", f"/api/v1/intents/{answer['data']['intent_id']}", key="agent"))[1][
        "data"
    ]
    token, warrant_id = intent["warrant"]["token"], intent["warrant"]["warrant_id"]
    shown = {"Vienna-Warrant": token}
    status, _, answer = await envoy.check("POST", TICKETS, {"subject": "another"}, headers=shown)
    assert (status, answer["error"]["details"]["reason"]) == (403, "warrant_scope")
    status, added, _ = await envoy.check("POST", TICKETS, TICKET, headers=shown)
    assert (status, added["vienna-warrant"]) == (200, token)
    used = await control.app.store.read(
        lambda conn: conn.scalar(select(consumptions.c.by).where(consumptions.c.warrant_id == warrant_id))
    )
    assert used.startswith("sidecar:")
    status, _, answer = await envoy.check("POST", TICKETS, TICKET, headers=shown)
    assert (status, answer["error"]["details"]["reason"]) == (403, "warrant_consumed")


async def test_what_cannot_be_seen_whole_does_not_leave(control: Control, envoy: Envoy) -> None:
    partial = {"x-envoy-auth-partial-body": "true"}
    assert (await envoy.check("POST", TICKETS, TICKET, headers=partial))[0] == 403
    for forwards in (None, "headers", "all\r\nx-vienna-forwards: all"):
        blind = Envoy(control, envoy.key, forwards)
        assert (await blind.check("GET", READ))[0] == 403, forwards
    told = await control.app.store.read(
        lambda conn: list(conn.scalars(select(entries.c.body).where(entries.c.type == "call_refused")))
    )
    assert b"malformed_request" in told[0]


TARGETS = (
    "/../health",
    "/../openapi.json",
    "/%2e%2e/openapi.json",
    "/..%2fopenapi.json",
    "//v1/orders/ORD-1",
    "/v1/./orders/ORD-1",
    "/v1/orders/%00",
    "",
    "*",
    "/../../../health",
    "/v1/orders/ORD-1#x",
)
HOSTS = ("169.254.169.254", "[::1]:80", "payments.example:x", "pay@ments", "", "a" * 300)


async def test_no_spelling_of_a_request_gets_another_answer_of_ours(envoy: Envoy) -> None:
    """A 200 of any other route would let the request go."""
    for target in TARGETS:
        assert (await envoy.check("GET", target))[0] in (400, 403, 404), target
    for host in HOSTS:
        assert (await envoy.check("GET", READ, host=host))[0] in (400, 403), host
    assert (await envoy.check("GET", READ))[0] == 200


async def test_only_a_gate_asks_and_says_so_in_its_own_header(
    control: Control, envoy: Envoy, clock: FixedClock
) -> None:
    for key, expected in ((None, 401), ("vos_side_k1_none", 401), (AGENT_KEY, 403), (key_of("ada"), 403)):
        assert (await Envoy(control, key).check("GET", READ))[0] == expected, key
    elsewhere = {"authorization": f"Bearer {envoy.key}"}
    assert (await Envoy(control, None).check("GET", READ, headers=elsewhere))[0] == 401
    status, _, body = await envoy.check("DELETE", "/v1/everything")
    assert (status, body["error"]["details"].get("retry_after")) == (403, None)
    clock.advance(timedelta(days=3))
    assert (await envoy.check("GET", READ))[0] == 401
