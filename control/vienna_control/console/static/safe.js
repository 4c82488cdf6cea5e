// Nothing that came from an agent or an upstream is ever markup: elements are built, text is text, and what cannot be
// seen (control, bidirectional, zero-width, private characters) is shown as an escape.

const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;
const LONG = 240;
const MANY = 40;

/** An element with attributes (`on…` are listeners) and children; strings become text with escapes shown. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child instanceof Node ? child : text(String(child)));
  }
  return made;
}

/** Text whose unseen characters are shown as escapes. `lines`: line feeds and tabs stay what they are. */
export function text(value, { lines = false } = {}) {
  const fragment = document.createDocumentFragment();
  let run = "";
  for (const char of value) {
    const plain = !UNSEEN.test(char) || (lines && (char === "\n" || char === "\t"));
    if (plain) {
      run += char;
      continue;
    }
    if (run) fragment.append(run);
    run = "";
    const escape = document.createElement("span");
    escape.className = "esc";
    escape.title = "a character that cannot be seen";
    escape.textContent = "\\u{" + char.codePointAt(0).toString(16) + "}";
    fragment.append(escape);
  }
  if (run) fragment.append(run);
  return fragment;
}

/** One value. A long one is cut by itself, so that it hides no other, and says how much is not shown. */
export function value(data, { lines = true } = {}) {
  if (data === null || typeof data !== "object") {
    const whole = typeof data === "string" ? data : JSON.stringify(data);
    const chars = Array.from(whole);
    const shown = el("span", { class: "value" });
    if (chars.length <= LONG) {
      shown.append(text(whole, { lines }));
      return shown;
    }
    const cut = el("span", {}, text(chars.slice(0, LONG).join("") + "…", { lines }));
    const more = el("button", { type: "button", class: "quiet more" }, `show all ${chars.length} characters`);
    more.addEventListener("click", () => {
      cut.replaceChildren(text(whole, { lines }));
      more.remove();
    });
    shown.append(cut, more);
    return shown;
  }
  return tree(data);
}

/** An object or a list, every key in sight; of very many the number that is not. */
export function tree(data) {
  const entries = Array.isArray(data) ? data.map((item, at) => [String(at), item]) : Object.entries(data);
  if (entries.length === 0) return el("span", { class: "muted" }, Array.isArray(data) ? "an empty list" : "nothing");
  const body = el("tbody");
  const put = (rows) => body.append(...rows.map(([name, item]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value(item)))));
  put(entries.slice(0, MANY));
  const shown = el("div", { class: "tree" }, el("table", {}, body));
  if (entries.length > MANY) {
    const more = el("button", { type: "button", class: "quiet" }, `${entries.length - MANY} more keys: show them`);
    more.addEventListener("click", () => {
      put(entries.slice(MANY));
      more.remove();
    });
    shown.append(more);
  }
  return shown;
}

export function facts(rows) {
  const list = el("dl", { class: "facts" });
  for (const [name, shown] of rows) {
    if (shown !== null && shown !== undefined && shown !== "") list.append(el("dt", {}, name), el("dd", {}, shown));
  }
  return list;
}

/** Absolute and relative, in the reader's zone. */
export function when(at) {
  const instant = new Date(at);
  return el("time", { datetime: at, "data-at": at, title: at }, `${instant.toLocaleString()} (${relative(instant)})`);
}

export function relative(instant, now = Date.now()) {
  const seconds = Math.round((instant.getTime() - now) / 1000);
  const size = Math.abs(seconds);
  const told = size < 90 ? `${size} s` : size < 5400 ? `${Math.round(size / 60)} min` : size < 172800 ? `${Math.round(size / 3600)} h` : `${Math.round(size / 86400)} d`;
  return seconds >= 0 ? `in ${told}` : `${told} ago`;
}

/** Keep every time on the page current. */
export function tick() {
  for (const shown of document.querySelectorAll("time[data-at]")) {
    const instant = new Date(shown.dataset.at);
    shown.textContent = `${instant.toLocaleString()} (${relative(instant)})`;
  }
}
