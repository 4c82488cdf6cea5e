"""Traces of consults: off unless an OTLP endpoint is named; OpenTelemetry is imported only then.

A consult's span continues the trace that the gate's question names, so that one trace shows both sides. Attributes are
identifiers and words of ours, never what a call holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from vienna_control.stages import Stage, recording
from vienna_control.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

SERVICE = "vienna-control"
_CLOSE_SECONDS = 1.5


class Consulting(Protocol):
    """One consult, as far as it is traced."""

    def unit[A, T](self, unit: Callable[[A], T]) -> Callable[[A], T]:
        """The unit of work, its stages recorded; what lies between its end and the answer is its commit."""
        ...

    def committed(self) -> None:
        """The unit is durable."""
        ...

    def said(self, **attributes: str | None) -> None:
        """What was answered."""
        ...


class Untraced:
    """Nobody asked."""

    def unit[A, T](self, unit: Callable[[A], T]) -> Callable[[A], T]:
        """The unit as it is."""
        return unit

    def committed(self) -> None:
        """Nothing."""

    def said(self, **attributes: str | None) -> None:
        """Nothing."""


class Traces:
    """Where consults are traced to."""

    def __init__(self, url: str | None) -> None:
        """``url``: that takes OTLP over HTTP; None: nothing is traced."""
        self._provider: TracerProvider | None = None if url is None else _provider(url)

    @contextmanager
    def consult(self, traceparent: str | None) -> Iterator[Consulting]:
        """Trace one consult, under the gate's span where it names one."""
        if self._provider is None:
            yield Untraced()
            return
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {} if traceparent is None else {"traceparent": traceparent}
        parent = TraceContextTextMapPropagator().extract(carrier)
        tracer = self._provider.get_tracer(SERVICE, VERSION)
        span = tracer.start_span("consult", context=parent, kind=trace.SpanKind.SERVER)
        try:
            yield _Traced(tracer, span, trace.set_span_in_context(span))
        finally:
            span.end()

    def close(self) -> None:
        """Send what is left, not for long. It waits: call it in a thread."""
        if self._provider is not None:
            # A collector that does not answer must not keep us.
            closing = threading.Thread(target=self._provider.shutdown, daemon=True)
            closing.start()
            closing.join(_CLOSE_SECONDS)


class _Traced:
    def __init__(self, tracer: Tracer, span: Span, context: Context) -> None:
        self._tracer = tracer
        self._span = span
        self._context = context
        self._stages: list[Stage] = []
        self._done = 0

    def unit[A, T](self, unit: Callable[[A], T]) -> Callable[[A], T]:
        def recorded(given: A) -> T:
            with recording(self._stages):
                try:
                    return unit(given)
                finally:
                    self._done = time.time_ns()

        return recorded

    def committed(self) -> None:
        for stage in (*self._stages, Stage("commit", self._done, time.time_ns())):
            part = self._tracer.start_span(stage.name, context=self._context, start_time=stage.began)
            part.end(end_time=stage.ended)

    def said(self, **attributes: str | None) -> None:
        given = {f"vienna.{name}": value for name, value in attributes.items() if value is not None}
        self._span.set_attributes(given)


def _provider(url: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    ours = Resource({"service.name": SERVICE, "service.version": VERSION})
    provider = TracerProvider(
        resource=ours.merge(OTELResourceDetector().detect()),  # the environment's go first
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    return provider
