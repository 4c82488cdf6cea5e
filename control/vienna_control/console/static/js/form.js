// A form says what it asks of the API: `data-api="POST /approvals/x/approve"`. Its fields become the JSON body, what is
// wrong is said beside the field, a second factor is asked for when it is needed, and then it is sent again.
//
//   name="a.b.0"       nested; numbers are places in a list
//   name="*"           (JSON) an object whose members are the body's
//   data-type          string (else), number, boolean, json, list (commas or lines), seconds (30m, 2h, 1d), ahead (the
//                      instant so far from now)
//   data-keep          sent although it is empty
//   data-unsent        not sent
//   data-then          reload (else), go:/console/…  ({field} of the answer), say:words, none
//   data-confirm       asks first, with these words
//   data-preview       address of the console that shows what this would be, into the element of `data-preview-into`

import { Refusal, call } from "./api.js";
import { ask, el, toast } from "./say.js";
import { stepUp } from "./step-up.js";

const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

export class FieldError extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** The body that a form stands for. Raises `FieldError`. */
export function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.matches(":disabled") || "unsent" in field.dataset) continue;
    if (field.type === "radio" && !field.checked) continue;
    if (field.type === "checkbox" && field.hasAttribute("value")) {
      if (field.checked) put(body, `${field.name}.${at(body, field.name)?.length ?? 0}`, field.value);
      continue;
    }
    const value = read(field);
    if (value !== undefined) put(body, field.name, value);
  }
  return body;
}

function at(body, name) {
  return name.split(".").reduce((inner, step) => inner?.[step], body);
}

function read(field) {
  if (field.type === "checkbox") return field.checked;
  const text = field.value;
  if (text === "") return "keep" in field.dataset ? (field.dataset.type === "list" ? [] : "") : undefined;
  switch (field.dataset.type) {
    case "number":
      if (!Number.isFinite(Number(text))) throw new FieldError(field, "This is no number.");
      return Number(text);
    case "boolean":
      return text === "true";
    case "list":
      return text.split(/[\n,]/).map((part) => part.trim()).filter(Boolean);
    case "json":
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new FieldError(field, `This is not JSON: ${error.message}`);
      }
    case "seconds":
      return seconds(field, text);
    case "ahead":
      return new Date(Date.now() + 1000 * seconds(field, text)).toISOString();
    default:
      return text;
  }
}

function seconds(field, text) {
  const match = /^(\d+)\s*([smhdw]?)$/.exec(text.trim());
  if (!match) throw new FieldError(field, "A length of time looks like 30m, 2h or 1d.");
  return Number(match[1]) * UNITS[match[2] || "s"];
}

function put(body, name, value) {
  if (name === "*") {
    Object.assign(body, value);
    return;
  }
  const steps = name.split(".");
  let inner = body;
  for (const [index, step] of steps.slice(0, -1).entries()) {
    if (!Object.hasOwn(inner, step)) inner[step] = /^\d+$/.test(steps[index + 1]) ? [] : {};
    inner = inner[step];
  }
  inner[steps.at(-1)] = value;
}

/** Sends a form, once; answers the API's data, or null when it was refused or given up. `more`: beside its fields. */
export async function send(form, more = {}) {
  if (form.dataset.busy) return null;
  forget(form);
  let body;
  try {
    body = { ...bodyOf(form), ...more };
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    say(form, error.field, error.message);
    return null;
  }
  if (form.dataset.confirm && !(await confirmed(form))) return null;
  form.dataset.busy = "yes";
  const buttons = [...form.querySelectorAll("button:not([type=button])")].filter((button) => !button.disabled);
  for (const button of buttons) button.disabled = true;
  try {
    const data = await withStepUp(() => request(form, body));
    if (data === null) return null;
    form.dispatchEvent(new CustomEvent("vienna:sent", { detail: { data, body }, bubbles: true }));
    then(form, data ?? {});
    return data ?? {};
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    tell(form, error);
    form.dispatchEvent(new CustomEvent("vienna:refused", { detail: { error }, bubbles: true }));
    return null;
  } finally {
    delete form.dataset.busy;
    for (const button of buttons) button.disabled = false;
  }
}

/** Runs what may want a fresh second factor: asks for one then, and runs it again. Null: given up. */
export async function withStepUp(run) {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "mfa_required" || !error.details?.step_up) throw error;
    return (await stepUp(error.message)) ? run() : null;
  }
}

function request(form, body) {
  const [method, path] = form.dataset.api.split(" ");
  return call(method, path, method === "GET" || (method === "DELETE" && !Object.keys(body).length) ? undefined : body);
}

/** Asks with the form's own words; its consent looks as dangerous as the button that sends it. */
async function confirmed(form) {
  const { confirm: words, confirmLabel: label = "Yes" } = form.dataset;
  const danger = form.querySelector("button.danger:not([type=button])") ? "danger" : "";
  const answer = await ask("Are you sure?", el("form", { method: "dialog" }, el("p", {}, words),
    el("div", { class: "buttons" }, el("button", { value: "yes", class: danger }, label), el("button", { value: "", class: "quiet" }, "Cancel"))));
  return answer === "yes";
}

function then(form, data) {
  const what = form.dataset.then ?? "reload";
  if (what.startsWith("go:")) {
    location.assign(what.slice(3).replace(/\{([\w.]+)\}/g, (_, name) => encodeURIComponent(name.split(".").reduce((inner, step) => inner?.[step], data) ?? "")));
  } else if (what.startsWith("say:")) toast(what.slice(4));
  else if (what === "reload") {
    form.closest("details")?.removeAttribute("open"); // it is done with
    refresh();
  }
}

/** Reads the page's main part anew and puts it in the place of the old, keeping focus and what is open. */
export function refresh() {
  return window.htmx.ajax("GET", location.pathname + location.search, { source: "#main", target: "#main", swap: "innerMorph", select: "#main > *" });
}

function tell(form, error) {
  const rest = [];
  for (const one of Array.isArray(error.details) ? error.details : []) {
    const name = String(one.field ?? "").replace(/^\?/, "").replace(/^\//, "").replaceAll("/", ".");
    const field = name && (form.elements.namedItem(name) ?? form.elements.namedItem(name.split(".")[0]));
    if (field instanceof Element) say(form, field, one.message);
    else rest.push(one);
  }
  const place = form.querySelector("[data-problem]");
  if (place) place.replaceChildren(error.message, ...(error.code === "unauthenticated" && !form.dataset.api.includes(" /auth/") ? [" ", again()] : []));
  else toast(error.message, "no");
  form.querySelector("[aria-invalid=true]")?.focus();
}

/** The way back in, and from there to this page. */
const again = () => el("a", { href: `/console/login?ended=1&next=${encodeURIComponent(location.pathname + location.search)}` }, "Log in again");

function say(form, field, message) {
  const line = el("p", { class: "problem", "data-said": true, id: `${field.id || field.name}-problem` }, message);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-errormessage", line.id);
  field.closest(".field")?.append(line);
  field.focus();
}

function forget(form) {
  for (const line of form.querySelectorAll("[data-said]")) line.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const place = form.querySelector("[data-problem]");
  if (place) place.textContent = "";
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-api]")) return;
  event.preventDefault();
  if (!event.target.hasAttribute("data-own")) send(event.target);
});

// Previews: what is written is shown as what it would be, a moment after the last key.
const waiting = new WeakMap();
const latest = new WeakMap(); // by form: what was asked last; whatever was asked before it is not shown any more

/** Shows what the fields of a form with `data-preview` would be, now. */
export async function preview(form) {
  if (!form.isConnected) return; // sent meanwhile, and gone from the page
  const mine = {};
  latest.set(form, mine);
  const into = document.querySelector(form.dataset.previewInto);
  let body;
  try {
    body = bodyOf(form);
  } catch {
    return;
  }
  const answer = await fetch(form.dataset.preview, {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content, Accept: "text/html" },
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (latest.get(form) !== mine) return;
  into.replaceChildren(...(page.querySelector("[data-previewed]") ?? page.querySelector("main") ?? page.body).childNodes);
  window.htmx.process(into);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-preview]");
  if (!form) return;
  clearTimeout(waiting.get(form));
  latest.delete(form); // what is on its way is of what was written before
  waiting.set(form, setTimeout(() => preview(form), 350));
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-curl]");
  if (!button) return;
  const form = button.closest("form[data-api]");
  const [method, path] = form.dataset.api.split(" ");
  const body = bodyOf(form);
  for (const secret of ["otp", "password", "webauthn", "secret"]) if (secret in body) body[secret] = `<${secret}>`;
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = [`curl -sS -X ${method} ${quoted(`${location.origin}/api/v1${path}`)}`, `-H "Authorization: Bearer $VIENNA_API_KEY"`];
  if (method !== "GET" && Object.keys(body).length) lines.push(`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(body))}`);
  await navigator.clipboard.writeText(lines.join(" \\\n  "));
  toast("Copied. Set VIENNA_API_KEY to a key of yours.");
});
