// What an answer shows once: `data-once="url"` names the member of the answer, `data-once-title` and `data-once-hint`
// say what it is, and the template of `data-once-lines` what is typed with it, with {members} of the answer.

import { refresh } from "./form.js";
import { ask, el } from "./say.js";

document.addEventListener("vienna:sent", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  const { data } = event.detail;
  await once(form.dataset.onceTitle, form.dataset.onceHint, data[form.dataset.once], lines(form.dataset.onceLines, data));
  form.reset();
  document.dispatchEvent(new CustomEvent("vienna:kept"));
  if (!form.closest("[data-stays]")) refresh();
});

function lines(id, data) {
  const text = id ? document.getElementById(id).content.textContent : "";
  return text.replace(/\{(\w+)\}/g, (_, name) => data[name] ?? "");
}

/** A dialog with a secret to copy, which is gone afterwards. */
export function once(title, hint, secret, commands = "") {
  const copied = (text) => el("button", { type: "button", class: "quiet small", "data-copy": text }, "Copy");
  return ask(title, el("p", { class: "note" }, "It is shown here and nowhere else."),
    el("p", { class: "secret", "data-secret": true }, secret), copied(secret), el("p", { class: "field" }, hint),
    commands ? [el("pre", { class: "command" }, commands), copied(commands)] : [],
    el("form", { method: "dialog", class: "buttons" }, el("button", {}, "I have kept it")));
}
