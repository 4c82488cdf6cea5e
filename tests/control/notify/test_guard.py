"""Where a channel may connect to: what a name resolves to is judged, and only that is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import pytest

from receivers import Receiver
from vienna_control.notify.guard import DestinationError, Guard
from vienna_control.notify.message import DeliveryError
from vienna_control.notify.web import Web, retry_after


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have names resolve to other addresses at each look-up, as a hostile name server would."""

    def to(*answers: Sequence[str]) -> list[str]:
        asked: list[str] = []

        async def getaddrinfo(host: Any, port: Any, **_: Any) -> Any:
            found = answers[min(len(asked), len(answers) - 1)]
            asked.append(str(host))
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        return asked

    return to


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "none",
    ],
)
def test_what_is_refused(address: str) -> None:
    assert not Guard().allows(address)


def test_a_network_that_is_allowed_opens_no_metadata_service() -> None:
    guard = Guard(["10.0.0.0/8", "169.254.0.0/16", "::/0"])
    assert guard.allows("10.1.2.3")
    assert not guard.allows("169.254.169.254")
    assert not guard.allows("::ffff:169.254.169.254")
    assert not guard.allows("192.168.0.1")


async def test_one_private_address_refuses_the_name(resolves: Any) -> None:
    resolves(["1.1.1.1", "127.0.0.1"])
    with pytest.raises(DestinationError):
        await Guard().resolve("hooks.example.com", 443)


async def test_it_connects_to_the_address_that_was_judged_and_looks_once(
    resolves: Any, service: Receiver
) -> None:
    port = service.url.rpartition(":")[2]
    asked = resolves(["127.0.0.1"], ["127.9.9.9"])
    web = Web(Guard(["127.0.0.1/32"]), plain=True)
    reply = await web.post(f"http://hooks.example.com:{port}/x", b"{}", {})
    assert reply.status == 200
    assert asked == ["hooks.example.com"]
    assert (await service.next()).headers["host"] == f"hooks.example.com:{port}"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://localhost/",
        "http://example.com/",
    ],
)
async def test_what_is_not_ours_to_call_is_given_up_at_once(url: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        await Web(Guard(), plain=False).post(url, b"{}", {})
    assert caught.value.final
    assert "127" not in caught.value.why


async def test_no_answer_in_time_is_tried_again(service: Receiver) -> None:
    service.stall = "/slow"
    with pytest.raises(DeliveryError, match="no answer in time") as caught:
        await Web(Guard(["127.0.0.0/8"]), plain=True, seconds=0.1).post(f"{service.url}/slow", b"{}", {})
    assert not caught.value.final


def test_retry_after() -> None:
    assert retry_after("30") == 30
    assert retry_after("999999") == 3600
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("soon") is None
    assert retry_after(None) is None
