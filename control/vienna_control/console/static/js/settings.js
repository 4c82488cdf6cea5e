// What forms of the settings do beside sending their fields: rows of duty, rosters, tokens for any number of gates.

import { Refusal, post } from "./api.js";
import { refresh, send } from "./form.js";
import { assert } from "./passkey.js";

// Rows of duty stand in one list, so their names say where.
function number() {
  for (const [at, row] of document.querySelectorAll("[data-duty-row]").entries()) {
    row.querySelector("legend").textContent = `Row ${at + 1}`;
    for (const one of row.querySelectorAll("[name], [id], label[for]")) {
      if (one.name) one.name = one.name.replace(/^duty\.\d+/, `duty.${at}`);
      if (one.id) one.id = one.id.replace(/^field-duty-\d+/, `field-duty-${at}`);
      if (one.htmlFor) one.htmlFor = one.htmlFor.replace(/^field-duty-\d+/, `field-duty-${at}`);
    }
  }
}

document.addEventListener("click", (event) => {
  if (event.target.matches("[data-remove-row]")) event.target.closest("[data-duty-row]").remove();
  else if (event.target.matches("[data-add-row]")) document.getElementById("duty").append(document.getElementById("duty-row").content.cloneNode(true));
  else return;
  number();
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-any-number]")) return;
  const { form, checked } = event.target;
  form.querySelector("[name=uses][type=number]").disabled = checked;
  form.querySelector("[data-unlimited]").disabled = !checked;
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id === "propose-roster") {
    const own = [...form.querySelectorAll("[name=own]:checked")].map((one) => one.value);
    const others = form.elements.others.value.split(",").map((one) => one.trim()).filter(Boolean);
    send(form, { add: [...own, ...others].map((one) => ({ passkey_id: one })) });
  } else if (form.matches("form[data-sign]")) {
    event.preventDefault();
    sign(form);
  }
});

async function sign(form) {
  const place = form.querySelector("[data-problem]");
  const path = `/roster/proposals/${form.dataset.sign}`;
  place.textContent = "";
  try {
    const { public_key: options } = await post(`${path}/challenge`);
    await post(`${path}/sign`, await assert(options));
    refresh();
  } catch (error) {
    place.textContent = error instanceof Refusal ? error.message : "The passkey was not used. Nothing was signed.";
  }
}
