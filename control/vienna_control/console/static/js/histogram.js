// What the bar under the pointer says, beside the legend, in the reader's zone; also when the bars are drawn anew under it.

import { between } from "./time.js";

function tell(bar) {
  const readout = document.querySelector("[data-readout]");
  if (readout) readout.textContent = bar ? `${between(new Date(bar.dataset.from), new Date(bar.dataset.to))} · ${bar.dataset.words}` : readout.dataset.readout;
}

document.addEventListener("pointerover", ({ target }) => tell(target.closest?.("a[data-from]")));
document.addEventListener("htmx:after:swap", () => tell(document.querySelector("a[data-from]:hover")));
