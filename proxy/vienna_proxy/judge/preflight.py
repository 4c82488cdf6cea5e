"""Reads that a mapping asks for, before anyone decides or afterwards: same origin, the agent's own credentials, a
warrant of their own.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import certifi
from mitmproxy import http
from yarl import URL

from vienna_kernel.call.request import Call
from vienna_kernel.decode import json
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.reading import NeedsPreflight
from vienna_kernel.value import Value
from vienna_kernel.verdict import Granted, Reason
from vienna_kernel.verification import Lookup, ResponseView
from vienna_proxy.answer.problem import Answer
from vienna_proxy.evidence.outcome import Outcomes
from vienna_proxy.judge.consult import Grant, LookedUp
from vienna_proxy.transport.next_hop import NextHop
from vienna_proxy.transport.translate import view

_SECONDS = 8.0
_MAX_BYTES = 1024 * 1024
_NOT_TAKEN = ("content-", "if-", "accept-encoding", "range", "idempotency-key", "prefer", "expect")


@dataclass(frozen=True, slots=True)
class Found:
    """What a read before a call told, decoded, and which read it was."""

    facts: Value
    lookup: LookedUp


def lookup_call(call: Call, needs: NeedsPreflight | Lookup) -> Call:
    """The read itself: the call's own headers, as far as they are not about its body."""
    path, _, query = needs.path.partition("?")
    return Call(
        method=needs.method,
        scheme=call.scheme,
        host=call.host,
        port=call.port,
        path=path,
        query=query,
        headers=tuple(line for line in call.headers if not line[0].startswith(_NOT_TAKEN)),
        body=b"",
    )


class Preflight:
    """Makes lookups over connections that the address guard judges like any other."""

    def __init__(self, outcomes: Outcomes, upstream_ca: Path | None, hop: NextHop | None = None) -> None:
        self._outcomes = outcomes
        self._hop = hop
        self._tls = ssl.create_default_context(cafile=certifi.where())
        if upstream_ca is not None:
            self._tls.load_verify_locations(cafile=upstream_ca)
        # The loop's own resolver is the guarded one.
        connector = aiohttp.TCPConnector(
            resolver=aiohttp.ThreadedResolver(), use_dns_cache=False, ssl=self._tls
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._session.close()

    async def read(self, grant: Grant) -> ResponseView | None:
        """The upstream's answer, its body None when it is too large; None when there is none to be had.

        The outcome is recorded either way. Raises ``UnavailableError`` when it cannot be.
        """
        call = grant.call
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in call.wire_headers()]
        url = URL(call.url, encoded=True)
        proxy = None if self._hop is None else self._hop.url
        introduced = {} if self._hop is None else self._hop.headers
        if call.scheme == "http":
            headers += introduced.items()
        try:
            async with self._session.request(
                call.method,
                url,
                headers=headers,
                allow_redirects=False,
                proxy=proxy,
                proxy_headers=introduced,
            ) as answer:
                content = await answer.content.read(_MAX_BYTES + 1)
                while len(content) <= _MAX_BYTES and (more := await answer.content.read(_MAX_BYTES)):
                    content += more
                response = _response(answer, content)
        except (aiohttp.ClientConnectionError, TimeoutError, OSError) as error:
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            await self._outcomes.failed(grant, sent=sent, message=str(error))
            return None
        except aiohttp.ClientError:
            await self._outcomes.failed(grant, sent=True, message="invalid response")
            return None
        verdict = await self._outcomes.buffered(grant, response, content)
        if not isinstance(verdict, Granted):
            return None
        seen = view(response, content, most=_MAX_BYTES)
        return seen if len(content) <= _MAX_BYTES else replace(seen, body=None)


def facts_of(seen: ResponseView | None) -> Value | None:
    """What the upstream said, decoded; None when it said nothing usable."""
    if seen is None or seen.body is None or not 200 <= seen.status < 300:
        return None
    try:
        return json.loads(seen.body)
    except MalformedError:
        return None


def unread(why: str, intent_id: str | None = None) -> Answer:
    """That the current state could not be read. ``why``: a sentence; ``intent_id``: of the read."""
    detail = f"The current state could not be read: {why}"
    return Answer(reason=Reason.PREFLIGHT_FAILED, detail=detail, intent_id=intent_id)


def why_unread(seen: ResponseView | None) -> str:
    """Why a read tells nothing, in words of ours."""
    if seen is None:
        return "there was no answer to be had."
    if not 200 <= seen.status < 300:
        return f"the answer was {seen.status}."
    return "the answer is too large." if seen.body is None else "the answer is no JSON with one reading."


def _response(answer: aiohttp.ClientResponse, content: bytes) -> http.Response:
    headers = http.Headers(answer.raw_headers)
    reason = (answer.reason or "").encode("latin-1", "replace")
    return http.Response(b"HTTP/1.1", answer.status, reason, headers, content, None, 0.0, 0.0)
