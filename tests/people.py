"""What the people of the control plane's tests do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp

from planes import TOTP_SECRET, Control, key_of


class People:
    """Operators at their keyboards."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def code(self, steps_from_now: int = 0) -> str:
        """A TOTP code of everybody's secret, now."""
        return pyotp.TOTP(TOTP_SECRET).at(
            self._control.app.clock.now() + steps_from_now * timedelta(seconds=30)
        )

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
