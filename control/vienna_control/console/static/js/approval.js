// One approval: consent and denial, each bound to what this page showed, and what becomes of it.

import "./held.js";
import { Refusal, me, post } from "./api.js";
import { send, withStepUp } from "./form.js";
import { assert, possible } from "./passkey.js";
import { announce, toast } from "./say.js";

const UNDO_SECONDS = 3;
const page = document.getElementById("approval");
const id = page.dataset.approval;
const DRAFT = `reason ${me()} ${id}`; // a session may end over a reason that is being written, and somebody else begin one
const part = (name) => document.getElementById(name);
const renew = (...names) => names.forEach((name) => part(name) && window.htmx.trigger(part(name), "renew"));

// What happens elsewhere.

const MOVING = ["state", "talk", "story"];

let signature = part("state").dataset.signature;
let acted = false;

/** After a decision of one's own: what stands in the place of the form has the focus. */
function decided() {
  acted = true;
  renew(...MOVING);
}

document.body.addEventListener("vienna:any", ({ detail }) => {
  if (detail.name === "reset" || detail.approval_id === id || detail.intent_id === page.dataset.intent) renew(...MOVING);
});

document.addEventListener("htmx:after:swap", () => {
  const now = part("state").dataset.signature;
  if (acted && !part("approve") && document.activeElement === document.body) part("decide").focus({ preventScroll: true });
  if (now === signature) return;
  const [was, is] = [signature.split("|"), now.split("|")];
  signature = now;
  if (is[1] !== was[1]) announce("What is asked has changed. Look again.");
  else if (is[0] !== was[0]) announce(`It is ${is[0]} now.`);
  renew("decide", "people", "head-request");
});

document.addEventListener("vienna:sent", ({ target }) => {
  if (!target.matches("[data-renews]")) return;
  target.reset();
  renew(...MOVING);
});

// Consent. `what`: further members of the body: less than was asked, or the next ones as well.

let undoing = null;

async function consent(what = {}, how = "") {
  const form = part("approve");
  if (!form || undoing || form.dataset.busy || !ready(form, how || factor(form))) return;
  const by = how || factor(form);
  if (form.dataset.guarded === "no" && part("state").dataset.waiting === "no" && !(await undone(form))) return;
  const told = by === "passkey" ? await withPasskey(form, what) : await send(form, what);
  if (!told) return;
  if (what.narrowed) return location.assign(location.pathname); // it is another request now
  after(told);
}

const factor = (form) => (!Number(form.dataset.passkeys) || form.elements.otp?.value ? "code" : "passkey");

/** Whether what this way asks for was filled in; says what was not. */
function ready(form, how) {
  const fields = [...form.elements].filter((field) => field.dataset.wanted || (how === "code" && ["last", "otp"].includes(field.name)));
  for (const field of fields) {
    const right = field.dataset.last === undefined ? field.value.trim() : field.value.trim().toLowerCase() === field.dataset.last.toLowerCase();
    field.setCustomValidity(right ? "" : field.dataset.last === undefined ? "This is needed." : "These are not its last four letters and digits.");
    if (right) continue;
    field.closest("details")?.setAttribute("open", "");
    field.reportValidity();
    field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
    return false;
  }
  return true;
}

/** A consent that nobody waits for is sent a moment later: there is time to take it back. Whoever leaves takes it back. */
async function undone(form) {
  const button = form.querySelector("button[data-key]");
  button.setAttribute("aria-disabled", "true");
  const sent = await new Promise((done) => {
    const timer = setTimeout(() => done(true), UNDO_SECONDS * 1000);
    const stop = () => (clearTimeout(timer), done(false));
    undoing = { stop, line: toast(`Approves in ${UNDO_SECONDS} s`, "", { action: { label: "Undo (Esc)", run: stop }, seconds: UNDO_SECONDS }) };
    announce(`Approves in ${UNDO_SECONDS} seconds. Escape takes it back.`);
  });
  undoing.line.remove();
  undoing = null;
  button.removeAttribute("aria-disabled");
  if (!sent) toast("Taken back. Nothing was sent.");
  return sent;
}

async function withPasskey(form, what) {
  if (!possible()) return refuse(form, "This browser has no passkeys. Use a code.");
  const { narrowed } = what;
  form.dataset.busy = "yes";
  try {
    const { public_key: options } = await withStepUp(() => post(`/approvals/${id}/challenge`, narrowed ? { narrowed } : {}));
    const webauthn = await assert(options);
    delete form.dataset.busy;
    return await send(form, { ...what, otp: undefined, webauthn });
  } catch (error) {
    const words = error instanceof Refusal ? error.message : "The passkey was not used. Nothing was sent; try again, or use a code.";
    if (error instanceof Refusal) renew("state");
    return refuse(form, words);
  } finally {
    delete form.dataset.busy;
  }
}

function refuse(form, words) {
  form.querySelector("[data-problem]").textContent = words;
  return null;
}

function after(told) {
  if (told.standing) toast("Asked others for the next ones.", "", { seconds: 15, action: { label: "Look", run: () => location.assign(`/console/approvals/${told.standing.approval_id}`) } });
  if (told.status === "approved") toast("Approved");
  else if (told.status === "pending") toast(`Counted. Still needed: ${told.missing.join("; ")}`);
  decided();
}

// Denial.

async function deny(form) {
  const suspend = form.elements.suspend?.checked;
  const reason = form.elements.reason.value;
  const told = await send(form);
  if (!told) return;
  sessionStorage.removeItem(DRAFT);
  toast("Denied. The agent reads your reason.");
  decided();
  if (suspend) await suspended(told, reason);
}

async function suspended({ approval_id: denied }, why) {
  const agent = page.dataset.agent;
  const reason = `${why} (${denied})`;
  try {
    const told = await withStepUp(() => post(`/fleet/${encodeURIComponent(agent)}/suspend`, { reason, level: "suspend" }));
    toast(told ? `${agent} is suspended` : `${agent} was not suspended`, told ? "" : "no");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(`Denied, and ${agent} was not suspended: ${error.message}`, "no", { seconds: 20 });
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.id === "approve") consent({}, event.submitter?.hasAttribute("data-by-code") ? "code" : "");
  else if (event.target.id === "deny-form") deny(event.target);
  else if (event.target.matches("#less-form, #standing-form")) event.preventDefault();
});

document.addEventListener("vienna:refused", ({ target, detail: { error } }) => {
  if (["already_decided", "conflict"].includes(error.code) || error.status === 0) renew("state");
  if (error.code === "already_decided") toast(error.message, "no");
});

document.addEventListener("click", (event) => {
  const at = (name) => event.target.closest(`[${name}]`);
  if (at("data-passkey")) consent({}, "passkey");
  else if (at("data-to-deny")) part("deny").open = true;
  else if (at("data-consent")) consent(JSON.parse(at("data-consent").dataset.consent));
  else if (at("data-show-preview")) at("data-show-preview").form.elements[0].dispatchEvent(new Event("input", { bubbles: true }));
  else if (at("data-reason")) {
    const field = part("deny-form").elements.reason;
    field.value = [field.value.trim(), at("data-reason").dataset.reason].filter(Boolean).join("; ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  } else if (at("data-tab") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    tab(at("data-tab"));
  }
});

// What a preview says of what was written before is gone at once: nobody consents to what they changed since.
document.addEventListener("input", ({ target }) => {
  const form = target.closest("#less-form, #standing-form");
  if (form) document.querySelector(form.dataset.previewInto).replaceChildren();
  if (target.form?.id === "deny-form" && target.name === "reason") sessionStorage.setItem(DRAFT, target.value);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") undoing?.stop();
});

document.addEventListener("toggle", (event) => {
  if (event.target.id === "deny" && event.target.open) part("deny-form").elements.reason.focus();
}, true);

// What stands behind it.

function tab(link) {
  history.replaceState(null, "", link.href);
  for (const one of link.parentElement.querySelectorAll("a")) one.toggleAttribute("aria-current", false);
  link.setAttribute("aria-current", "page");
  for (const panel of document.querySelectorAll(".panel")) panel.classList.toggle("now", panel.id === `panel-${link.dataset.tab}`);
}

if (matchMedia("(max-width: 46rem)").matches && !new URLSearchParams(location.search).has("tab")) part("evidence").open = false;

const wanted = new URLSearchParams(location.search).get("do");
const kept = sessionStorage.getItem(DRAFT);
if ((wanted === "deny" || kept) && part("deny")) {
  part("deny").open = true;
  part("deny-form").elements.reason.value = kept ?? "";
} else if (wanted === "approve") (part("approve")?.querySelector("[data-key=a], [data-passkey]") ?? part("approve")?.elements.last)?.focus();
