// A list that does not move under anybody's hands: new rows wait in a pill until they are asked for, and a row whose
// state changed is replaced where it stands.
//
//   data-fresh         address of the list (no: it is not the newest page), on the element that htmx calls by its id
//   data-fresh-rows    the rows: elements with an id, newest first, and `data-state`
//   data-fresh-pill    the button that shows the new ones
//   data-fresh-noun    what a row is called; `data-fresh-nouns`: several, where it is not the noun with an s
//   data-fresh-on      events of `live.js` after which to look, between spaces
//
// Parts beside it hear of them on the body: `vienna:waiting` once new ones wait, `vienna:shown` once they are shown.

import { announce } from "./say.js";
import { show } from "./time.js";

const SOON = 700;
const ANYWAY = 3_000;  // what is let go without asking makes no event
const MOST = 50;

const list = document.querySelector("[data-fresh]");
const pill = document.querySelector("[data-fresh-pill]");
let waiting = [];
let timer = 0;
let asking = false;
let newest = "";

const rowsIn = (root) => [...(root.querySelector("[data-fresh-rows]")?.children ?? [])];

async function look() {
  timer = 0;
  if (asking || document.visibilityState !== "visible") return;
  asking = true;
  try {
    const answer = await fetch(list.dataset.fresh, { headers: { Accept: "text/html", "HX-Request": "true", "HX-Target": `div#${list.id}` } });
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(list.id));
  } catch {
    // The line at the top says that we are offline; the next look may do better.
  } finally {
    asking = false;
  }
}

function take(told) {
  const rows = rowsIn(told);
  const known = new Map(rowsIn(list).map((row) => [row.id, row]));
  const first = rowsIn(list)[0]?.id ?? "";
  for (const row of rows) {
    const old = known.get(row.id);
    if (old && old.dataset.state !== row.dataset.state) renew(old, row);
  }
  waiting = rows.filter((row) => !known.has(row.id) && row.id > first);
  const more = waiting.length === rows.length && rows.length >= MOST ? "+" : "";
  pill.hidden = !waiting.length;
  const noun = list.dataset.freshNoun;
  const words = `${waiting.length}${more} new ${waiting.length === 1 ? noun : (list.dataset.freshNouns ?? `${noun}s`)}`;
  if (waiting.length && pill.textContent !== words) {
    pill.textContent = words;
    announce(words);
  }
  if (waiting.length && waiting[0].id !== newest) tell("waiting");
  newest = rows[0]?.id ?? "";
}

const tell = (what) => document.body.dispatchEvent(new CustomEvent(`vienna:${what}`));

function renew(old, row) {
  const focused = old.contains(document.activeElement);
  const fresh = document.importNode(row, true);
  old.replaceWith(fresh);
  show(fresh);
  if (focused) fresh.querySelector("[data-row]")?.focus();
}

function open() {
  const rows = list.querySelector("[data-fresh-rows]");
  if (!rows || waiting.length >= MOST) {
    location.assign(list.dataset.fresh);
    return;
  }
  rows.prepend(...waiting.map((row) => document.importNode(row, true)));
  show(rows);
  waiting = [];
  pill.hidden = true;
  rows.querySelector("[data-row]")?.focus();
  tell("shown");
}

if (list && pill && list.dataset.fresh !== "no") {
  const soon = () => (timer ||= setTimeout(look, SOON));
  for (const name of list.dataset.freshOn.split(" ")) document.body.addEventListener(`vienna:${name}`, soon);
  document.addEventListener("visibilitychange", soon);
  setInterval(look, ANYWAY);
  pill.addEventListener("click", open);
}
