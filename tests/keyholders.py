"""Operators of the control plane's tests with passkeys of their own."""

from __future__ import annotations

from typing import Any

from passkey_kit import Authenticator
from people import People
from planes import Control


class Keyholders:
    """Operators at their keyboards, each with a software authenticator.

    Attributes:
        party: Whom their passkeys answer.
    """

    def __init__(self, control: Control, people: People) -> None:
        found = control.app.passkeys.party
        assert found is not None
        self.party = found
        self._people = people
        self.keys: dict[str, Authenticator] = {}
        self.ids: dict[str, str] = {}

    async def ask(self, who: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return await self._people.ask(who, method, path, body)

    def key(self, **more: Any) -> Authenticator:
        return Authenticator(party=self.party, **more)

    async def enrol(self, who: str, key: Authenticator | None = None) -> Authenticator:
        """Enrol a passkey; it is this person's from then on."""
        key = key or self.key()
        status, answer = await self.register(who, key)
        assert status == 201, answer
        self.keys[who], self.ids[who] = key, answer["data"]["id"]
        return key

    async def register(self, who: str, key: Authenticator, **lies: Any) -> tuple[int, Any]:
        _, asked = await self.ask(who, "POST", "/mfa/passkeys/options")
        made = key.registered(asked["data"]["public_key"], **lies)
        body = {
            "name": "laptop",
            "credential_id": made["id"],
            "client_data_json": made["response"]["clientDataJSON"],
            "attestation_object": made["response"]["attestationObject"],
        }
        return await self.ask(who, "POST", "/mfa/passkeys", body)

    async def asserted(self, who: str, path: str, body: Any = None, **lies: Any) -> dict[str, str]:
        """This person's answer to the challenge that is asked for there."""
        status, asked = await self.ask(who, "POST", path, body)
        assert status == 200, asked
        return self.keys[who].asserted(asked["data"]["public_key"], **lies)

    async def agree(self, who: str, approval_id: str, **lies: Any) -> tuple[int, Any]:
        answer = await self.asserted(who, f"/approvals/{approval_id}/challenge", **lies)
        return await self.ask(who, "POST", f"/approvals/{approval_id}/approve", {"webauthn": answer})

    async def sign(self, who: str, proposal_id: str) -> tuple[int, Any]:
        path = f"/roster/proposals/{proposal_id}"
        return await self.ask(who, "POST", f"{path}/sign", await self.asserted(who, f"{path}/challenge"))

    async def propose(self, who: str, **body: Any) -> str:
        status, answer = await self.ask(who, "POST", "/roster/proposals", body)
        assert status == 201, answer
        found: str = answer["data"]["proposal_id"]
        return found

    async def publish(self, *signers: str, **body: Any) -> dict[str, Any]:
        """Propose and sign until it is published; the roster's data."""
        proposal_id = await self.propose(signers[0], **body)
        for who in signers:
            status, answer = await self.sign(who, proposal_id)
            assert status == 200, answer
        assert answer["data"]["status"] == "published"
        _, answer = await self.ask(signers[0], "GET", "/roster")
        found: dict[str, Any] = answer["data"]
        return found

    def rows(self, *who: str) -> list[dict[str, str]]:
        return [{"passkey_id": self.ids[name]} for name in who]
