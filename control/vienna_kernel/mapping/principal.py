"""Whose credential a call carries, in what stays the same from try to try.

People consent to a call made *as* someone: the same bytes with the key of the live account are another call than with
the key of the test account. What clients renew by themselves, and what still says whose it is, does not count: the
signature and date of AWS, the times of a JWT. A token that says nothing of its holder counts as it stands, so that with
a renewed one people are asked anew.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from vienna_kernel.call.request import Call

_RENEWED_CLAIMS = frozenset(
    {"iat", "exp", "nbf", "jti", "auth_time", "nonce", "at_hash", "c_hash", "uti", "rh", "aio"}
)
_DAY_SECONDS = 86_400
_TOKEN_LENGTH = 20  # shorter is a password that people think of: its digest in a record could be guessed back


def principal(call: Call) -> tuple[str, ...]:
    """What names the caller in ``Authorization``; empty without one. Total: what cannot be read counts as it stands."""
    line = call.header("authorization")
    if line is None:
        return ()
    scheme, _, rest = line.strip().partition(" ")
    read = _SCHEMES.get(scheme.lower())
    return (scheme.lower(), *(read(rest.strip()) if read else (rest.strip(),)))


def _basic(credentials: str) -> tuple[str, ...]:
    try:
        user, _, password = b64decode(credentials, validate=True).decode("latin-1").partition(":")
    except binascii.Error:
        return (credentials,)
    return (user, password if len(password) >= _TOKEN_LENGTH or not user else "")


def _bearer(token: str) -> tuple[str, ...]:
    return _claims(token) or (token,)


def _claims(token: str) -> tuple[str, ...] | None:
    """What a JWT says, but for its times. The upstream checks it; here it only has to be what a retry repeats."""
    pieces = token.split(".")
    if len(pieces) != 3:  # RFC 7519 section 3: header, claims, signature
        return None
    try:
        told = orjson.loads(urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("sub"), str) or not _is_short_lived(told):
        return None
    lasting = {name: value for name, value in told.items() if name not in _RENEWED_CLAIMS}
    return ("jwt", orjson.dumps(lasting, option=orjson.OPT_SORT_KEYS).decode())


def _is_short_lived(claims: Mapping[str, Any]) -> bool:
    """A key that lasts may be told from another of its owner by its ``jti`` alone."""
    begins, ends = claims.get("iat"), claims.get("exp")
    return isinstance(begins, int) and isinstance(ends, int) and 0 < ends - begins <= _DAY_SECONDS


def _aws(line: str) -> tuple[str, ...]:
    """``Credential=AKIA…/20260105/eu-west-1/s3/aws4_request, Signature=…``, without what has a time."""
    told = _fields(line, "Credential")
    if told is None or not told[0]:
        return (line,)
    key, _, scope = told[0].partition("/")
    return (key, scope.partition("/")[2])


def _oauth1(line: str) -> tuple[str, ...]:
    told = _fields(line, "oauth_consumer_key", "oauth_token", "realm")
    return told if told is not None and (told[0] or told[1]) else (line,)


def _digest(line: str) -> tuple[str, ...]:
    told = _fields(line, "username", "realm")
    return told if told is not None and told[0] else (line,)


def _fields(line: str, *names: str) -> tuple[str, ...] | None:
    """The values of some ``name=value`` of a line; None when one stands there twice: servers differ."""
    rows = [field.strip().partition("=") for field in line.split(",")]
    found = [[value.strip().strip('"') for key, _, value in rows if key.strip() == name] for name in names]
    return (
        None if any(len(values) > 1 for values in found) else tuple([(values or [""])[0] for values in found])
    )


_SCHEMES: dict[str, Callable[[str], tuple[str, ...]]] = {
    "basic": _basic,
    "bearer": _bearer,
    "token": _bearer,
    "aws4-hmac-sha256": _aws,
    "aws4-ecdsa-p256-sha256": _aws,
    "oauth": _oauth1,
    "digest": _digest,
}
