import { post, remember } from "./api.js";
import { el } from "./safe.js";

/** A token in the fragment (`#token=…`) is taken out of the address before anything else. */
export function tokenInAddress() {
  const found = /^#token=([A-Za-z0-9_.-]+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, "", "/console/");
  return found[1];
}

export async function enterByLink(token) {
  const data = await post("/auth/link", { token });
  remember(data.csrfToken);
}

export function loginPage(main, entered, said = "") {
  const problem = el("p", { class: "problem", role: "alert" }, said);
  const name = el("input", { id: "username", name: "username", autocomplete: "username", required: true });
  const password = el("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true });
  const code = el("input", { id: "otp", name: "otp", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10 });
  const button = el("button", { type: "submit" }, "Log in");
  const form = el(
    "form", { class: "box narrow" },
    el("h1", {}, "Vienna"),
    el("label", { for: "username" }, "E-mail"), name,
    el("label", { for: "password" }, "Password"), password,
    el("label", { for: "otp" }, "Code, if you have one"), code,
    el("div", { class: "buttons" }, button), problem,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    const body = { username: name.value, password: password.value };
    if (code.value.trim()) body.otp = code.value.trim();
    try {
      const data = await post("/auth/login", body);
      remember(data.csrfToken);
      await entered();
    } catch (error) {
      problem.textContent = error.message;
      button.disabled = false;
    }
  });
  main.replaceChildren(form);
  name.focus();
}
