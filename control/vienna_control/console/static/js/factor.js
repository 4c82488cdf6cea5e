// A second factor of one's own: codes of an authenticator, with their recovery codes, or a passkey.
// Enrolled, the form dispatches `vienna:enrolled`; the page is read anew unless that is prevented.

import { Refusal, post } from "./api.js";
import { bodyOf, refresh, send, withStepUp } from "./form.js";
import { create, possible } from "./passkey.js";
import { ask, el } from "./say.js";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("form[data-offer]")) {
    const offer = await send(form);
    if (offer && (await confirmed(offer))) enrolled(form);
  } else if (form.matches("form[data-make-passkey]")) {
    if (await made(form)) enrolled(form);
  }
});

document.addEventListener("vienna:sent", async (event) => {
  if (!event.target.matches("form[data-shows-codes]")) return;
  await codes(event.detail.data.recovery_codes);
  refresh();
});

function enrolled(form) {
  if (form.dispatchEvent(new CustomEvent("vienna:enrolled", { bubbles: true, cancelable: true }))) refresh();
}

/** Shows a secret until a code of it was given; then the recovery codes. Whether it holds. */
async function confirmed(offer) {
  const picture = el("div", { class: "qr-place" });
  picture.append(...(await drawn(offer.otpauth_uri)));
  const form = el("form", { "data-api": "POST /mfa/totp/confirm", "data-own": true, "data-then": "none" },
    el("div", { class: "field" }, el("label", { for: "confirm-code" }, "The six digits that it shows"),
      el("input", { id: "confirm-code", name: "otp", required: true, inputmode: "numeric", autocomplete: "one-time-code", minlength: 6, maxlength: 10, autofocus: true })),
    el("p", { class: "problem", "data-problem": true, role: "alert" }),
    el("div", { class: "buttons" }, el("button", {}, "Confirm"),
      el("button", { type: "button", class: "quiet", onclick: () => form.closest("dialog").close("") }, "Cancel")));
  let made = null;
  form.addEventListener("submit", async () => {
    made = await send(form);
    if (made) form.closest("dialog").close("done");
  });
  await ask("Scan this with your authenticator", picture,
    el("p", {}, "or type the secret into it: ", el("code", { class: "secret", "data-secret": true }, offer.secret.replace(/(.{4})(?=.)/g, "$1 "))),
    el("p", {}, el("a", { href: offer.otpauth_uri }, "Open it in an app on this device")), form);
  if (made) await codes(made.recovery_codes);
  return Boolean(made);
}

async function drawn(uri) {
  const answer = await fetch("/console/settings/code", {
    method: "POST", body: JSON.stringify({ otpauth_uri: uri }),
    headers: { "Content-Type": "application/json", Accept: "text/html", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content },
  });
  if (!answer.ok) return []; // the secret stands below it
  return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-previewed]").childNodes;
}

/** Shows recovery codes until somebody says that they are kept. */
function codes(list) {
  const text = list.join("\n");
  const go = el("button", { disabled: true }, "Go on");
  return ask("Your recovery codes", el("p", { class: "note" }, "They are shown here and nowhere else. Each lets you in once, without your authenticator."),
    el("ol", { class: "codes" }, list.map((one) => el("li", {}, el("code", {}, one)))),
    el("div", { class: "buttons" }, el("button", { type: "button", class: "quiet small", "data-copy": text }, "Copy"),
      el("button", { type: "button", class: "quiet small", onclick: () => print() }, "Print")),
    el("form", { method: "dialog" }, el("label", { class: "check field" },
      el("input", { type: "checkbox", "data-kept": true, onchange: (event) => { go.disabled = !event.target.checked; } }), "I have kept them, apart from my authenticator"),
      el("div", { class: "buttons" }, go)));
}

async function made(form) {
  const place = form.querySelector("[data-problem]");
  place.textContent = "";
  if (!possible()) {
    place.textContent = "This browser makes no passkeys here. They need https, or localhost.";
    return null;
  }
  const { name, ...proof } = bodyOf(form);
  try {
    return await withStepUp(async () => {
      const { public_key: options } = await post("/mfa/passkeys/options", proof);
      return post("/mfa/passkeys", { name, ...(await create(options)) });
    });
  } catch (error) {
    place.textContent = error instanceof Refusal ? error.message : "No passkey was made. Try again, or set up codes.";
    return null;
  }
}
