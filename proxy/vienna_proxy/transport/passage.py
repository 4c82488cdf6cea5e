"""What the gate and the transport tell each other about one flow, and the memory all bodies share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from mitmproxy import http
from mitmproxy.proxy import events

from vienna_kernel.verdict import Reason, Refused

PASSAGE = "vienna"


class Stopped(events.MessageInjected[tuple[int, str]]):
    """The agent was stopped: what goes on in this flow ends. ``message``: code and reason of a WebSocket's close."""


class Meter:
    """Bytes of request bodies in memory, all calls together."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0


@dataclass(slots=True, eq=False)
class Terms:
    """What holds for one WebSocket, and how it went.

    Attributes:
        most_said, most_heard: Bytes of one message of the agent, of the upstream.
        most_all: Bytes of all messages of the upstream together; None: any number.
        tap: Sees each message of the upstream.
        passed: Bytes of the upstream's messages so far.
        cut: They were more than ``most_all``.
        broken: The upstream hung up, or spoke no WebSocket.
        agent_gone: The agent hung up.
    """

    most_said: int
    most_heard: int
    most_all: int | None
    tap: Callable[[bytes], object]
    passed: int = 0
    cut: bool = False
    broken: bool = False
    agent_gone: bool = False


@dataclass(slots=True, eq=False)
class Passage:
    """What the gate tells the transport about one flow, and the transport the gate; ``flow.metadata[PASSAGE]``.

    Attributes:
        body_limit: Most bytes of the request body.
        keep_limit: Response bytes kept in memory; above them the gate is asked again. None: all.
        answered: The gate's refusal stands already; no body is judged any more.
        sent: The request left, or may have.
        overflow: The response is larger than ``keep_limit``.
        pass_limit: Most bytes of the response that pass as a stream; None: any number.
        passed: Bytes of the response that came while it streamed.
        cut: They were more than ``pass_limit``, and the stream was ended for it.
        terms: Of the WebSocket that this call has opened; None: none.
        stopped: Why it may not leave any more, or was cut off; None: it was not stopped.
    """

    meter: Meter
    body_limit: int
    keep_limit: int | None = None
    answered: bool = False
    sent: bool = False
    overflow: bool = False
    pass_limit: int | None = None
    passed: int = 0
    cut: bool = False
    terms: Terms | None = None
    stopped: Reason | None = None
    received: int = 0
    taken: int = field(default=0)

    def take(self, count: int) -> Refused | None:
        """Count body bytes; why there are too many."""
        self.received += count
        if self.received > self.body_limit:
            return Refused(Reason.BODY_TOO_LARGE, f"the body is larger than {self.body_limit} bytes")
        if self.meter.taken + count > self.meter.most:
            return Refused(Reason.BODY_TOO_LARGE, "too many request bodies are in memory; try again later")
        self.meter.taken += count
        self.taken += count
        return None

    def release(self) -> None:
        """The body is not needed any more. Harmless when repeated."""
        self.meter.taken -= self.taken
        self.taken = 0

    def __del__(self) -> None:
        self.release()


def passage_of(flow: http.HTTPFlow) -> Passage | None:
    return cast("Passage | None", flow.metadata.get(PASSAGE))
