// What waits, beside the names of the areas, in the title and on the icon of an installed app; and whether anything is
// frozen.

import { get } from "./api.js";

const title = document.title;

function draw(counts) {
  for (const badge of document.querySelectorAll("[data-count]")) {
    const count = counts[badge.dataset.count];
    badge.textContent = String(count);
    badge.hidden = !count;
  }
  for (const banner of document.querySelectorAll("[data-frozen]")) banner.hidden = !counts.frozen;
  document.title = counts.pending ? `(${counts.pending}) ${title}` : title;
  if (counts.pending) navigator.setAppBadge?.(counts.pending).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
}

let asked = 0;

async function read() {
  const mine = ++asked;
  try {
    const told = await get("/counts");
    if (mine === asked) draw(told);
  } catch {
    // a number that is not known is not shown anew; the page says itself that it is offline
  }
}

const MOVING = ["vienna:approvals", "vienna:alert", "vienna:alert_acknowledged", "vienna:freeze_changed"];

export function counts() {
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(read, 400);
  };
  for (const event of MOVING) document.body.addEventListener(event, soon);
  const shown = Number(document.querySelector('[data-count="pending"]')?.textContent ?? 0);
  if (shown) document.title = `(${shown}) ${title}`;
}
