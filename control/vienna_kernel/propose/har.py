"""Recorded traffic from elsewhere: a HAR file, or lines of JSON with one request each.

A HAR file is what browsers export, and mitmproxy (``--set hardump=``). A line is an entry of one, or
``{"method", "url"}`` with ``content_type``, ``body`` (text or JSON) and ``agent`` where they are known. Bodies become
shapes at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from vienna_kernel.decode import form
from vienna_kernel.decode import json as strict
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.shown import shape, shown_form
from vienna_kernel.propose.observed import Seen, seen
from vienna_kernel.propose.operation import kind_of
from vienna_kernel.value import Value

_MAX_DEPTH = 30


def calls(text: str, *, name: str) -> Iterator[Seen]:
    """The requests of an export, in its order. Errors: ``MalformedError`` with file and line, or entry."""
    whole = _whole(text)
    if whole is None:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield _call(_line(line, f"{name}:{number}"), f"{name}:{number}")
        return
    log = whole.get("log")
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise MalformedError(f"{name}:1:1", "expected log.entries of a HAR file, or a request on each line")
    for i, entry in enumerate(entries):
        yield _call(entry, f"{name} log.entries[{i}]")


def _whole(text: str) -> Mapping[str, Any] | None:
    """A HAR file as data; None for a file of lines."""
    first = text.lstrip()[:200]
    try:
        data = json.loads(text) if first.startswith("{") else None
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, Mapping) and "log" in data else None


def _line(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise MalformedError(where, "expected one request as JSON on the line") from None


def _call(entry: Any, where: str) -> Seen:
    request = entry.get("request", entry) if isinstance(entry, Mapping) else None
    if not isinstance(request, Mapping):
        raise MalformedError(where, "expected an object with method and url")
    method, url = request.get("method"), request.get("url")
    if (
        not isinstance(method, str)
        or not isinstance(url, str)
        or not method.isascii()
        or not method.isalpha()
    ):
        raise MalformedError(where, "expected a method and a url")
    media, body = _posted(request)
    agent = request.get("agent", entry.get("agent"))
    try:
        return seen(method, url, media=media, body=body, agent=agent if isinstance(agent, str) else "")
    except MalformedError as error:
        raise MalformedError(where, error.why) from None


def _posted(request: Mapping[str, Any]) -> tuple[str, Value]:
    """Content type and the shape of the body; empty and None when there is none."""
    post = request.get("postData")
    if isinstance(post, Mapping):
        media, body = str(post.get("mimeType") or ""), post.get("text")
        fields = post.get("params")
        if isinstance(fields, list) and kind_of(media) in ("form", "multipart"):
            names = [row.get("name") for row in fields if isinstance(row, Mapping)]
            return media, shown_form([(name, "") for name in names if isinstance(name, str)], ())
    else:
        media, body = str(request.get("content_type") or ""), request.get("body")
    if body is None or body == "":
        return (media if post else ""), None
    if not isinstance(body, str):
        return media or "application/json", shape(_bounded(body))
    return media, _text_shape(media, body)


def _text_shape(media: str, body: str) -> Value:
    kind = kind_of(media)
    try:
        if kind == "json":
            return shape(strict.loads(body.encode("utf-8")))
        if kind == "form":
            return shown_form(form.pairs(body.strip().encode("utf-8")), ())
    except (MalformedError, UnicodeEncodeError):
        return None
    return None


def _bounded(value: Any, depth: int = _MAX_DEPTH) -> Value:
    """JSON data of the wire as a value of ours: floats are numbers, and nothing is deeper than 30."""
    if isinstance(value, float):
        return 0
    if isinstance(value, Mapping):
        return {str(key): _bounded(item, depth - 1) for key, item in value.items()} if depth else {}
    if isinstance(value, list):
        return [_bounded(item, depth - 1) for item in value] if depth else []
    return value if isinstance(value, str | bool | int) else None
