// What every page does. Screens bring modules of their own.

import "./form.js";
import "./keys.js";
import "./palette.js";
import { counts } from "./counts.js";
import { open } from "./live.js";
import { show } from "./time.js";
import { toast } from "./say.js";

show(document);
setInterval(() => show(document), 1000);
document.addEventListener("htmx:after:swap", () => show(document));
document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail?.ctx?.response?.raw?.status;
  if (status !== 401) toast(status === 503 ? "The control plane is not ready; this page tries again." : `This part could not be read (${status ?? "no answer"}).`, "no");
});

const themes = ["system", "light", "dark"];
for (const button of document.querySelectorAll("[data-theme-switch]")) {
  const name = button.querySelector("[data-theme-name]");
  const now = () => document.documentElement.dataset.theme ?? "system";
  name.textContent = now();
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(now()) + 1) % themes.length];
    if (next === "system") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("theme");
    } else {
      document.documentElement.dataset.theme = next;
      localStorage.setItem("theme", next);
    }
    name.textContent = next;
  });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  toast("Copied");
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".me[open], .foot details[open]")) if (!menu.contains(event.target)) menu.open = false;
});

open();
counts();
