"""Traces by OpenTelemetry, sent by OTLP over HTTP from a thread of its own; imported only where they are on.

Attributes are the identifiers and words of a call's line; neither its path, nor a header, nor anything of a body.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Tracer

from vienna_proxy.telemetry.traces import Trace
from vienna_proxy.version import VERSION

SERVICE = "vienna-gate"
_CLOSE_SECONDS = 1.5
_TOLD = (
    "method", "origin", "actions", "mapping", "tier", "rule", "decision", "reason", "status", "intent_id",
    "approval_id", "warrant_id", "attempt", "result", "streamed", "ended", "client", "rung",
)  # fmt: skip
_KINDS = {"consult": SpanKind.CLIENT}


class Exported:
    """Begins traces and sends them."""

    def __init__(self, url: str, *, agent: str) -> None:
        ours = Resource({"service.name": SERVICE, "service.version": VERSION, "vienna.agent": agent})
        self._provider = TracerProvider(
            resource=ours.merge(OTELResourceDetector().detect()),  # the environment's go first
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._tracer = self._provider.get_tracer(SERVICE, VERSION)

    def begin(self) -> Trace:
        """Of a call whose head is there."""
        return _Traced(self._tracer)

    def close(self) -> None:
        """Send what is left, not for long. It waits: call it in a thread."""
        # A collector that does not answer must not keep us.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)


class _Traced:
    """One call: its span, and the spans that are open inside it, the innermost last."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        # A context of its own: nothing that is current in this task is above it.
        self._open: list[Span] = [tracer.start_span("call", context=Context(), kind=SpanKind.SERVER)]

    @contextmanager
    def phase(self, name: str) -> Iterator[str | None]:
        kind = _KINDS.get(name, SpanKind.INTERNAL)
        span = self._tracer.start_span(name, context=trace.set_span_in_context(self._open[-1]), kind=kind)
        self._open.append(span)
        try:
            yield _traceparent(span)
        finally:
            self._open.remove(span)
            span.end()

    def upstream(self, began: float, ended: float) -> None:
        offset = time.time() - time.monotonic()
        context = trace.set_span_in_context(self._open[0])
        span = self._tracer.start_span(
            "upstream", context=context, kind=SpanKind.CLIENT, start_time=int((began + offset) * 1e9)
        )
        span.end(end_time=int((ended + offset) * 1e9))

    def end(self, told: Mapping[str, object]) -> None:
        root = self._open[0]
        for name in _TOLD:
            value = told.get(name)
            if isinstance(value, list):
                value = [str(item) for item in value]
            if isinstance(value, str | bool | int | list):
                root.set_attribute(f"vienna.{name}", value)
        root.end()


def _traceparent(span: Span) -> str:
    """W3C Trace Context, version 00."""
    said = span.get_span_context()
    return f"00-{said.trace_id:032x}-{said.span_id:016x}-{int(said.trace_flags):02x}"
