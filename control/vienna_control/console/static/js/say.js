// Words for everybody: a toast to be seen, a live region to be heard.

const SECONDS = 5;

export function announce(words) {
  const region = document.getElementById("announce");
  if (region) region.textContent = words;
}

/** `action`: `{label, run}` adds a button; the toast stays while it has one, for `seconds`. */
export function toast(words, tone = "", { action = null, seconds = SECONDS } = {}) {
  const line = document.createElement("p");
  line.className = tone;
  line.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      line.remove();
      action.run();
    });
    line.append(button);
  }
  document.getElementById("toasts")?.append(line);
  setTimeout(() => line.remove(), seconds * 1000);
  return line;
}

/** An element; strings become text, `on…` are listeners. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A dialog with these children; it leaves the page when it is closed. Answers its `returnValue`. */
export function ask(title, ...children) {
  const id = `dialog-${crypto.randomUUID()}`;
  const dialog = el("dialog", { "aria-labelledby": id }, el("h2", { id }, title), ...children);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => {
    dialog.remove();
    done(dialog.returnValue);
  }));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  toast("Copied");
});
