// A test says what the service answered; a signing secret is made here and shown once.

document.addEventListener("vienna:sent", ({ target: form, detail: { data } }) => {
  if (!form.matches("[data-tried]")) return;
  const place = form.querySelector(".answer");
  place.className = `answer ${data.ok ? "good" : "problem"}`;
  const code = data.response_code === null ? "" : ` with ${data.response_code}`;
  place.textContent = data.ok ? `✓ It was taken${code}, after ${data.latency_ms} ms.` : `✗ It was not taken${code}, after ${data.latency_ms} ms: ${data.error}`;
});

document.querySelector("[data-make-secret]")?.addEventListener("click", ({ target: button }) => {
  const field = button.form.querySelector("[data-secret=secret]");
  field.type = "text";
  field.value = `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
  field.select();
});
