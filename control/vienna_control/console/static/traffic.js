// What agents did: every call, decided how; and everything about one.

import { get } from "./api.js";
import { gently, hear } from "./live.js";
import { el, facts, text, tree, value, when } from "./safe.js";

const STATUSES = ["", "executed", "observed", "pending_approval", "denied", "executing", "failed", "unknown", "expired", "cancelled"];

export async function trafficPage(main) {
  const status = el("select", { id: "filter-status" }, STATUSES.map((name) => el("option", { value: name }, name || "every status")));
  const host = el("input", { id: "filter-host", placeholder: "api.example.com" });
  const list = el("div", { class: "box list", id: "traffic" });
  const none = el("p", { class: "box muted" }, "No calls yet.");
  main.replaceChildren(
    el("h1", {}, "Traffic"),
    el("div", { class: "filters" }, el("div", {}, el("label", { for: "filter-status" }, "Status"), status), el("div", {}, el("label", { for: "filter-host" }, "Host"), host)),
    list, none,
  );

  async function refresh() {
    const query = new URLSearchParams({ limit: "100" });
    if (status.value) query.set("status", status.value);
    if (host.value.trim()) query.set("host", host.value.trim());
    const found = await get(`/intents?${query}`);
    list.replaceChildren(...found.intents.map(draw));
    list.hidden = found.intents.length === 0;
    none.hidden = found.intents.length > 0;
  }

  status.addEventListener("change", () => refresh().catch(() => {}));
  host.addEventListener("change", () => refresh().catch(() => {}));
  await refresh();
  const again = gently(() => (list.contains(document.activeElement) ? null : refresh().catch(() => {})), 1000);
  return hear(() => again());
}

function draw(one) {
  const bad = ["denied", "failed", "unknown", "expired", "cancelled"].includes(one.status);
  const would = one.would ? ` (enforced: ${one.would})` : "";
  return el(
    "a", { class: "row", href: `#/intents/${one.intent_id}` },
    el("span", { class: `tag ${bad ? "no" : "yes"}` }, one.status + would),
    el("span", { class: "line" }, text(one.agent), ": ", text(one.summary)),
    el("span", { class: `tag ${one.risk_tier}` }, one.risk_tier),
    el("span", { class: "sub" }, when(one.created_at), one.reason ? [" · ", text(one.reason)] : null, one.rule ? [" · rule ", text(one.rule)] : null),
  );
}

export async function intentPage(main, id) {
  const [one, story] = await Promise.all([get(`/intents/${id}`), get(`/intents/${id}/timeline`)]);
  main.replaceChildren(
    el("p", {}, el("a", { href: "#/traffic" }, "← Traffic")),
    el("h1", {}, text(one.agent), ": ", text(one.summary)),
    el("section", { class: "box" }, facts([
      ["Status", el("strong", {}, one.status)], ["Tier", one.risk_tier], ["Grade", one.grade],
      ["Request", one.url ? el("span", { class: "value" }, text(`${one.method} ${one.url}`)) : null],
      ["Reason", one.reason ? text(one.reason) : null], ["In words", one.detail ? text(one.detail) : null],
      ["The agent read", one.hint ? text(one.hint) : null],
      ["Enforced, it would be", one.would], ["At", when(one.created_at)],
      ["Approval", one.approval_id ? el("a", { href: `#/approvals/${one.approval_id}` }, one.approval_id) : null],
      ["Warrant", one.warrant ? `${one.warrant.warrant_id} (${one.warrant.status})` : null],
      ["Verification", one.verification ? one.verification.result : null],
    ])),
    one.parameters.map((part) => el("section", { class: "box" }, el("h2", {}, text(part.action)), tree(part.parameters))),
    one.execution ? el("section", { class: "box" }, el("h2", {}, "Execution"), value(one.execution)) : null,
    el("section", { class: "box" }, el("h2", {}, "In the trail"), el("ul", {}, story.events.map((event) => el("li", {}, text(event.type), ", ", when(event.at), el("span", { class: "muted" }, " by ", text(event.actor)))))),
  );
  return () => {};
}
