// The first way in. The token stands behind the #, where no server sees it, and leaves the address before it is used.

import { Refusal, post } from "./api.js";
import { send } from "./form.js";
import "./factor.js";

const form = document.getElementById("step-1");
const given = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);
if (given) {
  form.elements.token.value = given;
  form.querySelector("[data-token]").hidden = true;
}

form.addEventListener("submit", async () => {
  const { password, again } = form.elements;
  const place = form.querySelector("[data-problem]");
  if (password.value !== again.value) {
    place.textContent = "These are two passwords. Type the same one twice.";
    again.focus();
    return;
  }
  const made = await send(form);
  if (made) await comeIn(made.email, password.value);
});

async function comeIn(username, password) {
  try {
    const entered = await post("/auth/login", { username, password });
    document.querySelector("meta[name=csrf]").content = entered.csrfToken;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return location.assign(`/console/login?next=${encodeURIComponent(form.dataset.next)}`); // they have a factor already
  }
  const second = document.getElementById("step-2");
  for (const one of second.querySelectorAll("input[name=password]")) {
    one.value = password;
    one.closest(".field").hidden = true;
  }
  second.querySelector("[data-later]").href = form.dataset.next;
  form.reset();
  form.hidden = true;
  second.hidden = false;
  document.getElementById("second-title").focus();
}

document.addEventListener("vienna:enrolled", (event) => {
  event.preventDefault();
  location.assign(form.dataset.next);
});
