// The steps of the setup, as they come to be done: what stands in the forms is left alone.

import { announce } from "./say.js";

const EVERY = 2500;
let timer = 0;

async function look() {
  clearTimeout(timer);
  if (!document.hidden) {
    const answer = await fetch("/console/setup", { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.ok) draw((await answer.json()).data);
  }
  timer = setTimeout(look, EVERY);
}

function draw({ steps, last_call: call }) {
  const done = steps.filter((one) => one.done).length;
  for (const one of steps) {
    const line = document.querySelector(`[data-step="${one.name}"]`);
    const now = one.done ? "yes" : "no";
    if (line.dataset.done !== now && one.done) announce(`${one.title}: done`);
    line.dataset.done = now;
    line.querySelector("[data-said]").textContent = one.done ? "done" : "to do";
    line.querySelector("[data-detail]").textContent = one.detail;
  }
  document.querySelector("[data-progress]").value = done;
  document.querySelector("[data-count]").textContent = `${done} of ${steps.length} are done.`;
  const link = document.querySelector("[data-call]");
  link.hidden = !call;
  if (call) link.querySelector("a").href = `/console/traffic/${encodeURIComponent(call)}`;
}

document.addEventListener("vienna:sent", ({ target, detail }) => {
  if (target.matches("[data-tests]")) target.querySelector("[data-tested]").textContent = detail.data.ok ? `It arrived, in ${detail.data.latency_ms} ms.` : `It did not arrive: ${detail.data.error}`;
  look();
});
document.addEventListener("vienna:kept", look);
document.addEventListener("vienna:device", (event) => {
  event.preventDefault();
  look();
});
document.body.addEventListener("vienna:any", look);
document.addEventListener("visibilitychange", look);
timer = setTimeout(look, EVERY);
