"""Settings that are for trying only: ``prod`` and ``staging`` do not start with them, ``GET /settings`` names them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vienna_control.config import Settings

_MIN_SECRET = 32
_MIN_VARIETY = 10


@dataclass(frozen=True, slots=True)
class Unsafe:
    """One of them.

    Attributes:
        name: Of the setting, as it is documented.
        what: What is so.
        do: What to do about it.
    """

    name: str
    what: str
    do: str


def unsafe(settings: Settings) -> Iterator[Unsafe]:
    """Each of them; none of a control plane that ``prod`` starts."""
    yield from _environment(settings)
    yield from _secret(settings)
    if settings.bootstrap is not None:
        yield Unsafe("bootstrap.operators", "'bootstrap' is for dev and test only", "remove the section")
    if settings.simulation:
        yield Unsafe("VIENNA_SIMULATION", "VIENNA_SIMULATION is on", "unset it")
    if settings.cors_origin == "*":
        yield Unsafe("VIENNA_CORS_ORIGIN", "VIENNA_CORS_ORIGIN is '*'", "name one origin, or unset it")
    if settings.warrant_algorithm == "hmac-sha256" and not settings.allow_hmac_warrants:
        yield Unsafe(
            "VIENNA_WARRANT_ALGORITHM",
            "VIENNA_WARRANT_ALGORITHM is hmac-sha256",
            "every gate that verifies a warrant could forge one. Unset it, or set VIENNA_ALLOW_HMAC_WARRANTS=true "
            "where all of them are yours",
        )
    if not (settings.control.public_url or "").startswith("https://"):
        yield Unsafe(
            "control.public_url",
            "control.public_url (VIENNA_PUBLIC_URL) is not an https URL",
            "set it to where people reach the control plane, like https://vienna.example.com; warrants name it as "
            "their issuer",
        )


def _environment(settings: Settings) -> Iterator[Unsafe]:
    if settings.lenient:
        yield Unsafe(
            "VIENNA_ENV",
            f"VIENNA_ENV is {settings.env}, where people log in without the code of their second factor",
            "set it to prod before agents reach anything that counts",
        )


def _secret(settings: Settings) -> Iterator[Unsafe]:
    if settings.secret is None:
        yield Unsafe(
            "VIENNA_SECRET_KEY",
            "VIENNA_SECRET_KEY is missing",
            "set it (or VIENNA_SECRET_KEY_FILE) to a secret made with 'openssl rand -hex 32' and keep it safe; "
            "without it the stored keys cannot be opened",
        )
        return
    secret = settings.secret.get_secret_value()
    if len(secret) < _MIN_SECRET or len(set(secret)) < _MIN_VARIETY:
        yield Unsafe(
            "VIENNA_SECRET_KEY",
            "VIENNA_SECRET_KEY is too weak",
            f"at least {_MIN_SECRET} random characters are needed; make one with 'openssl rand -hex 32'",
        )
