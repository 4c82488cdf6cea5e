"""Whose credential a call carries, in what stays the same from try to try.

People consent to a call made *as* someone: the same bytes with the key of the live account are another call than with
the key of the test account. What clients renew by themselves does not count: the signature and date of AWS, the times
in a JWT, tokens that live for an hour.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable

import orjson

from vienna_kernel.call.request import Call

# Tokens renewed within the hour, by how they begin: Google's, those of GitHub's apps, Slack's rotating ones.
_SHORT_LIVED = ("ya29.", "ghs_", "ghu_", "xoxe.")
_SHORT_LIVED_KEY = "ASIA"  # of AWS STS
_NAMING_CLAIMS = ("iss", "sub", "aud", "azp", "client_id", "tid", "oid", "org_id", "act")
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
    return (_lasting(user), _lasting(password) if len(password) >= _TOKEN_LENGTH or not user else "")


def _bearer(token: str) -> tuple[str, ...]:
    return _claims(token) or (_lasting(token),)


def _lasting(token: str) -> str:
    return next((start for start in _SHORT_LIVED if token.startswith(start)), token)


def _claims(token: str) -> tuple[str, ...] | None:
    """What a JWT says of its holder. The upstream checks it; here it only has to be one that a retry repeats."""
    pieces = token.split(".")
    if len(pieces) != 3:  # RFC 7519 section 3: header, claims, signature
        return None
    try:
        told = orjson.loads(urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    named = {name: told[name] for name in _NAMING_CLAIMS if name in told} if isinstance(told, dict) else {}
    return ("jwt", orjson.dumps(named, option=orjson.OPT_SORT_KEYS).decode()) if "sub" in named else None


def _aws(line: str) -> tuple[str, ...]:
    """``Credential=AKIA…/20260105/eu-west-1/s3/aws4_request, Signature=…``, without what has a time."""
    told = _fields(line, "Credential")
    if told is None or not told[0]:
        return (line,)
    key, *scope = told[0].split("/")
    return (_SHORT_LIVED_KEY if key.startswith(_SHORT_LIVED_KEY) else key, *scope[1:])


def _oauth1(line: str) -> tuple[str, ...]:
    return _fields(line, "realm", "oauth_consumer_key", "oauth_token") or (line,)


def _digest(line: str) -> tuple[str, ...]:
    return _fields(line, "realm", "username") or (line,)


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
