"""The addon for what is said over WebSockets: refuse first, ask second, as the gate does with requests.

A message comes with its refusal; only a grant takes it off, and whatever is raised or hangs on the way leaves it there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from mitmproxy import http

from vienna_kernel.verdict import Reason
from vienna_proxy.answer.words import broke
from vienna_proxy.case import Case
from vienna_proxy.judge.consult import Grant
from vienna_proxy.judge.messages import Messages
from vienna_proxy.ports import UnavailableError
from vienna_proxy.transport.passage import PASSAGE
from vienna_proxy.transport.websocket import Message

log = structlog.get_logger()


class Sockets:
    """The addon.

    ``is_shut``: whether everything is refused. ``ended``: told the opening of each WebSocket that is no more, and
    what was wrong with its end.
    """

    name = "sockets"

    def __init__(
        self,
        messages: Messages,
        *,
        seconds: float,
        is_shut: Callable[[], bool],
        ended: Callable[[http.HTTPFlow, Case, Grant, Reason | None], None],
    ) -> None:
        self._messages = messages
        self._seconds = seconds
        self._is_shut = is_shut
        self._ended = ended

    async def agent_message(self, message: Message) -> None:
        """The agent says something."""
        try:
            case = message.flow.metadata.get(PASSAGE)
            if isinstance(case, Case) and not self._is_shut():
                async with asyncio.timeout(self._seconds):
                    await self._messages.judge(case, message)
        except Exception as error:
            broke("agent_message", error)

    async def message_ended(self, message: Message) -> None:
        """A message that was granted left, or did not."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._messages.ended(message)
        except UnavailableError as error:
            log.error("message.unrecorded", port=error.port)
        except Exception as error:
            broke("message_ended", error)

    async def conversation_ended(self, flow: http.HTTPFlow) -> None:
        """Nothing more is said."""
        case = flow.metadata.get(PASSAGE)
        if not isinstance(case, Case) or case.grant is None or case.grant.settled:
            return
        grant, grant.settled = case.grant, True
        case.account.returned_at = time.monotonic()
        reason: Reason | None = Reason.INTERNAL_ERROR
        try:
            async with asyncio.timeout(self._seconds):
                await self._messages.closes(case, grant)
            reason = None
        except UnavailableError:
            reason = Reason.AUDIT_UNAVAILABLE
        except Exception as error:
            broke("conversation_ended", error)
        finally:
            self._ended(flow, case, grant, reason)
