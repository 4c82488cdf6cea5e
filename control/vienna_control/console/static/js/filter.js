// The line that a list is filtered with: keys and their values are offered while somebody writes (ARIA combobox).
// Values of a choice come from the API, names of agents from the fleet, others from the rows (`data-word`).

import { get } from "./api.js";
import { el } from "./say.js";

const MOST = 10;
const input = document.querySelector("input[data-complete]");
const list = el("ul", { role: "listbox", id: "q-offers", class: "offers", "aria-label": "Offers", hidden: true });
let known = null;
let offers = [];
let at = -1;

async function learn() {
  known ??= Promise.all([get("/filters/keys"), get("/fleet?limit=200").catch(() => ({ agents: [] }))]).then(([keys, fleet]) => ({
    keys: keys.screens[input.dataset.complete],
    agents: fleet.agents.map((agent) => agent.name),
  }));
  return known;
}

/** The term under the cursor: where it begins, and what is written of it so far. */
function term() {
  const before = input.value.slice(0, input.selectionStart);
  const written = /[^\s()"]*$/.exec(before)[0];
  const minus = written.startsWith("-") ? 1 : 0;
  return { from: before.length - written.length + minus, text: written.slice(minus) };
}

function valuesOf(key, { agents }) {
  if (key.values.length) return key.values;
  if (key.name === "agent" && input.dataset.complete === "traffic") return agents;
  const here = [...document.querySelectorAll(`[data-word="${CSS.escape(key.name)}"]`)].map((word) => word.textContent.trim());
  return [...new Set([...here.filter(Boolean), key.example])];
}

const quoted = (value) => (/[\s"()]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value);

async function offer() {
  const told = await learn().catch(() => null);
  if (!told || document.activeElement !== input) return hide();
  const { text } = term();
  const [name, value] = text.split(/:(.*)/s);
  if (value === undefined) {
    offers = name ? told.keys.filter((key) => key.name.startsWith(name.toLowerCase())).map((key) => ({ put: `${key.name}:`, says: key.says })) : [];
  } else {
    const key = told.keys.find((one) => one.name === name.toLowerCase());
    const fits = key ? valuesOf(key, told).filter((one) => one.toLowerCase().includes(value.toLowerCase()) && one !== value) : [];
    offers = fits.map((one) => ({ put: `${name}:${quoted(one)}`, shown: one, says: "" }));
  }
  offers = offers.slice(0, MOST);
  at = -1;
  draw();
}

function draw() {
  list.replaceChildren(...offers.map((one, index) => el("li", { role: "option", id: `q-offer-${index}`, "aria-selected": String(index === at), onmousedown: (event) => { event.preventDefault(); take(one); } }, el("code", {}, one.shown ?? one.put), one.says ? el("span", { class: "soft" }, one.says) : null)));
  list.hidden = !offers.length;
  input.setAttribute("aria-expanded", String(!list.hidden));
  if (at >= 0) input.setAttribute("aria-activedescendant", `q-offer-${at}`);
  else input.removeAttribute("aria-activedescendant");
}

function hide() {
  offers = [];
  draw();
}

function take(one) {
  const { from, text } = term();
  const more = one.put.endsWith(":") ? "" : " ";
  input.setRangeText(one.put + more, from, from + text.length, "end");
  if (more) hide();
  else offer();
}

function keys(event) {
  if (event.key === "Escape" && offers.length) hide();
  else if (event.key === "ArrowDown" && offers.length) at = Math.min(offers.length - 1, at + 1), draw();
  else if (event.key === "ArrowUp" && offers.length) at = Math.max(-1, at - 1), draw();
  else if ((event.key === "Tab" || event.key === "Enter") && at >= 0) take(offers[at]);
  else return;
  event.preventDefault();
}

if (input) {
  input.setAttribute("aria-controls", list.id);
  input.form.append(list);
  input.addEventListener("input", offer);
  input.addEventListener("keydown", keys);
  input.addEventListener("blur", hide);
  const wrong = document.querySelector(".misread mark");
  if (wrong) input.focus();
}
