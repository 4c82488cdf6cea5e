"""One call seen from both sides: over TLS with the gate's certificate, as one trace, and nothing of it given away."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from harness.certificates import Authority
from harness.upstream import Upstream
from harness.vienna import Vienna, in_background, until

pytestmark = pytest.mark.journey

ORDER = "https://payments.example/v1/orders/ORD-12345"
TICKETS = "https://payments.example/v1/tickets"
AGENTS_OWN = "00-11111111111111111111111111111111-2222222222222222-01"
CANARIES = (b"sk_canary_secret", b"Printer on fire", b"ORD-12345", b"vos_")


class Collector:
    """Takes OTLP over HTTP, as a collector does."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        self.raw = b""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                collector.take(self.rfile.read(int(self.headers["Content-Length"])), self.headers)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, content: bytes, headers: Any) -> None:
        assert headers["x-tenant"] == "ours"  # as OTEL_EXPORTER_OTLP_HEADERS says
        for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
            names = {row.key: row.value.string_value for row in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(names["service.name"], span) for span in scope.spans]
        self.raw += content

    def trace_of(self, intent_id: str) -> list[tuple[str, Span]]:
        """All spans of the trace whose root names this intent."""
        for _, span in self.spans:
            said = {row.key: row.value.string_value for row in span.attributes}
            if span.name == "call" and said.get("vienna.intent_id") == intent_id:
                return [row for row in list(self.spans) if row[1].trace_id == span.trace_id]
        return []

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.close()


@pytest.fixture
def vienna(start: Callable[..., Vienna], collector: Collector, tmp_path: Path) -> Vienna:
    """With TLS of its own, sidecars known by key and certificate, and traces."""
    folder = tmp_path / "tls"
    folder.mkdir()
    authority = Authority(folder, "Test control root")
    authority.server_context(["127.0.0.1"])
    pair = str(folder / "upstream-server.pem")
    running = start(
        control={"tls": {"cert": pair, "key": pair, "require_client_cert": "sidecars"}},
        gate={"control_ca": str(authority.path)},
        environ={
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=ours",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        },
    )
    trust = ssl.create_default_context(cafile=authority.path)
    for who in running.people:
        headers = {"Authorization": f"Bearer {running.people[who].api_key}"}
        running._clients[who] = httpx.Client(headers=headers, verify=trust, timeout=60, trust_env=False)
    return running


def tree(spans: list[tuple[str, Span]]) -> list[tuple[str, ...]]:
    """Each span as the path from the root to it, ``service:name`` each; in order of their beginning."""
    by_id = {span.span_id: (service, span) for service, span in spans}

    def path(service: str, span: Span) -> tuple[str, ...]:
        above = by_id.get(span.parent_span_id)
        return (*(path(*above) if above else ()), f"{service.removeprefix('vienna-')}:{span.name}")

    return [path(*row) for row in sorted(spans, key=lambda row: row[1].start_time_unix_nano)]


CONSULTED = ("recall", "judge", "release", "commit")


def test_a_call_is_one_trace_on_both_sides_and_gives_nothing_away(
    vienna: Vienna, upstream: Upstream, collector: Collector
) -> None:
    secret = {"Authorization": "Bearer sk_canary_secret"}
    traced = vienna.call("GET", ORDER, headers={**secret, "traceparent": AGENTS_OWN})
    ticket = {"subject": "Printer on fire"}
    with in_background(lambda: vienna.call("POST", TICKETS, json=ticket, headers=secret)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "carol")
        held = call.result()
    assert (traced.status_code, held.status_code) == (200, 201)

    whole = until("both sides' spans", lambda: _whole(collector, traced.headers["vienna-intent"], 10))
    consult = ("gate:call", "gate:consult", "control:consult")
    gates = ("canonicalise", "map", "consult", "upstream", "verify")
    assert sorted(tree(whole)) == sorted(
        [
            ("gate:call",),
            *[("gate:call", f"gate:{name}") for name in gates],
            consult,
            *[(*consult, f"control:{name}") for name in CONSULTED],
        ]
    )
    kept = until("the held call's", lambda: _whole(collector, held.headers["vienna-intent"], 16))
    again = ("gate:call", "gate:hold", "gate:consult", "control:consult")
    paths = tree(kept)
    assert {consult, again, (*again, "control:release")} <= set(paths)
    assert paths[0] == ("gate:call",)

    sent = [{name.lower(): value for name, value in row.headers} for row in upstream.received]
    assert [row.get("traceparent") for row in sent] == [AGENTS_OWN, None]
    assert bytes.fromhex(AGENTS_OWN.split("-")[1]) not in collector.raw  # an agent does not name our traces
    assert [canary for canary in CANARIES if canary in collector.raw] == []


def _whole(collector: Collector, intent_id: str, count: int) -> list[tuple[str, Span]] | None:
    found = collector.trace_of(intent_id)
    return found if len(found) >= count else None
