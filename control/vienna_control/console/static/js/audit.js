// The trail: verified by the control plane when asked, and one entry's proof recomputed here, from its bytes.

import { preview } from "./form.js";
import { announce, el } from "./say.js";
import { show } from "./time.js";

document.querySelector("[data-verify]")?.addEventListener("click", async ({ target: button }) => {
  const into = document.getElementById("verdict");
  button.disabled = true;
  into.replaceChildren(el("p", {}, "Reads every entry…"), el("progress", { "aria-label": "Verifying" }));
  try {
    await preview(button.form);
    if (into.querySelector("progress")) into.replaceChildren(el("p", { class: "problem" }, "The control plane did not answer. Try again."));
    show(into);
    announce(into.querySelector(".verdict-title")?.textContent ?? into.textContent);
  } finally {
    button.disabled = false;
  }
});
// A note is verified with the button, not while it is pasted.
document.querySelector("#verify")?.addEventListener("input", (event) => event.stopPropagation());

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer()));

/** The root that a proof leads to (RFC 9162, 2.1.3.2); null when it has too few or too many hashes. */
async function rootOf(leaf, index, size, proof) {
  let at = index;
  let last = size - 1;
  let found = leaf;
  for (const node of proof) {
    if (last === 0) return null;
    if (at % 2 || at === last) {
      found = await sha256(Uint8Array.of(1), node, found);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else found = await sha256(Uint8Array.of(1), found, node);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hex(found) : null;
}

async function recompute(told) {
  if (!crypto.subtle) return ["", "This browser recomputes nothing without https. Copy the proof, and verify it with any library for RFC 9162."];
  const { index, size, leaf, root, signed, proof } = told.dataset;
  const text = document.querySelector("[data-canonical]").dataset.canonical;
  const own = await sha256(Uint8Array.of(0), new TextEncoder().encode(text));
  if (hex(own) !== leaf) return ["no", "✗ Recomputed by this browser: the bytes do not have this leaf. The entry was changed."];
  const reached = await rootOf(own, Number(index), Number(size), proof.split(" ").filter(Boolean).map(bytes));
  if (reached !== root || (signed && reached !== signed)) return ["no", "✗ Recomputed by this browser: the proof does not lead to the signed root."];
  return ["yes", `✓ Recomputed by this browser: these bytes have this leaf, and it leads to the ${signed ? "signed " : ""}root.`];
}

const told = document.getElementById("recomputed");
if (told) {
  const [tone, words] = await recompute(told);
  told.className = tone ? `verdict ${tone}` : "soft";
  told.textContent = words;
}
