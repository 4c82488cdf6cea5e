"""Where a showcase is, for whoever looks at it from another process: nothing of the product is imported here."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from harness.vienna import Operator, Vienna

ROOT = Path(__file__).parents[2]
STATE = ROOT / "build" / "showcase.json"


@dataclass(kw_only=True)
class Showcase:
    """Where it is and what is in it.

    Attributes:
        ids: Of what is worth a look, by a name: ``approval_t2``, ``intent_drift``, ``agent_observing``, ``rule``, …
        vienna: The product itself; none when it runs in another process.
    """

    url: str
    people: dict[str, Operator]
    ids: dict[str, str]
    vienna: Vienna | None = field(default=None, repr=False)

    def cookies(self, who: str) -> httpx.Cookies:
        """A new session of that person."""
        person = self.people[who]
        body = {"username": person.email, "password": person.password, "otp": person.code()}
        answer = httpx.post(f"{self.url}/api/v1/auth/login", json=body, trust_env=False)
        if (
            answer.status_code == 401
        ):  # outside dev and test a code is asked for, and this one may have been used
            answer = httpx.post(f"{self.url}/api/v1/auth/login", json={**body, "otp": None}, trust_env=False)
        answer.raise_for_status()
        return answer.cookies

    def dump(self) -> str:
        everybody = {
            who: {"email": p.email, "password": p.password, "role": p.role, "groups": p.groups,
                  "totp_secret": p.totp_secret, "api_key": p.api_key}
            for who, p in self.people.items()
        }  # fmt: skip
        return json.dumps(
            {"pid": os.getpid(), "url": self.url, "people": everybody, "ids": self.ids}, indent=2
        )


def running(state: Path = STATE) -> Showcase | None:
    """The showcase that another process holds up, if one does."""
    try:
        told = json.loads(state.read_text())
        httpx.get(f"{told['url']}/health", trust_env=False).raise_for_status()
    except (OSError, ValueError, httpx.HTTPError):
        return None
    people = {
        who: Operator(**{key: value for key, value in one.items() if key != "api_key"})
        for who, one in told["people"].items()
    }
    return Showcase(url=told["url"], people=people, ids=told["ids"])
