"""Reads that mappings ask for once a call was answered: what became of it, in the upstream's own words.

1. A read-back is a call like any other: same origin, the agent's own credentials, asked about, warranted, recorded.
2. What it changes is told to the control plane as the call's outcome once more.
3. It runs after the agent has its answer, unless the mapping has the agent wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from vienna_kernel.call.request import Call
from vienna_kernel.verdict import Granted
from vienna_kernel.verification import Lookup, ResponseView, settled, verify_readback
from vienna_kernel.wire import Reread
from vienna_proxy.answer.problem import Answer
from vienna_proxy.evidence.outcome import Outcomes
from vienna_proxy.judge.consult import Grant
from vienna_proxy.judge.preflight import lookup_call

MOST_WAITING = 1000
"""Calls that are to be read back later; what is more is told of as not read."""

_MOST_PATIENCE_SECONDS = 30.0  # an agent that waits does not wait longer than most clients do

type Look = Callable[[Call], Awaitable[tuple[ResponseView | None, str | None]]]
"""Makes one read; what came, and the intent that it was recorded as."""


class Readbacks:
    """Makes read-backs, one after the other for each call."""

    def __init__(self, look: Look, outcomes: Outcomes) -> None:
        self._look = look
        self._outcomes = outcomes
        self._waiting = 0

    async def before_answer(self, grant: Grant) -> Granted | Answer:
        """What the agent has to wait for; whether it gets its answer then. Raises ``UnavailableError``."""
        verdict: Granted | Answer = Granted()
        for lookup in _of(grant, before_answer=True):
            delay = min(float(lookup.delay_seconds), _MOST_PATIENCE_SECONDS)
            verdict = await self._read(grant, lookup, delay)
            if not isinstance(verdict, Granted):
                break
        return verdict

    async def after_answer(self, grant: Grant) -> None:
        """The others, each in its time. Raises ``UnavailableError``."""
        if self._waiting >= MOST_WAITING:
            for lookup in _of(grant, before_answer=False):
                await self._tell(grant, lookup, None, None)
            return
        self._waiting += 1
        try:
            passed = 0
            for lookup in sorted(_of(grant, before_answer=False), key=lambda row: row.delay_seconds):
                await self._read(grant, lookup, max(0, lookup.delay_seconds - passed))
                passed = max(passed, lookup.delay_seconds)
        finally:
            self._waiting -= 1

    async def _read(self, grant: Grant, lookup: Lookup, delay: float) -> Granted | Answer:
        if delay:
            await asyncio.sleep(delay)
        response, intent_id = await self._look(lookup_call(grant.call, lookup))
        return await self._tell(grant, lookup, response, intent_id)

    async def _tell(
        self, grant: Grant, lookup: Lookup, response: ResponseView | None, intent_id: str | None
    ) -> Granted | Answer:
        first = grant.verification
        assert first is not None  # noqa: S101  # lookups come with it
        reread = verify_readback(grant.mapped.promises[lookup.part], response)
        told = Reread(
            part=lookup.part,
            result=reread.result.value,
            intent_id=intent_id,
            before_answer=lookup.before_answer,
        )
        return await self._outcomes.reread(grant, settled(first, lookup, reread), told)


def _of(grant: Grant, *, before_answer: bool) -> list[Lookup]:
    lookups = grant.verification.lookups if grant.verification is not None else ()
    return [row for row in lookups if row.before_answer is before_answer]
