"""What a passkey said: whose it is, whether it answers a challenge of ours, and whether it may have been copied.

A signature counter that does not go up says that there are two of a key: the answer is refused, an alert raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from vienna_control import rows
from vienna_control.fleet.alerts import raise_alert
from vienna_control.passkeys import keys
from vienna_control.passkeys.challenges import Asked, Challenges
from vienna_control.store import Tx
from vienna_control.store.tables import passkeys
from vienna_kernel.consent.passkey import Answered, Assertion, Party, answered
from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import unb64url
from vienna_kernel.signing import strict_object
from vienna_kernel.verdict import Reason, Refused


@dataclass(frozen=True, slots=True)
class Given:
    """What ``navigator.credentials.get`` gave, binary members as base64url."""

    credential_id: str
    authenticator_data: str
    client_data_json: str
    signature: str

    def assertion(self) -> Assertion:
        """Errors: ``MalformedError``."""
        return Assertion(
            unb64url(self.authenticator_data), unb64url(self.client_data_json), unb64url(self.signature)
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A passkey answered.

    Attributes:
        row: The passkey.
        asked: What the challenge was made for.
    """

    row: rows.Row
    asked: Asked
    assertion: Assertion
    challenge: bytes


def take(tx: Tx, challenges: Challenges, given: Given, asked: Asked, party: Party) -> Answer | Refused:
    """Take one answer to a challenge that was asked for this. Whatever comes of it, the challenge is used up."""
    try:
        assertion = given.assertion()
        said = strict_object(assertion.client_data, "client data").get("challenge")
        challenge = unb64url(said if isinstance(said, str) else "")
    except MalformedError as error:
        return Refused(Reason.MFA_REQUIRED, str(error))
    found = challenges.take(tx, challenge, asked)
    if found is None:
        return Refused(
            Reason.MFA_REQUIRED,
            "the challenge is not known, was answered already, or has expired: ask for one",
        )
    row = keys.by_credential(tx.conn, given.credential_id)
    if row is None or (asked.operator_id is not None and row["operator_id"] != asked.operator_id):
        return Refused(Reason.MFA_REQUIRED, "this passkey is not enrolled")
    verdict = answered(assertion, keys.key_of(row), challenge=challenge, party=party)
    if isinstance(verdict, Refused):
        return Refused(Reason.MFA_REQUIRED, verdict.detail)
    if (copied := _counted(tx, row, verdict)) is not None:
        return copied
    return Answer(row, found, assertion, challenge)


def _counted(tx: Tx, row: rows.Row, now: Answered) -> Refused | None:
    """Move its counter on; or refuse a key of which there may be two. One that keeps none always says 0."""
    if (now.count or row["sign_count"]) and now.count <= row["sign_count"]:
        raise_alert(
            tx,
            tenant=row["tenant"],
            severity="critical",
            kind="passkey_copied",
            text=f"the counter of passkey {row['id']} of {row['operator_id']} went back: there may be two of it",
        )
        return Refused(Reason.MFA_REQUIRED, "the counter of this passkey went back: it may have been copied")
    rows.change(tx.conn, passkeys, row["id"], sign_count=now.count, backed_up=now.backed_up, used_at=tx.at)
    return None
