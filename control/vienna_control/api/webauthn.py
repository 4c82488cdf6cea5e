"""What passkeys and the API say to each other: binary members as base64url, options as a browser takes them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vienna_control.api.problems import Code, Problem, rate_limited
from vienna_control.api.route import Context
from vienna_control.passkeys.answers import Given
from vienna_control.passkeys.challenges import LIFETIME, TooManyError
from vienna_control.store import Tx
from vienna_kernel.consent.passkey import Party
from vienna_kernel.verdict import Reason, Refused

type Bytes64 = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[A-Za-z0-9_-]+$")]

REFUSALS = {
    Reason.MFA_REQUIRED: Code.MFA_REQUIRED,
    Reason.APPROVAL_DECIDED: Code.ALREADY_DECIDED,
    Reason.NOT_AN_APPROVER: Code.FORBIDDEN,
    Reason.ALREADY_VOTED: Code.CONFLICT,
}


class AssertionBody(BaseModel):
    """What ``navigator.credentials.get`` gave: ``id``, and three members of its ``response``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    credential_id: Annotated[str, Field(min_length=1, max_length=1400, pattern=r"^[A-Za-z0-9_-]+$")]
    authenticator_data: Bytes64
    client_data_json: Bytes64
    signature: Bytes64

    def given(self) -> Given:
        return Given(self.credential_id, self.authenticator_data, self.client_data_json, self.signature)


class OptionsData(BaseModel):
    """Attributes: ``public_key`` goes to ``navigator.credentials``, its binary members made bytes of."""

    public_key: dict[str, Any]
    expires_at: str


class ChallengeData(OptionsData):
    """Attributes: ``statement``: what the challenge is the SHA-256 of, but for what every statement says."""

    statement: dict[str, Any]


def party(ctx: Context) -> Party:
    """Whom passkeys answer here. Raises 409 where no browser would make one."""
    found = ctx.app.passkeys.party
    if found is None:
        raise Problem(Code.CONFLICT, "passkeys need a control.public_url with https and a host name")
    return found


def problem(refused: Refused) -> Problem:
    return Problem(REFUSALS.get(refused.reason, Code.CONFLICT), refused.detail)


async def kept[T](ctx: Context, unit: Any) -> T:
    """The result of a unit; a refusal is told once what the unit wrote is kept. Raises 429 for too many asks."""

    def whole(tx: Tx) -> Any:
        try:
            return unit(tx)
        except TooManyError:
            return rate_limited("too many challenges wait for an answer", int(LIFETIME.total_seconds()))

    found = await ctx.app.store.write(whole)
    if isinstance(found, Refused):
        raise problem(found)
    if isinstance(found, Problem):
        raise found
    answer: T = found
    return answer
