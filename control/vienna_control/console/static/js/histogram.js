// What the bar under the pointer says, beside the legend, in the reader's zone.

import { between } from "./time.js";

document.addEventListener("pointerover", (event) => {
  const readout = document.querySelector("[data-readout]");
  if (!readout) return;
  const bar = event.target.closest?.("a[data-from]");
  readout.textContent = bar ? `${between(new Date(bar.dataset.from), new Date(bar.dataset.to))} · ${bar.dataset.words}` : readout.dataset.readout;
});
