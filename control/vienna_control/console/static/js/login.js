// Coming in, before there is a session: password and then a second factor, or a passkey alone.

import "./form.js";
import { Refusal, post } from "./api.js";
import { assert, possible } from "./passkey.js";
import { record } from "./phone.js";

const form = document.getElementById("login");
const second = document.getElementById("second");
const other = document.getElementById("other");
const button = document.getElementById("with-passkey");
const problem = form.querySelector("[data-problem]");

button.hidden = !possible();
button.addEventListener("click", () => withPasskey("No passkey was used. Try again, or use your password."));

async function withPasskey(otherwise) {
  problem.textContent = "";
  try {
    const { public_key: options } = await post("/auth/passkey/options");
    await post("/auth/passkey", await assert(options));
    location.assign(button.dataset.next);
  } catch (error) {
    problem.textContent = error instanceof Refusal ? error.message : otherwise;
  }
}

// The password held, and more is needed: that is a step of its own, not something that went wrong.
form.addEventListener("vienna:refused", ({ detail: { error } }) => {
  if (error.code !== "mfa_required") return;
  const codes = error.details?.factors?.includes("totp") ?? true;
  problem.textContent = codes ? "" : "You have passkeys and no codes: use one.";
  step(2);
  form.querySelector("[data-totp]").hidden = !codes;
  (codes ? form.elements.otp : button).focus();
});

other.addEventListener("click", () => {
  form.reset();
  problem.textContent = "";
  step(1);
  form.elements.email.focus();
});

function step(number) {
  document.getElementById("first").hidden = number === 2;
  second.hidden = second.disabled = number === 1;
  other.hidden = number === 1;
}

// Where a device rings, its owner was just rung: their passkey is asked for at once.
if (possible() && (await record())) withPasskey("");
