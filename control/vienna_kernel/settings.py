"""The settings file ``vienna.yaml`` as all processes see it: its sections, each read by the process it is for.

A section of another process is left to that process; a key that is no section is refused by each of them. The section
``telemetry`` is for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from pydantic import BaseModel, ConfigDict, field_validator

from vienna_kernel.document import Document, nearest
from vienna_kernel.errors import MalformedError

SECTIONS = ("control", "gate", "bootstrap", "telemetry")

_DISABLED = "OTEL_SDK_DISABLED"
_EXPORTER = "OTEL_TRACES_EXPORTER"
_EXACTLY = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"


class TelemetryConfig(BaseModel):
    """Section ``telemetry``.

    Attributes:
        otlp: ``http(s)://host:port`` of an OpenTelemetry collector that takes OTLP over HTTP; unset: no traces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    otlp: str | None = None

    @field_validator("otlp")
    @classmethod
    def _otlp(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/\s?#@]+(/[^\s?#]*)?\Z", value):
            raise ValueError("expected a URL like http://collector:4318, without credentials")
        return value.rstrip("/") if value else value


def traces_variable(environ: Mapping[str, str]) -> str | None:
    """Which variable of OpenTelemetry says where traces go, or that they go nowhere; None: the file does."""
    if environ.get(_DISABLED, "").lower() == "true":
        return _DISABLED
    if environ.get(_EXPORTER) == "none":
        return _EXPORTER
    return next((name for name in (_EXACTLY, _BASE) if environ.get(name)), None)


def traces_url(config: TelemetryConfig, environ: Mapping[str, str]) -> str | None:
    """Where traces go; None: nowhere. OpenTelemetry's own variables go before the file, as everywhere."""
    variable = traces_variable(environ)
    if variable in (_DISABLED, _EXPORTER):
        return None
    if variable == _EXACTLY:
        return environ[_EXACTLY]
    base = environ[_BASE] if variable == _BASE else config.otlp
    return f"{base.rstrip('/')}/v1/traces" if base else None


def sections(document: Document, wanted: Collection[str]) -> Document:
    """The document with the wanted sections only, empty ones left out, places kept.

    Errors: ``MalformedError`` for a key that is no section, or a document that is no object. An empty one is an empty
    object.
    """
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise MalformedError(document.where(), f"expected the sections {', '.join(SECTIONS)}")
    for key in data:
        if key not in SECTIONS:
            raise MalformedError(document.where((key,)), f"unknown key {key!r}{nearest(key, list(SECTIONS))}")
    own = {key: value for key, value in data.items() if key in wanted and value is not None}
    return Document(document.name, own, document.places)
