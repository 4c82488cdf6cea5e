"""The mapping file as it is written: one model per object of the format, nothing unknown in any of them.

A key that is here has an effect. Keys of the full format that this version does not carry out are known by name and
refused at load, so that nobody believes in a read-back or an edit that never happens.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from vienna_kernel.decode import pointer
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.parameter import ParamType

_SIZE = re.compile(r"(?P<number>[1-9][0-9]{0,9})(?P<unit>KiB|MiB|B)?\Z")
_UNITS = {None: 1, "B": 1, "KiB": 1024, "MiB": 1024 * 1024}
_MAX_BODY = 256 * 1024 * 1024
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]{0,250}[a-z0-9])?\Z")
_SUPPORTED = ("rest", "json", "form")
_KNOWN = ("multipart", "graphql", "jsonrpc", "mcp", "aws-query", "aws-json", "aws-rest", "k8s", "sql-http")


def _later(value: Any) -> Any:
    raise ValueError("this key of the format is not carried out by this version; remove it")


def _protocol(value: str) -> str:
    if value in (*_KNOWN, "git-smart-http", "opaque"):
        raise ValueError(
            f"the protocol {value!r} is not read by this version; it reads {', '.join(_SUPPORTED)}"
        )
    if value not in _SUPPORTED:
        raise ValueError(f"no protocol {value!r}; this version reads {', '.join(_SUPPORTED)}")
    return value


def body_size(value: int | str) -> int:
    """``10MiB`` in bytes. Errors: ``ValueError``."""
    found = _SIZE.match(str(value))
    size = int(found["number"]) * _UNITS[found["unit"]] if found else 0
    if not 0 < size <= _MAX_BODY:
        raise ValueError("expected a size such as 512KiB or 10MiB, at most 256MiB")
    return size


def host_pattern(value: str) -> str:
    """An exact host or ``*.`` and a host. Errors: ``ValueError``."""
    if not _HOST.match(value) or ".." in value or (value.startswith("*") and value.count(".") < 2):
        raise ValueError(f"{value!r} is neither a lower-case host nor *.host with at least two labels")
    return value


def _pointer(value: str) -> str:
    pointer.parse(value)
    return value


def _pointers(value: str | list[str]) -> str | list[str]:
    for text in [value] if isinstance(value, str) else value:
        pointer.parse(text)
    return value


type Later = Annotated[Any, BeforeValidator(_later)]
type Size = Annotated[int | str, AfterValidator(body_size)]
type Host = Annotated[str, AfterValidator(host_pattern)]
type PointerText = Annotated[str, AfterValidator(_pointer)]
type Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
type ActionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=100)]
type HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,99}$")]
type Unknown = Literal["reject", "flag", "allow"]
type Source = Literal["json", "form", "query", "path", "header", "const"]
type Scalar = str | bool | int | Decimal


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=False)


class Match(_Model):
    """Which requests: method tokens and one path of literals, ``{var}``, ``{var:encoded}`` and a last ``{var+}``."""

    methods: list[Annotated[str, Field(pattern=r"^[A-Z][A-Z-]*$")]] = Field(min_length=1)
    path: str = Field(pattern=r"^/[!-~]*$", max_length=500)


class ParamModel(_Model):
    """Where a parameter stands and what it is.

    Attributes:
        name: Key on the wire, the parameter's own name when left out; for JSON a pointer when it starts with ``/``.
        prefix: Form or query keys that start so make one object: ``metadata[``.
        value: The value of a ``const``.
        when_missing: What is meant when it is left out: ``const:…``, ``preflight:/a`` or ``preflight:/a-/b``
            (a difference, the second zero when absent); the first that can be told.
    """

    from_: Source = Field(alias="from")
    name: str | None = Field(None, min_length=1, max_length=200)
    prefix: str | None = Field(None, pattern=r"^[^\[\]&=]+\[$")
    value: Scalar | None = None
    type: ParamType | None = Field(None, strict=False)
    description: str = ""
    required: bool = False
    enum: list[Scalar] = []
    currency_from: str | None = None
    when_missing: str | list[str] = []
    redact: bool | Literal["values"] = False


class CostModel(_Model):
    amount: str | int | Decimal
    currency: str


class IdempotencyModel(_Model):
    header: HeaderName
    inject: bool = False


class PreflightModel(_Model):
    """A read of the current state before anyone decides; of several paths the first that can be filled in."""

    method: Literal["GET"] = "GET"
    path: str | list[str]
    show: list[PointerText] = []


class EqualModel(_Model):
    """``pointer``: where the parameter stands in the answer; of several the first that leads anywhere."""

    pointer: Annotated[str | list[str], AfterValidator(_pointers)]
    param: Name
    type: ParamType | None = Field(None, strict=False)


class AmongModel(_Model):
    pointer: PointerText
    values: list[Scalar] = Field(min_length=1)


class VerifyModel(_Model):
    status: list[Annotated[int, Field(ge=200, le=599)]] = []
    equal: list[EqualModel] = []
    in_: list[AmongModel] = Field([], alias="in")
    readback: Later = None


class InlineExpect(_Model):
    action: ActionName
    params: dict[str, Any] = {}


class InlineTest(_Model):
    request: str
    expect: InlineExpect


class ActionModel(_Model):
    """One route and what it means.

    Attributes:
        body: How the body is read, the protocol's way when left out; ``none`` refuses any body.
        stream: The answer may pass as a stream, so nothing in it can be verified.
        response_fields: Pointers of answer fields that may be kept.
    """

    action: ActionName
    description: str = ""
    match: Match
    target: str = Field(min_length=1, max_length=500)
    params: dict[Name, ParamModel] = {}
    unknown_params: Unknown | None = None
    max_body: Size | None = None
    body: Literal["json", "form", "none"] | None = None
    effect: Effect = Field(strict=False)
    reversibility: Reversibility = Field(Reversibility.UNKNOWN, strict=False)
    default_tier: Tier = Field(strict=False)
    cost: CostModel | None = None
    volatile: list[str] = []
    idempotency: IdempotencyModel | None = None
    preflight: PreflightModel | None = None
    verify: VerifyModel | None = None
    stream: bool = False
    response_fields: list[PointerText] = []
    summary: str = Field("", max_length=500)
    tests: list[InlineTest] = []
    compensate: Later = None
    writable: Later = None
    replay_window: Later = None


class Defaults(_Model):
    unknown_params: Unknown = "reject"
    max_body: Size | None = None
    on_undecodable: Literal["deny"] = "deny"


class MappingModel(_Model):
    """One API."""

    apiVersion: Literal["vienna/v1"]
    kind: Literal["Mapping"]
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
    version: str = Field(min_length=1, max_length=40)
    description: str = ""
    hosts: list[Host] = Field(min_length=1)
    protocol: Annotated[str, AfterValidator(_protocol)]
    defaults: Defaults = Defaults()
    actions: list[ActionModel] = Field(min_length=1)


def json_schema() -> dict[str, Any]:
    """JSON Schema of a mapping file, for editors."""
    return MappingModel.model_json_schema(by_alias=True)
