"""The settings file: each process takes its sections, and every process refuses what is none."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vienna_kernel.document import parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.settings import TelemetryConfig, sections, traces_url


def test_a_process_sees_its_own_sections_at_their_places() -> None:
    document = parse("control: {listen: a}\ngate:\n  listen: b\nbootstrap:\n", name="vienna.yaml")
    own = sections(document, {"gate", "bootstrap"})
    assert own.data == {"gate": {"listen": "b"}}
    assert own.where(("gate", "listen")) == "vienna.yaml:3:3 gate.listen"


def test_an_empty_file_has_no_sections() -> None:
    assert sections(parse("", name="v"), {"control"}).data == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [("gates: {}\n", "did you mean 'gate'"), ("- gate\n", "expected the sections control, gate")],
)
def test_what_is_no_section_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why) as caught:
        sections(parse(text, name="v"), {"control"})
    assert caught.value.where.startswith("v:1:")


COLLECTOR = TelemetryConfig(otlp="http://collector:4318/")


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://collector:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://other:1/"}, "http://other:1/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://other:1/x"}, "http://other:1/x"),
        ({"OTEL_SDK_DISABLED": "TRUE"}, None),
        ({"OTEL_TRACES_EXPORTER": "none"}, None),
    ],
)
def test_where_traces_go(environ: dict[str, str], url: str | None) -> None:
    assert traces_url(COLLECTOR, environ) == url
    assert traces_url(TelemetryConfig(), environ) == (None if "collector" in (url or "") else url)


@pytest.mark.parametrize("wrong", ["collector:4318", "ftp://a", "http://user:pass@a", "http://a/?q"])
def test_a_collector_is_a_url_without_credentials(wrong: str) -> None:
    with pytest.raises(ValidationError):
        TelemetryConfig(otlp=wrong)
