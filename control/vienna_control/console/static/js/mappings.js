// The pages of mappings: complaints lead to their line, a request is tried by the text as it is written, and a
// description is sent as the file that it is.

import { Refusal } from "./api.js";
import { bodyOf, preview } from "./form.js";
import { selectLine } from "./lines.js";
import { announce, el } from "./say.js";

const LINE = /:(\d+):(\d+)/;

/** What the API says is wrong, each with a way to its line. */
function show(form, error) {
  const places = form.querySelector("[data-places]");
  const details = (Array.isArray(error.details) ? error.details : []).filter((one) => LINE.test(String(one.field)));
  if (!places || !details.length) return;
  places.querySelector("ul").replaceChildren(...details.map((one) => {
    const [, line, column] = LINE.exec(one.field);
    const area = form.elements.namedItem(/cases/.test(one.field.split(":")[0]) ? "cases" : "text");
    return el("li", {}, el("button", { type: "button", class: "bare small", onclick: () => selectLine(area, Number(line)) }, `line ${line}, column ${column}`), ` ${one.field.split(" ").slice(1).join(" ")} ${one.message}`);
  }));
  places.hidden = false;
}

document.addEventListener("vienna:refused", (event) => show(event.target, event.detail.error));
document.addEventListener("submit", (event) => {
  const places = event.target.querySelector("[data-places]");
  if (places) places.hidden = true;
}, true);
document.addEventListener("vienna:sent", (event) => {
  const { data } = event.detail;
  if (data?.change?.id && data.change.status === "pending") location.assign(`/console/policies/changes/${encodeURIComponent(data.change.id)}`);
  else if (event.target.matches("#mapping, #keep")) location.assign(`/console/mappings/${encodeURIComponent(data.id)}`);
  else if (event.target.matches("[data-registers]")) location.assign(`/console/action-types/${encodeURIComponent(data.name)}`);
  else if (event.target.matches("[data-moves]") && data?.deleted) location.assign("/console/mappings");
});

const trying = document.querySelector("#try");
const withText = () => {
  trying.elements.namedItem("mapping").value = document.querySelector("#with-text").checked ? document.querySelector("#mapping-text").value : "";
};
trying?.addEventListener("submit", (event) => {
  event.preventDefault();
  withText();
  preview(trying);
});
trying?.addEventListener("input", withText, true);
document.querySelector("#mapping")?.addEventListener("submit", (event) => {
  if (!event.target.dataset.api) event.preventDefault();
});

async function read(form) {
  const [file] = form.querySelector("#description").files;
  const trouble = form.querySelector("[data-problem]");
  const button = form.querySelector("button:not([type=button])");
  trouble.textContent = "";
  button.disabled = true;
  try {
    const answer = await fetch(`/api/v1/mappings/import-openapi?${new URLSearchParams(bodyOf(form))}`, {
      method: "POST", body: file, headers: { Accept: "application/json", "Content-Type": "application/octet-stream", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content },
    });
    const told = await answer.json();
    if (!told.success) throw new Refusal(answer.status, told.error);
    propose(told.data);
  } catch (error) {
    trouble.textContent = error instanceof Refusal ? error.message : "The control plane does not answer. Try again.";
  } finally {
    button.disabled = false;
  }
}

function propose(data) {
  const place = document.querySelector("#proposed");
  const form = place.querySelector("#keep");
  form.elements.namedItem("text").value = data.mapping;
  form.elements.namedItem("cases").value = data.cases;
  const guesses = data.mapping.split("# guessed").length - 1;
  const says = `${data.id} for ${data.hosts.join(", ")}: ${data.actions.length} actions, ${guesses} guesses to look at.`;
  place.querySelector("#proposed-says").textContent = says;
  const skipped = place.querySelector("#proposed-skipped");
  skipped.hidden = !data.skipped.length;
  skipped.querySelector("summary").textContent = `${data.skipped.length} operations are not in it`;
  skipped.querySelector("ul").replaceChildren(...data.skipped.map((one) => el("li", {}, el("code", {}, one.operation), `: ${one.why}`)));
  place.hidden = false;
  announce(says);
  place.scrollIntoView({ block: "start" });
}

document.querySelector("#import")?.addEventListener("submit", (event) => {
  event.preventDefault();
  read(event.target);
});
