"""Consent by passkey through both processes: a gate that pins the roster, and somebody who writes votes themselves."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
import yaml

from harness import laws
from harness.vienna import Vienna, in_background
from passkey_kit import Authenticator
from vienna_control.passkeys.party import party_of

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-12345", "amount": "5000.00", "currency": "EUR"}


class Holder:
    """An approver with a software authenticator."""

    def __init__(self, vienna: Vienna, who: str) -> None:
        party = party_of(vienna.url)
        assert party is not None
        self.who, self._vienna, self._key = who, vienna, Authenticator(party=party)

    def enrol(self) -> str:
        made = self._key.registered(self._post("/mfa/passkeys/options")["public_key"])
        return str(
            self._post(
                "/mfa/passkeys",
                credential_id=made["id"],
                client_data_json=made["response"]["clientDataJSON"],
                attestation_object=made["response"]["attestationObject"],
            )["id"]
        )

    def sign(self, proposal_id: str) -> Any:
        path = f"/roster/proposals/{proposal_id}"
        return self._post(f"{path}/sign", **self._key.asserted(self._post(f"{path}/challenge")["public_key"]))

    def agree(self, approval: dict[str, Any], **narrowed: Any) -> Any:
        path, less = f"/approvals/{approval['approval_id']}", {"narrowed": narrowed} if narrowed else {}
        answer = self._key.asserted(self._post(f"{path}/challenge", **less)["public_key"])
        return self._post(f"{path}/approve", webauthn=answer, **less)

    def _post(self, path: str, **body: Any) -> Any:
        return self._vienna.post(path, self.who, **body)


@pytest.fixture
def holders(vienna: Vienna) -> tuple[Holder, Holder]:
    """Alice and bob, of the roster that the gate now pins."""
    pair = Holder(vienna, "alice"), Holder(vienna, "bob")
    added = [{"passkey_id": one.enrol()} for one in pair]
    made = vienna.post("/roster/proposals", "alice", add=added, quorum={"T2": {"people": 2}})
    for one in pair:
        one.sign(made["proposal_id"])
    (vienna.folder / "roster.json").write_text(json.dumps(vienna.get("/roster")["chain"][0]))
    settings = yaml.safe_load(vienna.config.read_text())
    settings["gate"]["consent"] = {"roster": "roster.json", "requests": ["POST payments.example/v1/refunds"]}
    vienna.config.write_text(yaml.safe_dump(settings))
    vienna.gate.kill()
    vienna.start_gate()
    return pair


def test_what_two_people_signed_is_sent_and_so_is_the_less_that_they_signed(
    vienna: Vienna, holders: tuple[Holder, Holder]
) -> None:
    alice, bob = holders
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        alice.agree(approval)
        assert bob.agree(approval)["status"] == "approved"
        assert call.result().status_code == 200
    other = {**REFUND, "order": "ORD-2"}
    with in_background(lambda: vienna.call("POST", REFUNDS, json=other)) as call:
        (approval,) = vienna.pending()
        alice.agree(approval, amount="3000")
        assert bob.agree(approval)["status"] == "approved"
        answer = call.result()
    assert (answer.status_code, answer.headers["vienna-narrowed"]) == (200, "amount 5000→3000")
    assert [one.json["amount"] for one in vienna.upstream.received] == ["5000.00", 3000]
    laws.check(vienna)


def test_votes_that_somebody_wrote_into_the_table_send_nothing(
    vienna: Vienna, holders: tuple[Holder, Holder]
) -> None:
    """One approver really agreed; the other's vote, and the decision, are written by who owns the database."""
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        holders[0].agree(approval)
        forge(vienna, approval["approval_id"])
        vienna.gate.kill()
        call.join(30)
    vienna.start_gate()
    answer = vienna.call("POST", REFUNDS, json=REFUND)
    assert (answer.status_code, answer.headers["vienna-reason"]) == (403, "consent_unproven")
    assert vienna.upstream.received == []
    with closing(sqlite3.connect(vienna.database)) as db:
        assert db.execute("SELECT count(*) FROM alerts WHERE kind = 'consent_unproven'").fetchone() == (1,)


def forge(vienna: Vienna, approval_id: str) -> None:
    """A second vote like the first, and the approval decided, as if the control plane had done it."""
    with closing(sqlite3.connect(vienna.database, timeout=10)) as db, db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM votes WHERE approval_id = ?", (approval_id,)).fetchone())
        bob = db.execute("SELECT id, email FROM operators WHERE email LIKE 'bob@%'").fetchone()
        row |= {"id": "vote-forged", "operator_id": bob["id"], "email": bob["email"]}
        names = ", ".join(row)
        db.execute(f"INSERT INTO votes ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
        db.execute(
            "UPDATE approvals SET status = 'approved', decided_at = created_at,"
            " redeem_until = '2999-01-01T00:00:00.000Z' WHERE id = ?",
            (approval_id,),
        )
        db.execute("UPDATE intents SET status = 'approved' WHERE approval_id = ?", (approval_id,))
