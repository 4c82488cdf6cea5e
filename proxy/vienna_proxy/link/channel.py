"""The one stream to the control plane: questions with an id, answers that repeat it, and what it says unasked.

1. One WebSocket, opened again for ever, with growing pauses up to 2 s.
2. A question waits for its answer at most ``ANSWER_SECONDS``, being connected included; then nobody has decided and
   the caller refuses. A grant that comes too late is told to ``late``, because its warrant is consumed.
3. Nothing here decides. Frames are those of ``vienna_kernel.wire``; one that has no reading closes the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import structlog
from pydantic import ValidationError

from vienna_kernel.wire import (
    BundleChanged,
    Consult,
    Decision,
    Fault,
    FromGate,
    Hello,
    Recorded,
    Revoked,
    StopRow,
    Wake,
    Welcome,
    from_control,
)
from vienna_proxy.link.enrol import Control
from vienna_proxy.ports import UnavailableError
from vienna_proxy.transport.addresses import exempt

ANSWER_SECONDS = 1.5  # with what comes before and after, a refusal is told within two
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_HELLO_SECONDS = 5.0
_MAX_FRAME = 8 * 1024 * 1024
_LATE_KEPT = 1024

log = structlog.get_logger()

type Asked = Decision | Recorded | Fault


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom the channel tells. None of these raises; only ``unauthorised`` waits.

    Attributes:
        late: A decision came after its question was given up, with the question's attempt.
        connected: The stream is up; also the first time.
        unauthorised: The key was not accepted: enrol anew.
    """

    wake: Callable[[str], None]
    revoked: Callable[[list[str]], None]
    bundle: Callable[[str], None]
    stopped: Callable[[list[StopRow]], None]
    late: Callable[[Decision, str], None]
    welcome: Callable[[datetime], None]
    connected: Callable[[], None]
    unauthorised: Callable[[], Awaitable[None]]


class Channel:
    """The gate's end of the stream.

    Attributes:
        up: Set while the stream is open and welcomed.
    """

    def __init__(
        self,
        control: Control,
        listener: Listener,
        *,
        hello: Callable[[], Hello],
        key: Callable[[], str],
        answered: Callable[[str, float | None], None],
    ):
        """``answered``: told of each frame that was asked its kind and the seconds to its answer, None: none came."""
        self._control = control
        self._listener = listener
        self._hello = hello
        self._key = key
        self._answered = answered
        self._ids = 0
        self._waiting: dict[int, tuple[asyncio.Future[Asked], FromGate]] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._given_up: OrderedDict[int, str] = OrderedDict()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.up = asyncio.Event()

    def next_id(self) -> int:
        """Id for the next question."""
        self._ids += 1
        return self._ids

    async def ask(self, frame: FromGate, *, seconds: float = ANSWER_SECONDS) -> Asked:
        """The answer to one question, whose ``id`` is fresh. Raises ``UnavailableError`` when none comes in time."""
        answer: asyncio.Future[Asked] = asyncio.get_running_loop().create_future()
        self._waiting[frame.id] = (answer, frame)
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                await self._send(frame)  # when the stream is down, or goes down: asked again once it is up
                said = await answer
            self._answered(frame.t, time.monotonic() - began)
            return said
        except TimeoutError:
            self._answered(frame.t, None)
            if isinstance(frame, Consult):
                self._given_up[frame.id] = frame.attempt
                if len(self._given_up) > _LATE_KEPT:
                    self._given_up.popitem(last=False)
            raise UnavailableError("control", "no answer in time") from None
        finally:
            self._waiting.pop(frame.id, None)

    async def _send(self, frame: FromGate) -> None:
        if self._socket is not None:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.send_str(frame.model_dump_json())

    def tell(self, frame: FromGate) -> None:
        """Send without waiting for an answer; lost when the stream is down."""
        if self.up.is_set():
            task = asyncio.get_running_loop().create_task(self._send(frame))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def run(self) -> None:
        """Keep the stream open until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._converse()
                pause = _FIRST_PAUSE
            except aiohttp.WSServerHandshakeError as error:
                log.warning("channel.refused", status=error.status)
                if error.status in (401, 403):
                    await self._listener.unauthorised()
            except (aiohttp.ClientError, OSError, TimeoutError, ValidationError) as error:
                log.warning("channel.down", error=type(error).__name__)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, not a secret
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _converse(self) -> None:
        url = f"{self._control.base}/api/v1/sidecars/stream"
        headers = {"Authorization": f"Bearer {self._key()}"}
        with exempt():
            connecting = self._control.session.ws_connect(
                url, headers=headers, heartbeat=10.0, max_msg_size=_MAX_FRAME, autoping=True
            )
            async with asyncio.timeout(_HELLO_SECONDS):
                socket = await connecting
        try:
            await socket.send_str(self._hello().model_dump_json())
            async with asyncio.timeout(_HELLO_SECONDS):
                welcome = from_control.validate_json(await socket.receive_str())
            if not isinstance(welcome, Welcome):
                raise aiohttp.ClientError("no welcome")
            asked_before = list(self._waiting.values())  # whoever asks from here on sends for itself
            self._socket = socket
            self._take(welcome)
            self.up.set()
            log.info("channel.up", sidecar=welcome.sidecar_id)
            self._listener.connected()
            for _, frame in asked_before:
                await self._send(frame)
            await self._listen(socket)
        except TypeError:  # receive_str met something that is no text: the stream is closing
            pass
        finally:
            self.up.clear()
            self._socket = None
            await socket.close()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            self._take(from_control.validate_json(message.data))

    def _take(self, frame: Asked | Welcome | Wake | Revoked | BundleChanged) -> None:
        if isinstance(frame, Decision | Recorded | Fault):
            waiting = self._waiting.get(frame.id)
            if waiting is not None:
                if not waiting[0].done():
                    waiting[0].set_result(frame)
            elif (attempt := self._given_up.pop(frame.id, None)) is not None and isinstance(frame, Decision):
                self._listener.late(frame, attempt)
        elif isinstance(frame, Wake):
            self._listener.wake(frame.approval_id)
        elif isinstance(frame, Revoked):
            self._listener.revoked(frame.warrant_ids)
        elif isinstance(frame, BundleChanged):
            if frame.stops:
                self._listener.stopped(frame.stops)
            self._listener.bundle(frame.digest)
        else:
            self._listener.welcome(datetime.fromisoformat(frame.at))
            self._listener.bundle(frame.bundle)
