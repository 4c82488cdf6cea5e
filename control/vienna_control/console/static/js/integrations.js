// A test says what the service answered; a signing secret is made here and shown once; none stays in a field once it is kept.

import { once } from "./once.js";

document.addEventListener("vienna:sent", ({ target: form, detail: { data } }) => {
  if (!form.matches("[data-tried]")) return;
  const place = form.querySelector(".answer");
  place.className = `answer ${data.ok ? "good" : "problem"}`;
  const code = data.response_code === null ? "" : ` with ${data.response_code}`;
  place.textContent = data.ok ? `✓ It was taken${code}, after ${data.latency_ms} ms.` : `✗ It was not taken${code}, after ${data.latency_ms} ms: ${data.error}`;
});

document.querySelector("[data-make-secret]")?.addEventListener("click", async ({ target: button }) => {
  const field = button.form.querySelector("[data-secret=secret]");
  field.value = `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
  await once("The signing secret", "Whoever receives these events tells by it that they come from here. It holds once this form is saved.", field.value);
});

document.addEventListener("vienna:sent", ({ target: form }) => {
  for (const field of form.querySelectorAll("[data-secret]")) field.value = "";
});
