"""An example request of a proposed action."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from vienna_kernel.propose.draft import Draft
from vienna_kernel.propose.field import Field
from vienna_kernel.propose.operation import FORM
from vienna_kernel.propose.sample import Sample, placed

_BOUNDARY = "part"


def request_of(draft: Draft, host: str, fields: Sequence[Field], told: Mapping[str, Sample]) -> str:
    """The request that holds these parameters, as cases write it."""
    by = {
        source: [field for field in fields if field.source == source]
        for source in ("path", "query", "header")
    }
    path = draft.route.sample({field.name: told[field.name].text for field in by["path"]})
    pairs = [*draft.route.query, *(pair for field in by["query"] for pair in _pairs(field, told[field.name]))]
    query = "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)
    lines = [f"{draft.methods[0]} https://{host}{path}{'?' if query else ''}{query}"]
    lines += [f"{field.key.lower()}: {told[field.name].text}" for field in by["header"]]
    media, body = _body(draft, [field for field in fields if field.source in ("json", "form", "body")], told)
    if media:
        lines.append(f"content-type: {media}")
    return "\n".join(lines) + "\n" + (f"\n{body}\n" if body else "")


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")


def _pairs(field: Field, sample: Sample) -> list[tuple[str, str]]:
    if not field.prefix:
        return [(field.key, sample.text)]
    inside = sample.sent if isinstance(sample.sent, Mapping) else {}
    return [(f"{field.key}[{key}]", str(value)) for key, value in inside.items()]


def _body(draft: Draft, fields: Sequence[Field], told: Mapping[str, Sample]) -> tuple[str, str]:
    """Content type and body; both empty when there is none."""
    media = draft.body.media
    if not media or (not fields and not draft.body.fields):
        return "", ""
    if media == FORM:
        pairs = [pair for field in fields for pair in _form_pairs(field, told[field.name])]
        return media, "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)
    if media.startswith("multipart/"):
        return f"{media}; boundary={_BOUNDARY}", _multipart(fields, told)
    if draft.body.kinds in (("text",), ("bytes",)):
        return media, "some content"
    if draft.body.whole and not fields:
        return "", ""
    return media, json.dumps(placed([(field.steps, told[field.name].sent) for field in fields]), default=str)


def _form_pairs(field: Field, sample: Sample) -> list[tuple[str, str]]:
    """Keys and values of a form field, in brackets what stands inside of it."""
    if field.source == "form":
        return _pairs(field, sample)
    key = _bracketed(field.steps)
    if isinstance(sample.sent, Mapping):
        return [(f"{key}[{name}]", str(value)) for name, value in sample.sent.items()]
    return [(key, sample.text)]


def _bracketed(steps: Sequence[str]) -> str:
    """The key of a form field; any where the whole form is one parameter."""
    if not steps:
        return "content"
    return steps[0] + "".join(f"[{step}]" for step in steps[1:])


def _multipart(fields: Sequence[Field], told: Mapping[str, Sample]) -> str:
    pairs = [pair for field in fields for pair in _form_pairs(field, told[field.name])]
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in pairs
    ]
    return "".join(parts) + f"--{_BOUNDARY}--" if parts else ""
