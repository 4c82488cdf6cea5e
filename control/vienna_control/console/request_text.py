"""A request as people write it down: a ``curl`` command, or request line, headers, an empty line and the body."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

__all__ = ["LONGEST", "RequestTextError", "request_of"]

_WITH_VALUE = {
    "-X": "method", "--request": "method", "-H": "header", "--header": "header", "-d": "data", "--data": "data",
    "--data-raw": "data", "--data-binary": "data", "--data-ascii": "data", "--json": "json", "--url": "url",
    "-A": "agent", "--user-agent": "agent",
}  # fmt: skip
_SAYS_NOTHING = frozenset({
    "-s", "-S", "-sS", "-i", "-v", "-L", "-k", "-f", "--compressed", "--silent", "--show-error", "--include",
    "--verbose", "--location", "--insecure", "--fail",
})  # fmt: skip
_FORM = "application/x-www-form-urlencoded"

LONGEST = 100_000
"""Characters of a request, or of the command that makes it."""


class RequestTextError(ValueError):
    """It is no request; the message says what was expected."""


def request_of(text: str) -> dict[str, Any]:
    """``{"method", "url", "headers", "body"}`` as ``POST /mappings/test`` takes them. Raises ``RequestTextError``."""
    if len(text) > LONGEST:  # words of a command are cut in quadratic time
        raise RequestTextError(f"This is longer than {LONGEST:,} characters.")
    text = text.strip()
    if not text:
        raise RequestTextError(
            "Write a request: POST https://host/path, headers, an empty line and the body; or paste a curl command."
        )
    return _of_curl(text) if text.split(None, 1)[0] == "curl" else _of_lines(text)


def _of_lines(text: str) -> dict[str, Any]:
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *rest = head.split("\n")
    words = first.split()
    if len(words) == 1:
        words = ["GET", *words]
    if len(words) not in (2, 3) or "://" not in words[1]:
        raise RequestTextError("The first line is a method and a whole address: POST https://host/path")
    headers = [_header(line) for line in rest if line.strip()]
    return {
        "method": words[0].upper(),
        "url": words[1],
        "headers": headers,
        **({"body": body} if body else {}),
    }


def _header(line: str) -> list[str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise RequestTextError(f"A header is 'name: value'; this is none: {line.strip()[:80]}")
    return [name.strip(), value.strip()]


def _of_curl(text: str) -> dict[str, Any]:
    try:
        words = shlex.split(text.replace("\\\n", " "))[1:]
    except ValueError as error:
        raise RequestTextError(f"This command cannot be read: {error}") from None
    method, url, kind, headers, data = "", "", _FORM, [], []
    for option, value in _options(words):
        if option == "method":
            method = value.upper()
        elif option == "url":
            url = value
        elif option == "header":
            headers.append(_header(value))
        elif option == "agent":
            headers.append(["User-Agent", value])
        else:
            data.append(value)
            kind = "application/json" if option == "json" else kind
    if not url:
        raise RequestTextError("The command names no address.")
    if data and all(name.lower() != "content-type" for name, _ in headers):
        headers.append(["Content-Type", kind])
    url = url if "://" in url else f"http://{url}"
    told: dict[str, Any] = {
        "method": method or ("POST" if data else "GET"),
        "url": url,
        "headers": headers,
    }
    return {**told, "body": "&".join(data)} if data else told


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if word in _SAYS_NOTHING:
            continue
        if word in _WITH_VALUE or (equals and name in _WITH_VALUE):
            given = value if equals and name in _WITH_VALUE else next(left, None)
            if given is None:
                raise RequestTextError(f"{word} needs a value.")
            if given[:1] == "@" and _WITH_VALUE.get(name) in ("data", "json"):
                raise RequestTextError(f"{given} is a file of yours: write its content instead.")
            yield _WITH_VALUE[name if equals and name in _WITH_VALUE else word], given
        elif word[:2] in ("-X", "-H", "-d") and len(word) > 2 and word[:2] != "--":
            yield _WITH_VALUE[word[:2]], word[2:]
        elif word[:1] == "-":
            raise RequestTextError(f"{word} is not understood here: leave it out, or write the request out.")
        else:
            yield "url", word
