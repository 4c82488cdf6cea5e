// One approval: the sentence first, then exactly what will be sent, why, who has decided; and yes or no.
// The answer is bound to what is shown here: if something else is asked by then, it does not count.

import { get, post } from "./api.js";
import { gently, hear } from "./live.js";
import { el, facts, text, tree, value, when } from "./safe.js";

const QUICK = ["Wrong customer or target", "The amount is not right", "Not now; ask again during working hours", "I do not know why this is wanted"];

export async function approvalPage(main, id, { announce }) {
  let one = await get(`/approvals/${id}`);
  const state = el("div");
  const deciding = el("div");
  main.replaceChildren(
    el("p", {}, el("a", { href: "#/" }, "← Inbox")),
    el("h1", { id: "sentence" }, text(one.shown.sentence)),
    ...one.shown.unusual.map((note) => el("p", { class: "note" }, text(note))),
    el(
      "div", { class: "columns" },
      el("div", {}, sent(one), meaning(one), why(one)),
      el("div", {}, el("section", { class: "box" }, el("h2", {}, "Where it stands"), state), deciding),
    ),
  );
  const draw = () => state.replaceChildren(standing(one));
  draw();
  deciding.replaceChildren(decide(one, refresh));

  async function refresh() {
    const fresh = await get(`/approvals/${id}`);
    const decided = fresh.status !== one.status || fresh.you_may_decide !== one.you_may_decide;
    one = fresh;
    draw();
    if (decided) {
      deciding.replaceChildren(decide(one, refresh));
      announce(`This request is ${one.status}.`);
    }
  }

  const again = gently(() => refresh().catch(() => {}));
  return hear((name, data) => (data.approval_id === id || data.intent_id === one.intent_id || name === "reset" ? again() : null));
}

function sent(one) {
  const request = one.shown.request;
  if (!request) {
    return el("section", { class: "box" }, el("h2", {}, "What the agent will be allowed to do"),
      el("p", { class: "muted" }, "No request is held: the agent gets a warrant for exactly this, and does it itself."));
  }
  return el(
    "section", { class: "box" }, el("h2", {}, "Exactly what will be sent"),
    facts([
      ["Request", el("span", { class: "value", id: "request" }, text(`${request.method} ${request.url}`))],
      ["Content", request.content_type ? text(`${request.content_type}, ${request.body_bytes} bytes`) : `${request.body_bytes} bytes`],
      ["Body digest", el("span", { class: "value" }, text(request.body_digest))],
    ]),
    request.headers.length ? [el("h2", {}, "Headers"), tree(Object.fromEntries(request.headers))] : null,
    request.body === null ? null : [el("h2", {}, "Body"), value(request.body)],
  );
}

function meaning(one) {
  return el(
    "section", { class: "box" }, el("h2", {}, "What it means"),
    one.shown.effect.map((part) => [
      facts([
        ["Action", el("span", { class: "value" }, text(part.action))],
        ["Target", el("span", { class: "value" }, text(part.target))],
        ["Effect", `${part.effect}, ${part.reversibility}`],
        ["Not said", part.undetermined.length ? text(part.undetermined.join(", ")) : null],
      ]),
      el("h2", {}, "Parameters"), tree(part.parameters),
    ]),
    Object.keys(one.shown.claimed ?? {}).length
      ? [el("h2", {}, "In the agent's own words (nobody has checked them)"), tree(one.shown.claimed)] : null,
  );
}

function why(one) {
  const explanation = one.explanation?.explanation ?? {};
  const parts = explanation.parts ?? [explanation];
  return el(
    "section", { class: "box" }, el("h2", {}, "Why you are asked"),
    parts.map((part) => [
      part.rule ? el("p", {}, "Rule ", el("strong", {}, text(part.rule.name || part.rule.id)), ` (${part.rule.source})`) : null,
      conditions(part.conditions),
      part.tier ? el("p", { class: "muted" }, `Tier ${part.tier.value}: `, part.tier.inputs.map((input) => `${input.from} ${input.tier}`).join("; ")) : null,
      part.risk ? el("p", { class: "muted" }, `Risk score ${part.risk.score} of 100`) : null,
    ]),
  );
}

function conditions(node) {
  const rows = leaves(node);
  if (!rows.length) return null;
  return el(
    "table", {},
    el("thead", {}, el("tr", {}, ...["Field", "Is", "Asked", ""].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.map((row) => el(
      "tr", {}, el("td", { class: "mono" }, text(row.field)), el("td", {}, value(row.actual ?? null)),
      el("td", { class: "mono" }, text(row.expected)), el("td", {}, text(row.result)),
    ))),
  );
}

function leaves(node) {
  if (!node) return [];
  if (node.field) return [node];
  return [...(node.all ?? []), ...(node.any ?? []), ...(node.not ? [node.not] : [])].flatMap(leaves);
}

function standing(one) {
  const votes = one.votes.map((vote) => el(
    "li", {}, text(vote.operator), vote.verdict === "approve" ? " approved" : " denied", vote.mfa ? ` with ${vote.mfa}` : "", ", ", when(vote.at),
    vote.comment ? el("div", { class: "muted" }, text(vote.comment)) : null,
  ));
  return el(
    "div", {},
    facts([
      ["Status", el("strong", { id: "status" }, one.status)],
      ["Tier", el("span", { class: `tag ${one.risk_tier}` }, one.risk_tier)],
      ["Agreed", `${one.current_approvals} of ${one.required_approvers}`],
      ["Asked", text(one.asked)],
      ["Still wanting", one.missing.length && one.status === "pending" ? text(one.missing.join("; ")) : null],
      ["Agent", el("span", { id: "agent-line" }, line(one))],
      ["Asked at", when(one.created_at)],
      [one.status === "pending" ? "Lapses" : "Decided", when(one.status === "pending" ? one.expires_at : one.decided_at ?? one.expires_at)],
      ["Reason", one.reason ? text(one.reason) : null],
      ["Intent", el("a", { href: `#/intents/${one.intent_id}` }, one.intent_id)],
    ]),
    votes.length ? el("ul", {}, votes) : null,
  );
}

function line(one) {
  if (one.status !== "pending") return "is not waiting any more";
  return one.agent_waiting ? "is waiting on the line" : "has hung up; it will be let through when it asks again";
}

function decide(one, done) {
  if (one.status !== "pending") return el("section", { class: "box muted" }, `This request is ${one.status}. A decided request never changes.`);
  if (!one.you_may_decide) return el("section", { class: "box muted", id: "may-not" }, "You may not decide this: ", text(one.why_not ?? "you are no approver"));
  return el("div", {}, approveForm(one, done), denyForm(one, done));
}

function approveForm(one, done) {
  const high = one.risk_tier === "T2" || one.risk_tier === "T3";
  const tail = Array.from(one.target).slice(-4).join("");
  const typed = high ? field("Type the last 4 characters of the target", "typed", { autocomplete: "off" }) : null;
  const code = one.mfa ? field("Your code", "otp", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10, required: true }) : null;
  const because = one.justification ? field("Justification", "justification", { required: true }, "textarea") : null;
  const undo = one.rollback_plan ? field("Rollback plan", "rollback_plan", {}, "textarea") : null;
  const comment = field("Comment for colleagues", "comment");
  const problem = el("p", { class: "problem", role: "alert" });
  const button = el("button", { type: "submit", id: "approve" }, "Approve");
  const form = el("form", { class: "box", id: "approve-form" }, el("h2", {}, "Yes"),
    typed && el("p", { class: "muted" }, "Target: ", el("span", { class: "value" }, text(one.target))),
    typed?.both, code?.both, because?.both, undo?.both, comment.both, el("div", { class: "buttons" }, button), problem);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (typed && typed.input.value !== tail) {
      problem.textContent = "These are not the last 4 characters of the target.";
      return;
    }
    const body = { shown_digest: one.shown_digest, comment: comment.input.value };
    if (code) body.otp = code.input.value.trim();
    if (because) body.justification = because.input.value;
    if (undo) body.rollback_plan = undo.input.value;
    send(`/approvals/${one.approval_id}/approve`, body, { button, problem, done });
  });
  return form;
}

function denyForm(one, done) {
  const reason = field("Reason (the agent reads it)", "reason", { required: true, maxlength: 2000 }, "textarea");
  const preview = el("p", { class: "preview", id: "preview" });
  const problem = el("p", { class: "problem", role: "alert" });
  const button = el("button", { type: "submit", class: "no", id: "deny" }, "Deny");
  const show = () => preview.replaceChildren("The agent will read: ", text(`Denied by a person: "${reason.input.value.replaceAll('"', "'").slice(0, 300)}". Do not retry; ask your user.`));
  const quick = QUICK.map((words) => el("button", { type: "button", class: "quiet", onclick: () => { reason.input.value = words; show(); } }, words));
  reason.input.addEventListener("input", show);
  show();
  const form = el("form", { class: "box", id: "deny-form" }, el("h2", {}, "No"), reason.both,
    el("div", { class: "buttons" }, quick), preview, el("div", { class: "buttons" }, button), problem);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(`/approvals/${one.approval_id}/deny`, { shown_digest: one.shown_digest, reason: reason.input.value }, { button, problem, done });
  });
  return form;
}

async function send(path, body, { button, problem, done }) {
  button.disabled = true;
  problem.textContent = "";
  try {
    await post(path, body);
    await done();
  } catch (error) {
    problem.textContent = error.message;
  }
  button.disabled = false;
}

function field(words, name, attributes = {}, tag = "input") {
  const input = el(tag, { id: `field-${name}`, name, ...attributes });
  return { input, both: [el("label", { for: `field-${name}` }, words), input] };
}
