// The page of a rule: it is written as rows or as YAML. The server turns the one into the other and says what is wrong;
// what it then calls the rule is what is tried, backtested and kept.

import { bodyOf, preview, send } from "./form.js";
import { selectLine } from "./lines.js";
import { announce, toast } from "./say.js";

const DAY = 86_400_000;
const PAUSE = 400;
const form = document.querySelector("#draft");
let mode = form?.querySelector("#rows").hidden ? "text" : "rows";
let wanted = mode;
let asked = 0;
let waiting = null;
let last = Promise.resolve(true);

const text = () => document.querySelector("#rule-text");
const csrf = () => document.querySelector("meta[name=csrf]").content;

// Rows as data, each with its place in the rule, so that what is wrong can be said beside it.
function nodeOf(element, path) {
  element.dataset.path = path;
  if (element.matches("[data-test]")) {
    const part = (name) => element.querySelector(`[data-part=${name}]`).value;
    return { field: part("field"), operator: part("operator"), value: part("value"), currency: part("currency") };
  }
  const word = element.querySelector(":scope > .of [data-part=word]").value;
  const members = [...element.querySelector(":scope > .members").children];
  const place = (index) => {
    if (path === "when" && word === "all") return `when[${index}]`;
    if (word !== "not") return `${path}.${word}[${index}]`;
    return members.length === 1 ? `${path}.not` : `${path}.not.all[${index}]`;
  };
  return { word, members: members.map((one, index) => nodeOf(one, place(index))) };
}

function rowsOf() {
  return { ...bodyOf(form), when: nodeOf(form.querySelector("#rows > .part > [data-group], #rows [data-group]"), "when") };
}

/** What the server makes of what is written; null when it does not say, undefined when that is not what is written now. */
async function judged(show) {
  const mine = ++asked;
  const body = { text: text().value, show, id: form.dataset.draftOf || null };
  if (mode === "rows") body.rows = rowsOf();
  const answer = await fetch("/console/policies/draft", {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf(), Accept: "text/html" },
  });
  if (mine !== asked) return undefined;
  if (!answer.ok) {
    toast(`The rule could not be read (${answer.status}).`, "no");
    return null;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return (name) => page.querySelector(`[data-piece=${name}]`);
}

/** Judges what is written and shows the verdict; whether it is a rule. */
async function judge(show = "") {
  const piece = await judged(show);
  if (!piece) return piece;
  document.querySelector("#verdict").replaceChildren(...piece("verdict").childNodes);
  if (mode === "rows") text().value = piece("text").value;
  for (const field of document.querySelectorAll("[data-piece-of]")) field.value = piece(field.dataset.pieceOf)?.value ?? "";
  markRows();
  return { piece, good: Boolean(piece("rule")) };
}

function markRows() {
  for (const field of form.querySelectorAll("#rows [aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const said of document.querySelectorAll("#verdict [data-field]")) {
    const [, path, part] = /^(.*?)(?:\.(field|operator|value|currency))?$/.exec(said.dataset.field);
    const row = [...form.querySelectorAll("[data-test]")].find((one) => one.dataset.path === path);
    const field = row?.querySelector(`[data-part=${part ?? "field"}]`) ?? form.elements.namedItem(said.dataset.field);
    if (field instanceof Element) field.setAttribute("aria-invalid", "true");
  }
}

// The last word counts: who goes back before the answer is there stays where they are.
async function change(to) {
  if (to === wanted) return;
  wanted = to;
  clearTimeout(waiting);
  if (to === mode) later();
  else await (last = turn(to));
}

async function turn(to) {
  const told = await judge(to);
  if (wanted !== to || told === undefined) return;
  if (!told) {
    wanted = mode;
    return;
  }
  if (to === "rows") {
    const rows = told.piece("rows");
    if (!rows) {
      wanted = mode;
      announce("It cannot be shown as rows before it can be read.");
      toast("It cannot be shown as rows before it can be read: see what is wrong below.", "no");
      return;
    }
    form.querySelector("#rows").replaceChildren(...rows.childNodes);
  }
  mode = to;
  form.querySelector("#rows").hidden = mode !== "rows";
  form.querySelector("#text").hidden = mode !== "text";
  for (const button of document.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  fit();
  markRows();
}

// What an operator takes, and what a field is known to hold.
function fit() {
  const has = (name, word) => form.dataset[name].split(" ").includes(word);
  for (const row of form.querySelectorAll("[data-test]")) {
    const part = (name) => row.querySelector(`[data-part=${name}]`);
    part("value").hidden = has("valueless", part("operator").value) && !part("value").value;
    part("currency").hidden = !part("currency").value && (!has("moneyed", part("operator").value) || has("plain", part("field").value));
    const known = `words-of-${part("field").value === "action_type" ? "action" : part("field").value}`;
    if (document.getElementById(known)) part("value").setAttribute("list", known);
    else part("value").removeAttribute("list");
  }
  const action = form.elements.namedItem("then.action")?.value;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(action) && ![...part.querySelectorAll("input, select")].some((field) => (field.type === "checkbox" ? field.checked : field.value));
}

// What is on its way is of what was written before: it is asked again, and a change of the way to write with it.
function later() {
  asked += 1;
  clearTimeout(waiting);
  waiting = setTimeout(() => { last = wanted === mode ? judge() : turn(wanted); }, PAUSE);
}

/** Runs `work` once what is written was judged to be a rule. */
async function once(work) {
  clearTimeout(waiting);
  await last;
  if (wanted !== mode) await turn(wanted);
  const told = await judge();
  if (told?.good) await work();
  else if (told) document.querySelector("#verdict .problems button, #rows [aria-invalid]")?.focus();
}

function add(button) {
  const made = form.querySelector(`template[data-new=${button.dataset.add}]`).content.firstElementChild.cloneNode(true);
  button.closest("[data-group]").querySelector(":scope > .members").append(made);
  fit();
  later();
  made.querySelector("input, select").focus();
}

function remove(button) {
  const gone = button.closest("[data-test], [data-group]");
  const next = gone.nextElementSibling?.querySelector("input, select") ?? gone.parentElement.closest("[data-group]").querySelector(":scope > .adding button");
  gone.remove();
  later();
  next.focus();
}

async function goToLine(number) {
  await change("text");
  if (mode === "text") selectLine(text(), number);
}

async function backtest(own) {
  own.elements.namedItem("from").value = new Date(Date.now() - Number(own.querySelector("#backtest-days").value) * DAY).toISOString();
  const told = await send(own);
  if (told) await window.htmx.ajax("GET", `/console/policies/backtests/${encodeURIComponent(told.id)}`, { source: "#backtest", target: "#backtest" });
}

if (form) {
  fit();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { fit(); later(); });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add], [data-remove]");
    if (button) button.matches("[data-add]") ? add(button) : remove(button);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mode], [data-line]");
    if (button?.matches("[data-mode]")) change(button.dataset.mode);
    else if (button) goToLine(Number(button.dataset.line));
  });
  document.addEventListener("submit", (event) => {
    const own = event.target;
    if (own.matches("#save")) event.preventDefault(), once(() => send(own));
    else if (own.matches("#backtest-form")) event.preventDefault(), once(() => backtest(own));
    else if (own.matches("#try")) event.preventDefault(), once(() => preview(own));
  });
}

// A change that was made leads to what it made; one that takes two people, to where the second decides.
document.addEventListener("vienna:sent", (event) => {
  const { data } = event.detail;
  if (data?.change?.id && data.change.status === "pending") location.assign(`/console/policies/changes/${encodeURIComponent(data.change.id)}`);
  else if (event.target.matches("#save")) location.assign(`/console/policies/${encodeURIComponent(data.id)}`);
  else if (event.target.matches("[data-moves]") && data?.deleted) location.assign("/console/policies");
});
