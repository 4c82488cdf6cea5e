// One stream of events for the whole page; pages say what they want to hear.

const listeners = new Set();
const NAMES = [
  "approval_required", "approval_resolved", "approval_expired", "approval_escalated", "approval_changed",
  "action_executed", "action_failed", "policy_violation", "verification_mismatch", "alert", "agent_suspended", "reset",
];
let source = null;

export function open(state) {
  close();
  source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => state("on"));
  source.addEventListener("error", () => state("off"));
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      let data = {};
      try {
        data = JSON.parse(event.data);
      } catch {
        return;
      }
      for (const listener of [...listeners]) listener(name, data);
    });
  }
}

export function close() {
  source?.close();
  source = null;
}

/** Hear events until the returned function is called. */
export function hear(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls at most once in so many milliseconds, the last one always. */
export function gently(work, pause = 250) {
  let waiting = null;
  return () => {
    if (waiting === null) {
      waiting = setTimeout(() => {
        waiting = null;
        work();
      }, pause);
    }
  };
}
