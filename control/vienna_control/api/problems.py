"""What can go wrong for a caller: a closed list of codes, each with one HTTP status; and the table of faults.

Everything that leaves the API as an error is one of these, in the envelope
``{"success": false, "data": null, "error": {"code", "message", "details"?}}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from vienna_control.ports import UnavailableError
from vienna_kernel.errors import MalformedError


class Code(StrEnum):
    """Error codes of the API. Codes are only ever added."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHENTICATED = "unauthenticated"
    MFA_REQUIRED = "mfa_required"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    ALREADY_DECIDED = "already_decided"
    WARRANT_CONSUMED = "warrant_consumed"
    GONE = "gone"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    VALIDATION_FAILED = "validation_failed"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    AUDIT_UNAVAILABLE = "audit_unavailable"


STATUS: dict[Code, int] = {
    Code.INVALID_REQUEST: 400,
    Code.UNAUTHENTICATED: 401,
    Code.MFA_REQUIRED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.CONFLICT: 409,
    Code.ALREADY_DECIDED: 409,
    Code.WARRANT_CONSUMED: 409,
    Code.GONE: 410,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.VALIDATION_FAILED: 422,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.AUDIT_UNAVAILABLE: 503,
}


class Problem(Exception):  # it is an answer, not a failure of ours
    """An answer that says no, raised anywhere below a route (in a unit of work too: it takes the unit back).

    Attributes:
        code: One of ``Code``; gives the HTTP status.
        message: One sentence for the caller, without secrets.
        details: Plain JSON data, e.g. ``[{"field": "/amount", "message", "expected", "got"}]``.
        headers: Further response headers, e.g. ``Retry-After``.
    """

    def __init__(
        self, code: Code | str, message: str, details: Any = None, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = Code(code)
        self.message = message
        self.details = details
        self.headers = headers or {}

    @property
    def status(self) -> int:
        return STATUS[self.code]

    def envelope(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code.value, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        return {"success": False, "data": None, "error": error}


def not_found(noun: str, name: str) -> Problem:
    """``There is no approval 'apr-1'.``"""
    return Problem(Code.NOT_FOUND, f"there is no {noun} {name!r}")


def rate_limited(message: str, retry_after_seconds: int) -> Problem:
    """429 with ``Retry-After``."""
    return Problem(Code.RATE_LIMITED, message, headers={"Retry-After": str(max(1, retry_after_seconds))})


def pointer(path: Sequence[str | int]) -> str:
    """RFC 6901 JSON pointer of a path; the whole body is ``""``."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


_SECRET_FIELDS = frozenset(
    {
        *("password", "otp", "token", "api_key", "apiKey", "totp_secret", "secret", "code"),
        *("endpoint", "p256dh", "auth"),  # of a browser's subscription
    }
)


def invalid(error: ValidationError, *, prefix: str = "", sent: Any = None) -> Problem:
    """422 that names each field, what was expected and what came; values of secret fields are not repeated.

    ``sent``: what was read, so that a pointer has only steps that are in it.
    """
    details = []
    for row in error.errors(include_url=False):
        path = tuple(step for step in row["loc"] if not _is_union_tag(step))
        path = path if sent is None else _within(sent, path, missing=row["type"] == "missing")
        secret = any(isinstance(step, str) and step in _SECRET_FIELDS for step in path)
        whole = row["type"] == "missing" or not path
        came = None if whole else "(not shown)" if secret else _short(row["input"])
        expected = _expected(row)
        details.append(
            {
                "field": prefix + pointer(path),
                "message": row["msg"].removeprefix("Value error, "),
                "expected": expected,
                "got": came,
            }
        )
    first = details[0]
    where = first["field"] or "the body"
    return Problem(Code.VALIDATION_FAILED, f"{where}: {first['message']}", details)


def _expected(row: Any) -> str:
    kind, context = row["type"], row.get("ctx", {})
    if kind == "missing":
        return "a value"
    if kind == "extra_forbidden":
        return "no such field"
    if "expected" in context:
        return str(context["expected"])
    bounds = [
        f"{name} {context[name]}"
        for name in ("ge", "gt", "le", "lt", "min_length", "max_length")
        if name in context
    ]
    return ", ".join(bounds) or kind.removesuffix("_type").removesuffix("_parsing")


def _is_union_tag(step: str | int) -> bool:
    return isinstance(step, str) and ("[" in step or step.startswith("function-"))


def _within(sent: Any, path: tuple[str | int, ...], *, missing: bool) -> tuple[str | int, ...]:
    """A path without the names of the types that were tried on the way; ``missing``: its last step is not there."""
    found: list[str | int] = []
    for at, step in enumerate(path):
        if missing and at == len(path) - 1:
            found.append(step)
        elif step in (sent if isinstance(sent, dict) else range(len(sent)) if isinstance(sent, list) else ()):
            sent = sent[step]
            found.append(step)
    return tuple(found)


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


FAULTS = (Problem, UnavailableError, MalformedError, ValidationError)
"""What ``of_fault`` has an answer for."""


def of_fault(error: BaseException) -> Problem | None:
    """The answer for a fault of input or of the world; None when it is neither, that is: our own bug."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnavailableError):
        code = Code.AUDIT_UNAVAILABLE if error.port == "audit" else Code.UNAVAILABLE
        return Problem(
            code, f"the {error.port} is not available; nothing was done", headers={"Retry-After": "2"}
        )
    if isinstance(error, MalformedError):
        return Problem(Code.INVALID_REQUEST, str(error))
    if isinstance(error, ValidationError):
        return invalid(error)
    return None
