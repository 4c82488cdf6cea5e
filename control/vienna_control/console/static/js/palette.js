// Ctrl-K: a page, an action of this page, or a record by its id.

import { ask, el } from "./say.js";

const RECORDS = [
  [/^apr-/, (id) => `/console/approvals/${id}`, "Approval"],
  [/^int-/, (id) => `/console/traffic/${id}`, "Call"],
  [/^wrt-|^wnt-|^war-/, (id) => `/console/warrants/${id}`, "Warrant"],
  [/^agt-/, (id) => `/console/fleet/${id}`, "Agent"],
  [/^std-/, (id) => `/console/standing/${id}`, "Standing warrant"],
  [/^stp-/, (id) => `/console/freeze/${id}`, "Freeze"],
  [/^ent-|^evt-|^aud-/, (id) => `/console/audit/${id}`, "Entry"],
];

function offers() {
  const pages = [...document.querySelectorAll(".rail [data-go]")].map((link) => ({ name: link.querySelector(".name").textContent, go: link.getAttribute("href") }));
  const actions = [...document.querySelectorAll("main [data-key], main [data-offer]")].filter((one) => one.offsetParent)
    .map((one) => ({ name: one.dataset.keyName ?? one.dataset.offer ?? one.textContent.trim(), run: () => (one.matches("input, textarea, select") ? one.focus() : one.click()) }));
  const everywhere = [...document.querySelectorAll(".bar a[data-offer]")].map((link) => ({ name: link.dataset.offer, go: link.getAttribute("href") }));
  const records = [...document.querySelectorAll("main a[data-row]")].slice(0, 200).map((one) => ({ name: one.innerText.trim().replace(/\s+/g, " ").slice(0, 120), go: one.getAttribute("href") }));
  return [...actions, ...everywhere, ...pages, ...records];
}

function open() {
  if (document.querySelector("dialog[open]")) return;
  const all = offers();
  let found = [];
  let at = 0;
  const list = el("ul", { class: "palette", role: "listbox", id: "palette-list", "aria-label": "Found" });
  const input = el("input", { type: "search", autofocus: true, role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-label": "Page, action or id", placeholder: "Page, action or id" });
  const draw = () => {
    const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const record = RECORDS.find(([pattern]) => pattern.test(input.value.trim()));
    found = all.filter((one) => words.every((word) => one.name.toLowerCase().includes(word))).slice(0, 12);
    if (record) found.unshift({ name: `${record[2]} ${input.value.trim()}`, go: record[1](encodeURIComponent(input.value.trim())) });
    at = Math.min(at, Math.max(0, found.length - 1));
    list.replaceChildren(...found.map((one, index) => el("li", { role: "option", id: `palette-${index}`, "aria-selected": String(index === at), onclick: () => take(one) }, one.name)));
    input.setAttribute("aria-activedescendant", found.length ? `palette-${at}` : "");
  };
  const take = (one) => {
    list.closest("dialog").close();
    if (one.go) location.assign(one.go);
    else one.run();
  };
  input.addEventListener("input", () => { at = 0; draw(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") at = Math.min(found.length - 1, at + 1);
    else if (event.key === "ArrowUp") at = Math.max(0, at - 1);
    else if (event.key === "Enter" && found[at]) return event.preventDefault(), take(found[at]);
    else return;
    event.preventDefault();
    draw();
  });
  draw();
  ask("Go to", input, list);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") event.preventDefault(), open();
});
document.querySelector("[data-palette]")?.addEventListener("click", open);
