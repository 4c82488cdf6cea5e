"""Traces of calls: off unless an OTLP endpoint is named; ``otel`` and OpenTelemetry are imported only then.

A call's trace is its own, whatever trace the agent says that it belongs to: the agent could give it any name. Its
identity goes to the control plane with each question, never to an upstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Trace(Protocol):
    """One call's."""

    def phase(self, name: str) -> AbstractContextManager[str | None]:
        """A span around the block, inside the one that is open; gives its W3C ``traceparent``."""
        ...

    def upstream(self, began: float, ended: float) -> None:
        """Between these monotonic instants the call was away."""
        ...

    def end(self, told: Mapping[str, object]) -> None:
        """The call is over; ``told``: the fields of its line."""
        ...


class NoTrace:
    """Of a call that is not traced."""

    def phase(self, name: str) -> AbstractContextManager[str | None]:
        """Nothing."""
        return nullcontext()

    def upstream(self, began: float, ended: float) -> None:
        """Nothing."""

    def end(self, told: Mapping[str, object]) -> None:
        """Nothing."""


NO_TRACE = NoTrace()


class Traces(Protocol):
    """Where traces begin."""

    def begin(self) -> Trace:
        """Of a call whose head is there."""
        ...

    def close(self) -> None:
        """Send what is left, not for long. It waits: call it in a thread."""
        ...


class NoTraces:
    """Nothing is traced."""

    def begin(self) -> Trace:
        """None."""
        return NO_TRACE

    def close(self) -> None:
        """Nothing."""


def traces_to(url: str | None, *, agent: str) -> Traces:
    """Traces to a URL that takes OTLP over HTTP; None: nowhere."""
    if url is None:
        return NoTraces()
    from vienna_proxy.telemetry.otel import Exported

    return Exported(url, agent=agent)
