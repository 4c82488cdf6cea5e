// The queue as it was loaded stays: rows are renewed in place, what is decided stays where it was, and what is new waits
// behind a button, so that nothing moves under the cursor.

import { announce, toast } from "./say.js";
import { send } from "./form.js";
import { show } from "./time.js";

const AT_ONCE = 15;
const PAUSE = 400;
const queue = document.getElementById("queue");
const rows = document.getElementById("rows");
const news = document.getElementById("news");
const changed = new Set();
const fresh = new Set();
const waiting = new Map();
let timer = 0;
let lost = false;

/** The rows that an address answers, as elements. */
async function read(changes) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) address.searchParams.set(name, value);
  const answer = await fetch(address, { headers: { Accept: "text/html", "HX-Request": "true", "HX-Target": "ol#rows" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  show(page);
  return [...page.querySelectorAll("#rows > li")];
}

function take(set) {
  const ids = [...set].slice(0, AT_ONCE);
  for (const id of ids) set.delete(id);
  return ids;
}

async function renew() {
  try {
    if (changed.size) for (const row of await read({ these: take(changed).join(",") })) replace(row);
    if (fresh.size) for (const row of await read({ only: take(fresh).join(",") })) waiting.set(row.id, row);
  } catch {
    lost = true;
  }
  timer = 0; // only now: of two answers at once the older could come last
  tell();
  if (changed.size || fresh.size) soon();
}

const soon = () => (timer ||= setTimeout(renew, PAUSE));

/** A row in the place of the old one, which keeps the focus. */
function replace(row) {
  const old = document.getElementById(row.id);
  if (!old) return;
  const held = old.contains(document.activeElement);
  const decided = old.dataset.status === "pending" && row.dataset.status !== "pending";
  old.replaceWith(document.adoptNode(row));
  if (held) row.querySelector("[data-row]").focus();
  row.closest("form")?.dispatchEvent(new Event("change")); // what was chosen may be gone with the old one
  if (decided) announce(`${row.querySelector(".sentence").textContent}: ${row.dataset.status}`);
}

function tell() {
  if (!news) return;
  const count = waiting.size;
  const words = lost ? "Something was missed: load the list again" : `${count} new`;
  if (count && news.textContent !== words) announce(`${count === 1 ? "1 new request waits" : `${count} new requests wait`}. Press r to see.`);
  news.textContent = words;
  news.hidden = !count && !lost;
}

news?.addEventListener("click", () => {
  if (lost) return location.reload();
  const added = [...waiting.values()].sort((one, other) => (one.id < other.id ? 1 : -1)).map((row) => document.adoptNode(row));
  waiting.clear();
  rows.prepend(...added);
  rows.hidden = false;
  document.getElementById("nothing")?.remove();
  count();
  tell();
  added[0]?.querySelector("[data-row]").focus();
});

function count() {
  const shown = document.getElementById("shown");
  if (shown) shown.textContent = String(rows.childElementCount);
}

document.body.addEventListener("vienna:approvals", ({ detail }) => {
  if (!rows) return;
  if (detail.name === "reset") lost = true;
  const id = detail.approval_id;
  if (id && document.getElementById(id)) changed.add(id);
  else if (id && waiting.has(id) && detail.name !== "approval_required") waiting.delete(id);
  else if (id && detail.name === "approval_required" && queue?.dataset.liveQueue === "yes") fresh.add(id);
  soon();
});

// Older ones, beneath those that are there.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-more]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const added = [...page.querySelectorAll("#rows > li")].filter((row) => !document.getElementById(row.id)).map((row) => document.adoptNode(row));
    rows.append(...added);
    show(rows);
    const next = page.querySelector("a[data-more]");
    if (next) link.href = next.href;
    else link.remove();
    link.removeAttribute("aria-busy");
    count();
    added[0]?.querySelector("[data-row]").focus({ preventScroll: true });
    announce(`${added.length} older ones`);
  } catch {
    location.assign(link.href);
  }
});

// a and d on a row of T1 lead to its form.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !["a", "d"].includes(event.key)) return;
  const row = document.activeElement.closest?.("[data-row][data-tier]");
  if (!row || (row.dataset.tier !== "T1" && !(row.dataset.tier && event.key === "d"))) return;
  event.preventDefault();
  location.assign(`${row.getAttribute("href")}?do=${event.key === "a" ? "approve" : "deny"}`);
});

// Many alike ones, decided together.
const together = document.getElementById("together");
if (together) {
  const boxes = () => [...together.querySelectorAll("[data-each]")];
  const chosen = () => boxes().filter((box) => box.checked && !box.disabled);
  const draw = () => {
    for (const place of together.querySelectorAll("[data-chosen]")) place.textContent = `${chosen().length}`;
    for (const button of together.querySelectorAll("button[name=verdict]")) button.disabled = !chosen().length;
  };
  together.addEventListener("change", ({ target }) => {
    if (target.id === "all") for (const box of boxes()) if (!box.disabled) box.checked = target.checked;
    draw();
  });
  together.addEventListener("submit", async (event) => {
    const verdict = event.submitter?.value;
    if (!verdict) return;
    const reason = together.elements.reason;
    if (verdict === "deny" && !reason.value.trim()) {
      reason.setCustomValidity("A denial has a reason; the agents read it.");
      reason.reportValidity();
      reason.setCustomValidity("");
      return;
    }
    const approvals = chosen().map((box) => ({ id: box.dataset.each, shown_digest: box.dataset.digest }));
    const told = await send(together, { verdict, approvals });
    if (!told) return;
    for (const one of told.results) {
      const row = document.getElementById(one.approval_id);
      const box = row?.querySelector("[data-each]");
      if (box) box.checked = !(box.disabled = true);
      if (row && !one.ok) row.append(Object.assign(document.createElement("p"), { className: "result problem", textContent: one.message }));
      if (one.ok) changed.add(one.approval_id);
    }
    soon();
    draw();
    toast(`${told.counted} decided${told.refused ? `, ${told.refused} refused: see beside them` : ""}`, told.refused ? "no" : "");
  });
  draw();
}
