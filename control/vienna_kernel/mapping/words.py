"""The words of a mapping file: sizes, hosts, pointers, names, protocols; each refuses what it is not."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vienna_kernel.decode import pointer
from vienna_kernel.mapping.host import is_host

_SIZE = re.compile(r"(?P<number>[1-9][0-9]{0,9})(?P<unit>KiB|MiB|B)?\Z")
_UNITS = {None: 1, "B": 1, "KiB": 1024, "MiB": 1024 * 1024}
_MAX_BODY = 256 * 1024 * 1024
_OPERATION = re.compile(r"[!-)+-~]{0,200}\*?\Z")

PROTOCOLS = (
    "rest",
    "json",
    "form",
    "multipart",
    "graphql",
    "jsonrpc",
    "mcp",
    "aws-query",
    "aws-json",
    "aws-rest",
    "k8s",
    "sql-http",
    "postgrest",
    "git-smart-http",
    "websocket",
    "opaque",
)
INNER = (
    "json",
    "json-base64",
    "urlencoded-json",
    "base64",
    "mime",
    "mime-base64",
    "mime-base64url",
    "address",
)
"""What a string inside a body may be decoded as; ``sql:<dialect>`` besides."""


def body_size(value: int | str) -> int:
    """``10MiB`` in bytes. Errors: ``ValueError``."""
    found = _SIZE.match(str(value))
    size = int(found["number"]) * _UNITS[found["unit"]] if found else 0
    if not 0 < size <= _MAX_BODY:
        raise ValueError("expected a size such as 512KiB or 10MiB, at most 256MiB")
    return size


def host_pattern(value: str) -> str:
    """An exact host or one with ``*`` for labels, as ``host`` says. Errors: ``ValueError``."""
    if not is_host(value):
        raise ValueError(
            f"{value!r} is no lower-case host; up to two labels may be *, but not the last two: *.host with at "
            "least two labels, ec2.*.amazonaws.com"
        )
    return value


def _protocol(value: str) -> str:
    if value not in PROTOCOLS:
        raise ValueError(f"no protocol {value!r}; expected one of {', '.join(PROTOCOLS)}")
    return value


def _inner(value: str) -> str:
    if value not in INNER and not re.match(r"sql:[a-z0-9]{1,20}\Z", value):
        raise ValueError(f"{value!r} is no inner encoding; expected one of {', '.join(INNER)}, sql:<dialect>")
    return value


def _operation(value: str) -> str:
    if not value or not _OPERATION.match(value):
        raise ValueError(f"{value!r} is no operation; a * may stand at its end, once")
    return value


def _pointer(value: str) -> str:
    pointer.parse(value)
    return value


def _pointers(value: str | list[str]) -> str | list[str]:
    for text in [value] if isinstance(value, str) else value:
        pointer.parse(text)
    return value


type Source = Literal[
    "json",
    "form",
    "query",
    "path",
    "host",
    "header",
    "const",
    "body",
    "operation",
    "item",
    "derived",
    "untold",
]
type Size = Annotated[int | str, AfterValidator(body_size)]
type Host = Annotated[str, AfterValidator(host_pattern)]
type Protocol = Annotated[str, AfterValidator(_protocol)]
type Inner = Annotated[str, AfterValidator(_inner)]
type Operation = Annotated[str, AfterValidator(_operation)]
type PointerText = Annotated[str, AfterValidator(_pointer)]
type PointerTexts = Annotated[str | list[str], AfterValidator(_pointers)]
type Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
type ActionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=100)]
type HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,99}$")]
type Unknown = Literal["reject", "flag", "allow"]
type Coding = Literal["gzip", "deflate", "aws-chunked"]
type BodyKind = Literal["json", "form", "multipart", "xml", "mime", "text", "bytes", "none"]
type Scalar = str | bool | int | Decimal


class Model(BaseModel):
    """An object of the format: nothing unknown in it, nothing converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=False)


def as_list(value: Any) -> list[Any]:
    """One or several of something, as several."""
    return list(value) if isinstance(value, list) else [value]
