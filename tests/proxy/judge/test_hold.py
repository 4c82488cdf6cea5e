"""Holding: how long which client bears it, and what wakes it."""

from __future__ import annotations

import pytest
from mitmproxy.test import tflow

from vienna_proxy.judge.hold import Caller, Held, Holds, Interim

AGENTS = {
    "python-httpx/0.28": 4,
    "PyGithub/Python": 14,
    "Python/3.13 slackclient/3.47": 29,
    "Boto3/1.44 md/Botocore#1": 59,
    "Stripe/v1 PythonBindings/16.1": 79,
    "OpenAI/Python 2.54": 599,
    "python-requests/2.32": 49,
    "kubectl/v1.32.2 (linux/amd64) kubernetes/67a30c0": 9_999,
    "": 49,
}


@pytest.mark.parametrize(("agent", "seconds"), AGENTS.items())
def test_patience_without_a_sign_of_life(agent: str, seconds: float) -> None:
    caller = Caller(agent, "HTTP/1.1")
    assert caller.patience_seconds(most=9_999, beating=False) == seconds
    assert caller.patience_seconds(most=3, beating=False) == 3
    assert caller.patience_seconds(most=600, beating=True) == 600


@pytest.mark.parametrize(
    ("agent", "version", "heartbeat", "beat"),
    [
        ("python-requests/2.32", "HTTP/1.1", "auto", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ("node", "HTTP/1.1", "auto", b"HTTP/1.1 102 Processing\r\n\r\n"),
        ("undici", "HTTP/1.1", "auto", b"HTTP/1.1 102 Processing\r\n\r\n"),
        ("kubectl/v1.32.2 (linux/amd64) kubernetes/67a30c0", "HTTP/1.1", "auto", None),
        ("Go-http-client/1.1", "HTTP/1.1", "auto", None),
        ("aws-sdk-go-v2/1.36 os/linux lang/go#1.22 md/GOOS#linux", "HTTP/1.1", "auto", None),
        ("OpenAI/Go 1.2", "HTTP/1.1", "auto", None),
        ("google-api-python-client/2", "HTTP/1.1", "auto", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ("curl/8", "HTTP/1.0", "auto", None),
        ("curl/8", "HTTP/1.1", "off", None),
    ],
)
def test_the_sign_of_life_a_client_bears(
    agent: str, version: str, heartbeat: str, beat: bytes | None
) -> None:
    assert Caller(agent, version).beat(heartbeat=heartbeat) == beat


@pytest.mark.parametrize(
    ("prefer", "seconds", "asynchronous"),
    [
        ("wait=5", 5, False),
        ("respond-async, wait=10", 10, True),
        ("respond-async", 600, True),
        ("return=minimal; foo", 600, False),
        ('wait="7"', 7, False),
        ("wait=99999", 600, False),
        ("not-respond-async", 600, False),
    ],
)
def test_what_a_caller_prefers(prefer: str, seconds: float, asynchronous: bool) -> None:
    caller = Caller("x", "HTTP/1.1", prefer)
    assert caller.patience_seconds(most=600, beating=True) == seconds
    assert caller.wants_async is asynchronous


def held(approval: str = "apr-1", since: int = 0) -> Held:
    return Held(tflow.tclient_conn(), approval, "int-1", None, since=since)


async def test_what_wakes_a_held_call() -> None:
    holds = Holds(Interim({}), most=lambda: 10)
    one, other = held(), held("apr-2")
    assert holds.add(one)
    assert holds.add(other)
    assert not await one.stirred(0.01)
    holds.wake("apr-1")
    assert await one.stirred(0.01)
    assert not await other.stirred(0.01)
    holds.wake_all()
    assert await one.stirred(0.01)
    assert await other.stirred(0.01)
    holds.hung_up(other.client)
    assert await other.stirred(0.01)
    assert other.gone
    assert not one.gone
    holds.release()
    assert one.released
    late = held("apr-3")
    assert holds.add(late)
    assert await late.stirred(0.01)
    assert late.released


async def test_a_decision_between_question_and_hold_is_not_lost() -> None:
    holds = Holds(Interim({}), most=lambda: 10)
    before = holds.mark()
    holds.wake("apr-1")
    late = held(since=before)
    holds.add(late)
    assert await late.stirred(0.01)
    known = held(since=holds.mark())
    holds.add(known)
    assert not await known.stirred(0.01)


async def test_the_cap() -> None:
    holds = Holds(Interim({}), most=lambda: 1)
    one = held()
    assert holds.add(one)
    assert not holds.add(held())
    holds.remove(one)
    holds.remove(one)
    assert holds.add(held())


async def test_interim_knows_who_is_gone() -> None:
    interim = Interim({})
    assert not interim.write(tflow.tclient_conn(), b"HTTP/1.1 100 Continue\r\n\r\n")
