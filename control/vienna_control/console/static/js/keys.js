// Keys. Never while somebody writes, never with a modifier.
//
//   j k        next and previous row ([data-row] in [data-rows])
//   /          the filter of the page ([data-filter])
//   g x        an area (data-go="x")
//   n p        next and previous page (rel=next, rel=prev)
//   ?          all keys, those of the screen included ([data-key], with its name)

import { ask, el } from "./say.js";

const writing = (target) => target.closest("input, textarea, select, [contenteditable], dialog");
let leading = 0;

const OWN = [
  ["j / k", "Next / previous row"],
  ["Enter", "Open"],
  ["/", "Filter"],
  ["Ctrl K", "Go to a page or a record"],
  ["?", "This list"],
];

function move(step) {
  const rows = [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => row.offsetParent);
  const at = rows.indexOf(document.activeElement.closest?.("[data-row]"));
  const row = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  row?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

function help() {
  const pages = [...document.querySelectorAll(".rail [data-go]")].map((link) => [`g ${link.dataset.go}`, link.querySelector(".name").textContent]);
  const here = [...document.querySelectorAll("[data-key]")].filter((one) => one.offsetParent).map((one) => [one.dataset.key, one.dataset.keyName ?? one.textContent.trim()]);
  const list = (rows) => el("dl", { class: "facts" }, rows.map(([key, name]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, name)]));
  const columns = el("div", { class: "halves" }, el("div", {}, list([...OWN, ...here])), el("div", {}, list(pages)));
  ask("Keys", columns, el("form", { method: "dialog", class: "buttons" }, el("button", { class: "quiet", autofocus: true }, "Close")));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target) || document.querySelector("dialog[open]")) return;
  const led = Date.now() - leading < 1500;
  leading = 0;
  if (led) {
    const link = document.querySelector(`.rail [data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  const own = [...document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`)].find((one) => one.offsetParent);
  if (own && !own.disabled) {
    event.preventDefault();
    if (own.matches("input, textarea, select")) own.focus();
    else own.click();
  } else if (event.key === "g") leading = Date.now();
  else if (event.key === "j" || event.key === "ArrowDown" && document.activeElement.matches?.("[data-row]")) event.preventDefault(), move(1);
  else if (event.key === "k" || event.key === "ArrowUp" && document.activeElement.matches?.("[data-row]")) event.preventDefault(), move(-1);
  else if (event.key === "/") event.preventDefault(), document.querySelector("[data-filter]")?.focus();
  else if (event.key === "?") event.preventDefault(), help();
});

document.querySelector("[data-keys]")?.addEventListener("click", help);
