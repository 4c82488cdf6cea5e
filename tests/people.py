"""The people of the control plane's tests: keys, groups and codes; and what they do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp

from planes import Control

CODE = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PEOPLE = {
    "ada": ("admin", ()),
    "alice": ("approver", ("finance",)),
    "bob": ("approver", ("finance",)),
    "carol": ("approver", ("devops",)),
    "xenia": ("approver", ("finance", "executive")),
    "oscar": ("operator", ()),
    "audrey": ("auditor", ()),
}
AGENT_KEY = "vos_test_k1_agent_0123456789abcdef"


def key_of(name: str) -> str:
    return f"vos_test_k1_{name}_0123456789abcdef"


def seeds(**agent: Any) -> dict[str, Any]:
    """``bootstrap`` with these people and the agent billing-bot."""
    return {
        "operators": [
            {
                "email": f"{name}@example.com",
                "role": role,
                "groups": list(groups),
                "api_key": key_of(name),
                "totp_secret": CODE,
            }
            for name, (role, groups) in PEOPLE.items()
        ],
        "agents": [{"name": "billing-bot", "api_key": AGENT_KEY, **agent}],
    }


class People:
    """Operators at their keyboards."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def code(self, steps_from_now: int = 0) -> str:
        """A TOTP code of everybody's secret, now."""
        return pyotp.TOTP(CODE).at(self._control.app.clock.now() + steps_from_now * timedelta(seconds=30))

    async def ask(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        status, answer, _ = await self._control.ask(
            method, f"/api/v1{path}", key=key_of(who), body=body, **more
        )
        return status, answer

    async def approve(self, who: str, approval_id: str, **body: Any) -> tuple[int, Any]:
        body.setdefault("otp", self.code())
        sent = {name: value for name, value in body.items() if value is not None}
        return await self.ask(who, "POST", f"/approvals/{approval_id}/approve", sent)

    async def deny(self, who: str, approval_id: str, reason: str = "not today") -> tuple[int, Any]:
        return await self.ask(who, "POST", f"/approvals/{approval_id}/deny", {"reason": reason})
