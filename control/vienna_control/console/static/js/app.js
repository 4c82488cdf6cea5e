// What every page does. Screens bring modules of their own.

import "./keys.js";
import "./palette.js";
import { counts } from "./counts.js";
import { send } from "./form.js";
import { open } from "./live.js";
import { forget } from "./phone.js";
import { show } from "./time.js";
import { toast } from "./say.js";

show(document);
setInterval(() => show(document), 1000);
document.addEventListener("htmx:after:swap", () => show(document));
document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail?.ctx?.response?.raw?.status;
  if (status !== 401) toast(status === 503 ? "The control plane is not ready; this page tries again." : `This part could not be read (${status ?? "no answer"}).`, "no");
});

// Of a strip that is wider than the window, where one is comes into view.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// What somebody opened is not closed by what comes in.
window.htmx.registerExtension("kept-open", {
  htmx_before_morph_attr: (_, { attrName, newValue }) => attrName !== "open" || newValue !== null,
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

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".me[open], .foot details[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// Whoever logs out here is not rung here any more, and leaves nothing behind that they were writing.
document.getElementById("log-out")?.addEventListener("submit", async (event) => {
  sessionStorage.clear();
  try {
    await forget();
  } finally {
    send(event.target);
  }
});

open();
counts();
