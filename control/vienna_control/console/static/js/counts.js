// What waits, beside the names of the areas, in the title and on the icon of an installed app.

import { get } from "./api.js";

const title = document.title;

function draw(name, count) {
  for (const badge of document.querySelectorAll(`[data-count="${name}"]`)) {
    badge.textContent = String(count);
    badge.hidden = !count;
  }
}

async function read() {
  try {
    const { total } = await get("/approvals?status=pending&limit=1");
    draw("inbox", total);
    document.title = total ? `(${total}) ${title}` : title;
    if (total) navigator.setAppBadge?.(total).catch(() => {});
    else navigator.clearAppBadge?.().catch(() => {});
  } catch {
    // a number that is not known is not shown anew; the page says itself that it is offline
  }
}

export function counts() {
  let timer = 0;
  document.body.addEventListener("vienna:approvals", () => {
    clearTimeout(timer);
    timer = setTimeout(read, 400);
  });
  const shown = Number(document.querySelector('[data-count="inbox"]')?.textContent ?? 0);
  if (shown) document.title = `(${shown}) ${title}`;
}
