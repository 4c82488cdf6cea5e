// A secret that is shown once: `data-once` names the field of the answer; what stands in the form's `<template>` comes in
// place of the form, with the secret in `[data-secret]`, and other fields of the answer in `[data-told]` and `href`.

import { el } from "./say.js";

document.addEventListener("vienna:sent", ({ target: form, detail: { data } }) => {
  const secret = form.dataset.once && data[form.dataset.once];
  if (!secret) return;
  const shown = form.querySelector("template").content.cloneNode(true);
  for (const place of shown.querySelectorAll("[data-secret]")) {
    place.append(el("code", {}, secret), " ", el("button", { type: "button", class: "quiet small", "data-copy": secret }, "Copy"));
  }
  for (const place of shown.querySelectorAll("[data-told]")) place.textContent = data[place.dataset.told] ?? "";
  for (const link of shown.querySelectorAll("a[data-of]")) link.href += encodeURIComponent(data[link.dataset.of]);
  const box = el("div", { class: "note plain once", role: "status", tabindex: "-1" }, ...shown.childNodes);
  form.replaceWith(box);
  box.focus();
});

// What may take a second person says in its answer whether it was done. The page is read anew either way: it says what
// waits for whom.
document.addEventListener("vienna:sent", ({ target: form, detail: { data } }) => {
  if (!form.matches("[data-step]")) return;
  if (data.change?.id) location.assign(`/console/policies/changes/${encodeURIComponent(data.change.id)}`);
  else location.reload();
});
