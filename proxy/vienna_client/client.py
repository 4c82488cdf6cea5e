"""The two shells that speak to a control plane: synchronous and asynchronous. What they say is in ``protocol``.

Behind a sidecar they need neither address nor key: ``http://vienna.internal`` is answered by the gate, with the
sidecar's identity. Elsewhere: ``VIENNA_URL`` and ``VIENNA_API_KEY``, or the arguments.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx

from vienna_client import protocol
from vienna_client.errors import UnreachableError, ViennaError
from vienna_client.events import Event, Parser, parse
from vienna_client.intent import Answer
from vienna_client.protocol import Conversation, Request

SIDECAR_URL = "http://vienna.internal"
_UNIX = "unix://"


class _Settings:
    """Where to and as whom."""

    def __init__(
        self, url: str | None, api_key: str | None, timeout_seconds: float, *, use_proxy: bool
    ) -> None:
        self.url = (url or os.environ.get("VIENNA_URL") or SIDECAR_URL).rstrip("/")
        self.key = api_key if api_key is not None else os.environ.get("VIENNA_API_KEY")
        self.timeout_seconds = timeout_seconds
        self.use_proxy = use_proxy

    def options(self) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return {
            "base_url": "http://localhost" if self.url.startswith(_UNIX) else self.url,
            "headers": headers,
            "timeout": self.timeout_seconds,
            "trust_env": self.use_proxy,
        }

    @property
    def socket(self) -> str | None:
        """Path of the Unix socket, for ``unix:///path``."""
        return self.url[len(_UNIX) :] if self.url.startswith(_UNIX) else None

    def arguments(self, request: Request) -> dict[str, Any]:
        return {
            "method": request.method,
            "url": request.url,
            "params": request.params,
            "json": request.json,
            "timeout": self.timeout_seconds + request.patience_seconds,
        }

    def stream(self, last_event_id: str) -> dict[str, Any]:
        headers = {"Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        timeout = httpx.Timeout(self.timeout_seconds, read=None)
        return {"method": "GET", "url": "/api/v1/events", "headers": headers, "timeout": timeout}

    def unreachable(self, error: Exception) -> UnreachableError:
        return UnreachableError(self.url, f"{type(error).__name__}: {error}".rstrip(": "))


class ViennaClient:
    """Speaks to one control plane, or to the sidecar in front of this process.

    Every method raises ``ViennaError`` for an error the control plane reports and ``UnreachableError`` when
    nothing answers.

    Args:
        url: ``http(s)://…`` or ``unix:///path``. None: ``VIENNA_URL``, else the sidecar.
        api_key: None: ``VIENNA_API_KEY``. Behind a sidecar none is needed.
        timeout_seconds: For one exchange; a long-poll adds its own time.
        use_proxy: Whether the proxy variables of the environment count. Only behind a sidecar they should.
        transport: Another httpx transport, for tests.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 10.0,
        use_proxy: bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = _Settings(url, api_key, timeout_seconds, use_proxy=use_proxy)
        if transport is None and self._settings.socket:
            transport = httpx.HTTPTransport(uds=self._settings.socket)
        self._http = httpx.Client(transport=transport, **self._settings.options())

    @property
    def url(self) -> str:
        return self._settings.url

    def __enter__(self) -> ViennaClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None
    ) -> Any:
        """``data`` of any endpoint; ``path`` below ``/api/v1``."""
        return self._send(Request(method, path, params, json))

    def download(self, path: str, *, patience_seconds: float = 60.0) -> bytes:
        """What an endpoint answers that has no envelope; ``path`` below ``/api/v1``."""
        sent = self._settings.arguments(Request("GET", path, patience_seconds=patience_seconds))
        try:
            response = self._http.request(**sent)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self._settings.unreachable(error) from error
        if response.status_code != 200:
            protocol.read(response.status_code, response.content, url=self.url)
        return response.content

    def submit(self, action: str, parameters: Mapping[str, Any], **more: Any) -> Answer:
        """Submits an intent. ``more``: any further field of it (``target``, ``mode``, ``justification``, …)."""
        return protocol.answer(self._send(protocol.submission(action, parameters, more)))

    def wait(self, intent_id: str, *, timeout_seconds: float = 600.0) -> Answer:
        """The intent once it is decided, or as it stands when the time is over."""
        return self._converse(protocol.waiting(intent_id, timeout_seconds))

    def ask(
        self, action: str, parameters: Mapping[str, Any], *, timeout_seconds: float = 600.0, **more: Any
    ) -> Answer:
        """``submit``, then ``wait`` when people have to decide. ``answer.text`` is for the model."""
        return self._converse(protocol.asking(protocol.submission(action, parameters, more), timeout_seconds))

    def intent(self, intent_id: str) -> Any:
        """One intent with its decision, approval, warrant, execution and verification."""
        return self._send(Request("GET", f"/intents/{intent_id}"))

    def report(self, warrant_id: str, *, success: bool, **more: Any) -> Any:
        """Reports the outcome of an action performed under a warrant; the same report again changes nothing."""
        return self._send(protocol.report(warrant_id, success=success, more=more))

    def verify(self, token: str, **more: Any) -> Any:
        """Whether a warrant holds, and for the given ``action``, ``target``, ``parameters`` or request digest."""
        return self._send(Request("POST", "/warrants/verify", json={"token": token, **more}))

    def events(self, *, last_event_id: str = "") -> Iterator[Event]:
        """Events as they happen, until the connection ends."""
        try:
            with self._http.stream(**self._settings.stream(last_event_id)) as response:
                if response.status_code != 200:
                    protocol.read(response.status_code, response.read(), url=self.url)
                yield from parse(response.iter_lines())
        except httpx.TransportError as error:
            raise self._settings.unreachable(error) from error

    def _converse(self, conversation: Conversation) -> Answer:
        data: Any = None
        while True:
            try:
                request = conversation.send(data)
            except StopIteration as end:
                return _result(end)
            data = self._send(request)

    def _send(self, request: Request) -> Any:
        if request.pause_seconds:
            time.sleep(request.pause_seconds)
        try:
            response = self._http.request(**self._settings.arguments(request))
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self._settings.unreachable(error) from error
        return protocol.read(response.status_code, response.content, url=self.url)


class AsyncViennaClient:
    """``ViennaClient`` with ``await`` in front of everything that is sent."""

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 10.0,
        use_proxy: bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = _Settings(url, api_key, timeout_seconds, use_proxy=use_proxy)
        if transport is None and self._settings.socket:
            transport = httpx.AsyncHTTPTransport(uds=self._settings.socket)
        self._http = httpx.AsyncClient(transport=transport, **self._settings.options())

    @property
    def url(self) -> str:
        return self._settings.url

    async def __aenter__(self) -> AsyncViennaClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None
    ) -> Any:
        """``data`` of any endpoint; ``path`` below ``/api/v1``."""
        return await self._send(Request(method, path, params, json))

    async def submit(self, action: str, parameters: Mapping[str, Any], **more: Any) -> Answer:
        """As ``ViennaClient.submit``."""
        return protocol.answer(await self._send(protocol.submission(action, parameters, more)))

    async def wait(self, intent_id: str, *, timeout_seconds: float = 600.0) -> Answer:
        """As ``ViennaClient.wait``."""
        return await self._converse(protocol.waiting(intent_id, timeout_seconds))

    async def ask(
        self, action: str, parameters: Mapping[str, Any], *, timeout_seconds: float = 600.0, **more: Any
    ) -> Answer:
        """As ``ViennaClient.ask``."""
        return await self._converse(
            protocol.asking(protocol.submission(action, parameters, more), timeout_seconds)
        )

    async def intent(self, intent_id: str) -> Any:
        """As ``ViennaClient.intent``."""
        return await self._send(Request("GET", f"/intents/{intent_id}"))

    async def report(self, warrant_id: str, *, success: bool, **more: Any) -> Any:
        """As ``ViennaClient.report``."""
        return await self._send(protocol.report(warrant_id, success=success, more=more))

    async def verify(self, token: str, **more: Any) -> Any:
        """As ``ViennaClient.verify``."""
        return await self._send(Request("POST", "/warrants/verify", json={"token": token, **more}))

    async def events(self, *, last_event_id: str = "") -> AsyncIterator[Event]:
        """As ``ViennaClient.events``."""
        parser = Parser()
        try:
            async with self._http.stream(**self._settings.stream(last_event_id)) as response:
                if response.status_code != 200:
                    protocol.read(response.status_code, await response.aread(), url=self.url)
                async for line in response.aiter_lines():
                    event = parser.feed(line)
                    if event is not None:
                        yield event
        except httpx.TransportError as error:
            raise self._settings.unreachable(error) from error

    async def _converse(self, conversation: Conversation) -> Answer:
        data: Any = None
        while True:
            try:
                request = conversation.send(data)
            except StopIteration as end:
                return _result(end)
            data = await self._send(request)

    async def _send(self, request: Request) -> Any:
        if request.pause_seconds:
            await asyncio.sleep(request.pause_seconds)
        try:
            response = await self._http.request(**self._settings.arguments(request))
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self._settings.unreachable(error) from error
        return protocol.read(response.status_code, response.content, url=self.url)


def _result(end: StopIteration) -> Answer:
    result = end.value
    if not isinstance(result, Answer):
        raise ViennaError("internal", "the conversation ended without an answer", status=0)
    return result
