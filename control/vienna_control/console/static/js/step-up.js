// A second factor, shown again: by code, or with a passkey.

import { Refusal, post } from "./api.js";
import { assert, possible } from "./passkey.js";
import { ask, el } from "./say.js";

const meta = (name) => document.querySelector(`meta[name=${name}]`);

/** Asks for one; whether it was shown. The session is another one after it, with a token of its own. */
export async function stepUp(why) {
  const problem = el("p", { class: "problem", role: "alert" });
  const code = el("input", { id: "step-up-code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10, autofocus: true });
  const form = el("form", {}, el("p", { class: "soft" }, why),
    el("div", { class: "field" }, el("label", { for: "step-up-code" }, "Your code"), code), problem,
    el("div", { class: "buttons" }, el("button", {}, "Go on"),
      possible() ? el("button", { type: "button", class: "quiet", onclick: () => show(withPasskey) }, "Use a passkey") : null,
      el("button", { type: "button", class: "quiet", onclick: () => form.closest("dialog").close("") }, "Cancel")));
  const withPasskey = async () => {
    const { public_key: options } = await post("/auth/passkey/options");
    const entered = await post("/auth/passkey", await assert(options));
    if (entered.operator.id !== meta("me").content) return location.reload();
    meta("csrf").content = entered.csrfToken;
  };
  const withCode = async () => {
    meta("csrf").content = (await post("/auth/step-up", { otp: code.value.trim() })).csrfToken;
  };
  async function show(how) {
    problem.textContent = "";
    try {
      await how();
      form.closest("dialog").close("shown");
    } catch (error) {
      problem.textContent = error instanceof Refusal || error.name === "NotAllowedError" ? said(error) : String(error);
    }
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(withCode);
  });
  return (await ask("Show that it is you", form)) === "shown";
}

function said(error) {
  return error.name === "NotAllowedError" ? "The passkey was not used. Try again, or give a code." : error.message;
}
