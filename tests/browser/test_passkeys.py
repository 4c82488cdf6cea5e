"""Passkeys as a browser makes and uses them, against the running product: what our own authenticator only imitates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from harness import laws
from harness.vienna import Vienna, in_background

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-12345", "amount": "5000.00", "currency": "EUR"}

CLIENT = """
async ([key, steps]) => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const ask = async (path, body) => {
    const headers = { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
    const answer = await fetch(`/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const told = await answer.json();
    return { status: answer.status, ...told };
  };
  const named = (rows) => rows.map((row) => ({ ...row, id: bytes(row.id) }));
  const { public_key: options } = (await ask(steps.options, {})).data;
  options.challenge = bytes(options.challenge);
  if (steps.make) {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = named(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    return ask(steps.give, {
      name: "browser",
      credential_id: made.id,
      client_data_json: text(made.response.clientDataJSON),
      attestation_object: text(made.response.attestationObject),
    });
  }
  options.allowCredentials = named(options.allowCredentials);
  const { id, response } = await navigator.credentials.get({ publicKey: options });
  const answer = {
    credential_id: id,
    authenticator_data: text(response.authenticatorData),
    client_data_json: text(response.clientDataJSON),
    signature: text(response.signature),
  };
  return ask(steps.give, steps.as ? { [steps.as]: answer } : answer);
}
"""


class Person:
    """An approver at a browser of their own, with an authenticator that verifies them."""

    def __init__(self, page: Page, vienna: Vienna, name: str) -> None:
        self.key = vienna.people[name].api_key
        self._page = page
        page.goto(vienna.url.replace("127.0.0.1", "localhost") + "/console/")
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def does(self, *, key: bool = True, **steps: Any) -> Any:
        return self._page.evaluate(CLIENT, [self.key if key else "", steps])


@pytest.fixture
def pair(vienna: Vienna, new_page: NewPage) -> tuple[Person, Person]:
    return Person(new_page(), vienna, "alice"), Person(new_page(), vienna, "bob")


def test_two_people_enrol_come_in_and_agree_with_chromiums_own_authenticator(
    vienna: Vienna, pair: tuple[Person, Person]
) -> None:
    for person in pair:
        made = person.does(options="/mfa/passkeys/options", give="/mfa/passkeys", make=True)
        assert made["status"] == 201, made
        entered = person.does(key=False, options="/auth/passkey/options", give="/auth/passkey")
        assert entered["status"] == 200, entered
    assert entered["data"]["operator"]["email"] == vienna.people["bob"].email
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        path = f"/approvals/{vienna.pending()[0]['approval_id']}"
        for person in pair:
            agreed = person.does(options=f"{path}/challenge", give=f"{path}/approve", **{"as": "webauthn"})
            assert agreed["status"] == 200, agreed
        assert agreed["data"]["status"] == "approved"
        assert call.result().status_code == 200
    laws.check(vienna)
