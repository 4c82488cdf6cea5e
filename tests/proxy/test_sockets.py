"""The addon for WebSockets in mitmproxy's own addon manager: whatever breaks, a message stays refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import addonmanager, hooks, options
from mitmproxy.master import Master
from mitmproxy.test import tflow

from vienna_proxy.case import Case
from vienna_proxy.ports import UnavailableError
from vienna_proxy.sockets import Sockets
from vienna_proxy.transport.passage import PASSAGE, Meter
from vienna_proxy.transport.websocket import (
    REFUSED,
    AgentMessageHook,
    ConversationEndedHook,
    Message,
    MessageEndedHook,
)


class Failing:
    """``Messages`` that fail in the way a test wants."""

    def __init__(self, fail: Callable[[], Any]) -> None:
        self._fail = fail

    async def judge(self, case: Case, message: Message) -> None:
        found = self._fail()
        await found if asyncio.iscoroutine(found) else None

    async def ended(self, message: Message) -> None:
        self._fail()

    async def closes(self, *_: Any) -> None:
        self._fail()


def raises(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def deep() -> Any:
    return deep()


FAILURES: dict[str, Callable[[], Any]] = {
    "raises": raises(RuntimeError("broken")),
    "recursion": deep,
    "memory": raises(MemoryError()),
    "unavailable": raises(UnavailableError("spool", "full")),
    "nothing": lambda: None,
    "hangs": lambda: asyncio.sleep(3600),
}


def said() -> Message:
    flow = tflow.tflow(resp=True)
    flow.metadata[PASSAGE] = Case(Meter(100), 100)
    return Message(flow, b"{}", is_text=True)


async def meet(fail: Callable[[], Any], hook: hooks.Hook, *, shut: bool = False) -> None:
    messages: Any = Failing(fail)
    addon = Sockets(messages, seconds=0.05, is_shut=lambda: shut, ended=lambda _: None)
    manager = addonmanager.AddonManager(Master(options.Options()))
    manager.add(addon)
    await manager.handle_lifecycle(hook)


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_message_stays_refused(failure: str) -> None:
    message = said()
    await meet(FAILURES[failure], AgentMessageHook(message))
    assert message.granted is None
    assert message.refusal == (REFUSED, "internal_error: the gate failed and refused")


async def test_a_gate_that_is_shut_asks_nobody() -> None:
    message = said()

    def grant() -> None:
        message.granted = b"{}"

    await meet(grant, AgentMessageHook(message), shut=True)
    assert message.granted is None


@pytest.mark.parametrize("failure", sorted(set(FAILURES) - {"hangs"}))
async def test_what_cannot_be_recorded_breaks_nothing_else(failure: str) -> None:
    message = said()
    await meet(FAILURES[failure], MessageEndedHook(message))
    await meet(FAILURES[failure], ConversationEndedHook(message.flow))
