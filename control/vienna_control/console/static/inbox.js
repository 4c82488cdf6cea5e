// Pending approvals, the oldest first: a new one joins at the end and moves nothing under the cursor.

import { get } from "./api.js";
import { gently, hear } from "./live.js";
import { el, text, when } from "./safe.js";

const page = () => get("/approvals?status=pending&limit=200");

export async function pendingCount() {
  return (await page()).total;
}

export async function inboxPage(main, { announce, counted }) {
  const list = el("div", { class: "box list", id: "inbox" });
  const none = el("p", { class: "box muted", id: "empty" }, "Nothing waits for you. New requests appear here by themselves.");
  const known = new Map();
  main.replaceChildren(el("h1", {}, "Waiting for people"), list, none);

  async function refresh(first) {
    const found = await page();
    const waiting = new Set(found.approvals.map((one) => one.approval_id));
    for (const [id, row] of known) {
      if (!waiting.has(id) && !row.classList.contains("over")) {
        row.classList.add("over");
        row.querySelector(".state").replaceChildren("decided");
      }
    }
    for (const one of found.approvals.toReversed()) {
      const row = draw(one);
      if (known.has(one.approval_id)) {
        const old = known.get(one.approval_id);
        const focused = document.activeElement === old;
        old.replaceWith(row);
        if (focused) row.focus();
      } else {
        list.append(row);
        if (!first) announce(`New request: ${one.sentence}`);
      }
      known.set(one.approval_id, row);
    }
    none.hidden = known.size > 0;
    list.hidden = known.size === 0;
    counted(found.total);
  }

  await refresh(true);
  const again = gently(() => refresh(false).catch(() => {}));
  const stop = hear((name) => name.startsWith("approval_") || name === "reset" ? again() : null);
  const keys = (event) => move(event, list);
  document.addEventListener("keydown", keys);
  return () => {
    stop();
    document.removeEventListener("keydown", keys);
  };
}

function draw(one) {
  const waits = one.agent_waiting ? el("span", { class: "tag yes" }, "on the line") : el("span", { class: "tag" }, "hung up");
  return el(
    "a", { class: "row", href: `#/approvals/${one.approval_id}`, "data-id": one.approval_id },
    el("span", { class: `tag ${one.risk_tier}` }, one.risk_tier),
    el("span", { class: "line" }, text(one.sentence)),
    el("span", { class: "state" }, `${one.current_approvals} of ${one.required_approvers}`),
    el(
      "span", { class: "sub" }, waits, " ", one.rule?.name ? [text(one.rule.name), " · "] : null, "lapses ", when(one.expires_at),
      one.you_may_decide === false ? el("span", {}, " · you may not decide: ", text(one.why_not ?? "")) : null,
    ),
  );
}

function move(event, list) {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const rows = [...list.querySelectorAll(".row")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
}
