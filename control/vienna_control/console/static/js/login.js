// Coming in, before there is a session: password and code, or a passkey.

import "./form.js";
import { Refusal, post } from "./api.js";
import { assert, possible } from "./passkey.js";

const button = document.getElementById("with-passkey");
button.hidden = !possible();
button.addEventListener("click", async () => {
  const problem = document.querySelector("#login [data-problem]");
  problem.textContent = "";
  try {
    const { public_key: options } = await post("/auth/passkey/options");
    await post("/auth/passkey", await assert(options));
    location.assign(button.dataset.next);
  } catch (error) {
    problem.textContent = error instanceof Refusal ? error.message : "No passkey was used. Try again, or use your password.";
  }
});
