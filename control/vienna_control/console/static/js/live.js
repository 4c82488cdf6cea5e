// What happens, as it happens. One stream for the page; each event becomes a DOM event on the body:
// `vienna:<name>` and `vienna:any`, and `vienna:approvals` for whatever changes the queue.

let source = null;

const EVENTS = [
  "reset", "action_executed", "action_failed", "agent_resumed", "agent_suspended", "alert", "alert_acknowledged",
  "approval_changed", "approval_escalated", "approval_expired", "approval_required", "approval_resolved", "break_glass",
  "freeze_changed", "policy_changed", "policy_violation", "standing_changed", "verification_mismatch", "warrant_revoked",
];

function tell(name, data) {
  const event = (called) => document.body.dispatchEvent(new CustomEvent(`vienna:${called}`, { detail: { name, ...data }, bubbles: true }));
  event(name);
  event("any");
  if (name.startsWith("approval") || name === "reset") event("approvals");
}

function state(name) {
  for (const shown of document.querySelectorAll("[data-live]")) {
    if (shown.dataset.state === name) continue;
    shown.dataset.state = name;
    shown.textContent = name === "on" ? "live" : "offline";
  }
}

export function open() {
  source?.close();
  // From when the page was read, so that nothing is missed in between; from the last that was heard when it is lost.
  source = new EventSource(`/api/v1/events?last_event_id=${document.querySelector("meta[name=heard]").content}`);
  source.addEventListener("open", () => state("on"));
  source.addEventListener("error", () => state("off"));
  const hear = (event) => tell(event.type, read(event.data));
  for (const name of EVENTS) source.addEventListener(name, hear);
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

window.addEventListener("pagehide", () => source?.close());
// A page that the browser kept may show what whoever sits here now may not see: it is read anew.
window.addEventListener("pageshow", (event) => (event.persisted ? location.reload() : null));
