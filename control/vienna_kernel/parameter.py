"""Types of parameters: what a wire value must look like, and the one value policy sees.

A type reads two kinds of input: text (forms, queries, paths, headers) and JSON values. Reading is strict: a JSON
string is no number, but for decimals, which many APIs spell as strings. Amounts of money are never negative: a
negative one would slip under every ceiling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from vienna_kernel import money
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value, digest

_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?\Z")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\Z")
_URL = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?\Z", re.ASCII | re.IGNORECASE)
_ARN = re.compile(
    r"arn:[a-z0-9-]{2,20}:[a-z0-9-]{1,40}:[a-z0-9-]{0,40}:(?:[0-9]{0,12}|aws):[\x21-\x7e]{1,1000}\Z"
)
_RESOURCE = re.compile(r"/?[^\x00-\x20\x7f\\/]+(?:/[^\x00-\x20\x7f\\/]+)*/?\Z")
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}  # as clients spell them in forms and queries
_MAX_SECONDS = 253_402_300_799  # 9999-12-31


class ParamType(StrEnum):
    """Closed list; the comment is the value policy sees."""

    STRING = "string"  # str
    INT = "int"  # int, |n| <= 2**53
    DECIMAL = "decimal"  # Decimal; of money: major units
    MINOR_UNITS = "minor_units"  # Decimal in major units; on the wire an integer in minor units
    CURRENCY = "currency"  # upper-case code
    BOOL = "bool"  # bool
    TIMESTAMP = "timestamp"  # "2026-03-25T10:00:00Z"; on the wire RFC 3339 or epoch seconds
    EMAIL = "email"  # str, domain in lower case
    EMAIL_LIST = "email_list"  # list of those
    URL = "url"  # str, http or https, without user information
    MAP = "map"  # object
    ANY = "any"  # any value
    COUNT = "count"  # int: how many items a list has; the items themselves are not kept
    STRING_LIST = "string_list"  # list of str; one string is a list of one
    ARN = "arn"  # str
    RESOURCE = "resource"  # str, a path of plain steps: "refs/heads/main"
    DIGEST = "digest"  # "sha256:<hex>" of the value, which is not kept


def _wrong(expected: str) -> MalformedError:
    return MalformedError("parameter", f"expected {expected}")


def _string(value: Value) -> Value:
    if not isinstance(value, str):
        raise _wrong("a string")
    return value


def _int(value: Value) -> int:
    if isinstance(value, str) and _INT.match(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
        raise _wrong("an integer")
    return value


def _decimal(value: Value) -> Decimal:
    if isinstance(value, str) and _DECIMAL.match(value):
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise _wrong("a decimal number")
    return Decimal(value)


def _currency(value: Value) -> str:
    code = money.currency_code(value) if isinstance(value, str) else None
    if code is None:
        raise _wrong("a currency code of three letters")
    return code


def _bool(value: Value) -> bool:
    if isinstance(value, str) and value in _TRUTHS:
        return _TRUTHS[value]
    if not isinstance(value, bool):
        raise _wrong("true or false")
    return value


def _timestamp(value: Value) -> str:
    if isinstance(value, str) and not _INT.match(value):
        if not _TIMESTAMP.match(value):
            raise _wrong("a timestamp with a time zone")
        try:
            at = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise _wrong("a timestamp that exists") from None
    else:
        seconds = _int(value)
        if not 0 <= seconds <= _MAX_SECONDS:
            raise _wrong("seconds since 1970 before the year 10000")
        at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat().replace("+00:00", "Z")


def _email(value: Value) -> str:
    if not isinstance(value, str) or not _EMAIL.match(value):
        raise _wrong("one e-mail address")
    local, _, domain = value.partition("@")
    return f"{local}@{domain.lower()}"


def _email_list(value: Value) -> Value:
    if isinstance(value, str):
        value = [part.strip(" ") for part in value.split(",")]
    if not isinstance(value, list):
        raise _wrong("a list of e-mail addresses")
    return [_email(item) for item in value]


def _url(value: Value) -> str:
    try:
        good = isinstance(value, str) and _URL.match(value) is not None and bool(urlsplit(value).hostname)
    except ValueError:  # brackets that do not hold an address
        good = False
    if not good or not isinstance(value, str):
        raise _wrong("an http or https URL without user information")
    return value


def _map(value: Value) -> Value:
    if not isinstance(value, Mapping):
        raise _wrong("an object")
    return value


def _any(value: Value) -> Value:
    return value


def _count(value: Value) -> int:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _wrong("a list")
    return len(value)


def _string_list(value: Value) -> Value:
    rows = [value] if isinstance(value, str) else value
    if not isinstance(rows, list) or not all(isinstance(item, str) for item in rows):
        raise _wrong("a list of strings")
    return list(rows)


def _arn(value: Value) -> str:
    if not isinstance(value, str) or not _ARN.match(value):
        raise _wrong("an ARN, such as arn:aws:s3:::bucket")
    return value


def _resource(value: Value) -> str:
    if not isinstance(value, str) or not _RESOURCE.match(value) or {".", ".."} & set(value.split("/")):
        raise _wrong("a path of plain steps")
    return value


_READERS: Mapping[ParamType, Callable[[Value], Value]] = {
    ParamType.STRING: _string,
    ParamType.INT: _int,
    ParamType.DECIMAL: _decimal,
    ParamType.MINOR_UNITS: _int,
    ParamType.CURRENCY: _currency,
    ParamType.BOOL: _bool,
    ParamType.TIMESTAMP: _timestamp,
    ParamType.EMAIL: _email,
    ParamType.EMAIL_LIST: _email_list,
    ParamType.URL: _url,
    ParamType.MAP: _map,
    ParamType.ANY: _any,
    ParamType.COUNT: _count,
    ParamType.STRING_LIST: _string_list,
    ParamType.ARN: _arn,
    ParamType.RESOURCE: _resource,
    ParamType.DIGEST: digest,
}


def read(kind: ParamType, value: Value, *, text: bool) -> Value:
    """The typed value of what came; minor units stay an integer until their currency is known.

    Args:
        text: Whether it came as text; then only text spellings of numbers and truth count, and JSON ones not at
            all. A JSON value, the other way round, may spell only decimals (and times) as strings.

    Errors: ``MalformedError`` that says what was expected, never what came.
    """
    if not text and isinstance(value, str) and kind in (ParamType.INT, ParamType.MINOR_UNITS, ParamType.BOOL):
        raise _wrong("true or false" if kind is ParamType.BOOL else "an integer")
    return _READERS[kind](value)


_SCHEMAS: Mapping[ParamType, Mapping[str, Any]] = {
    ParamType.STRING: {"type": "string"},
    ParamType.INT: {"type": "integer"},
    ParamType.DECIMAL: {"type": "number"},
    ParamType.MINOR_UNITS: {"type": "number"},
    ParamType.CURRENCY: {"type": "string", "pattern": "^[A-Z]{3}$"},
    ParamType.BOOL: {"type": "boolean"},
    ParamType.TIMESTAMP: {"type": "string", "format": "date-time"},
    ParamType.EMAIL: {"type": "string", "format": "email"},
    ParamType.EMAIL_LIST: {"type": "array", "items": {"type": "string", "format": "email"}},
    ParamType.URL: {"type": "string", "format": "uri"},
    ParamType.MAP: {"type": "object"},
    ParamType.ANY: {},
    ParamType.COUNT: {"type": "integer", "minimum": 0},
    ParamType.STRING_LIST: {"type": "array", "items": {"type": "string"}},
    ParamType.ARN: {"type": "string", "pattern": "^arn:"},
    ParamType.RESOURCE: {"type": "string"},
    ParamType.DIGEST: {"type": "string", "pattern": "^sha256:"},
}


def schema_of(kind: ParamType) -> dict[str, Any]:
    """JSON Schema of the value policy sees."""
    return dict(_SCHEMAS[kind])
