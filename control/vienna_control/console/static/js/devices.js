// This browser as a device that rings: whether it does, what for, and practising it.

import { refresh, send } from "./form.js";
import { forget, keep, mine, possible, subscription } from "./phone.js";
import { el } from "./say.js";

const box = document.querySelector("[data-device]");
const form = document.getElementById("subscribe");
const trouble = box.querySelector("[data-device-trouble]");
const only = form.querySelector("[data-only-hours]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
let filled = ""; // what the form was filled with: what somebody chose since stays

function guess() {
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac", "Linux"].find((name) => navigator.userAgent.includes(name));
  return system ?? "browser";
}

async function draw() {
  const told = await mine();
  const rings = Boolean(told) && Notification.permission === "granted";
  const state = box.querySelector("[data-device-state]");
  state.textContent = !possible() ? "cannot ring" : rings ? "rings" : Notification.permission === "denied" ? "blocked" : "silent";
  state.className = `tag ${rings ? "yes" : possible() ? "warn" : "no"}`;
  box.dataset.rings = rings ? "yes" : "no";
  if (!possible()) trouble.textContent = "This browser takes no pushes here: the console needs https. On an iPhone, put it on the home screen first.";
  form.hidden = !possible();
  form.querySelector("[data-forget]").hidden = !told;
  form.querySelector("[data-subscribe]").textContent = rings ? "Save" : "Ring this device";
  form.querySelector("[data-zone]").textContent = zone;
  form.querySelector("[data-zone-field]").value = zone;
  if (filled !== (filled = JSON.stringify(told))) fill(told);
  form.querySelector("[data-hours]").disabled = !only.checked;
}

function fill(told) {
  const hours = told?.routing?.hours;
  form.elements.name.value ||= told?.name ?? guess();
  only.checked = Boolean(hours);
  for (const tier of form.querySelectorAll("[name='routing.tiers']")) tier.checked = told?.routing?.tiers?.includes(tier.value) ?? false;
  if (!hours) return;
  form.elements["routing.hours.from"].value = hours.from;
  form.elements["routing.hours.to"].value = hours.to;
  for (const day of form.querySelectorAll("[name='routing.hours.days']")) day.checked = hours.days.includes(day.value);
}

form.addEventListener("submit", async () => {
  trouble.textContent = "";
  try {
    const made = await send(form, await subscription());
    if (!made) return;
    await keep({ id: made.subscription_id, name: made.name, routing: made.routing });
    changed();
  } catch (error) {
    trouble.textContent = error.message;
  }
});
form.querySelector("[data-forget]").addEventListener("click", async () => {
  await forget();
  changed();
});
only.addEventListener("change", () => {
  form.querySelector("[data-hours]").disabled = !only.checked;
});

document.addEventListener("htmx:after:swap", draw); // the server knows nothing of this browser

function changed() {
  draw();
  if (document.dispatchEvent(new CustomEvent("vienna:device", { cancelable: true }))) refresh();
}

document.getElementById("ring")?.addEventListener("submit", async (event) => {
  const place = document.getElementById("rung");
  place.textContent = "";
  const rung = await send(event.target);
  if (rung) place.replaceChildren(`${rung.devices === 1 ? "One device rings" : `${rung.devices} devices ring`}. Open it there, or `, el("a", { href: rung.url }, "here"), ".");
});

draw();
