"""The people of the story: their keys, and the codes of their authenticators."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import pyotp

from vienna_client import ViennaClient


@dataclass(frozen=True)
class Person:
    """One operator.

    Attributes:
        api_key: As ``bootstrap`` gives it.
        totp_secret: Base32, shared with an authenticator.
    """

    name: str
    role: str
    groups: tuple[str, ...] = ()
    api_key: str = field(default_factory=lambda: f"vos_live_k1_{secrets.token_urlsafe(32)}")
    totp_secret: str = field(default_factory=pyotp.random_base32)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    def code(self) -> str:
        """The six digits that the authenticator shows now."""
        return pyotp.TOTP(self.totp_secret).now()

    def client(self, url: str) -> ViennaClient:
        """The control plane, spoken to as this person."""
        return ViennaClient(url, api_key=self.api_key, use_proxy=False)

    def seed(self) -> dict[str, Any]:
        """A row of ``bootstrap.operators``."""
        return {
            "email": self.email,
            "password": self.password,
            "role": self.role,
            "groups": list(self.groups),
            "api_key": self.api_key,
            "totp_secret": self.totp_secret,
        }


def cast() -> dict[str, Person]:
    """Everyone: an admin, and four people of finance, since a code counts once and two refunds are approved."""
    people = [
        Person("root", "admin"),
        Person("alice", "approver", ("finance", "devops")),
        Person("bob", "approver", ("finance",)),
        Person("carol", "approver", ("finance",)),
        Person("dan", "approver", ("finance",)),
    ]
    return {person.name: person for person in people}
