import { Refusal, get, post, remember } from "./api.js";
import { approvalPage } from "./approval.js";
import { inboxPage, pendingCount } from "./inbox.js";
import * as live from "./live.js";
import { enterByLink, loginPage, tokenInAddress } from "./login.js";
import { el, tick } from "./safe.js";
import { intentPage, trafficPage } from "./traffic.js";

const main = document.getElementById("main");
const top_ = document.getElementById("top");
const count = document.getElementById("count");
let leave = () => {};
let visit = 0;

const context = { announce, counted };

function announce(words) {
  document.getElementById("announce").textContent = words;
}

function counted(total) {
  count.hidden = total === 0;
  count.textContent = String(total);
  document.title = total ? `(${total}) Vienna` : "Vienna";
}

const ROUTES = [
  [/^#?\/?$/, "inbox", () => inboxPage(main, context)],
  [/^#\/approvals\/([A-Za-z0-9-]+)$/, "inbox", (id) => approvalPage(main, id, context)],
  [/^#\/traffic$/, "traffic", () => trafficPage(main)],
  [/^#\/intents\/([A-Za-z0-9-]+)$/, "traffic", (id) => intentPage(main, id)],
];

async function go() {
  const mine = ++visit;
  leave();
  leave = () => {};
  const found = ROUTES.map(([pattern, page, draw]) => [pattern.exec(location.hash), page, draw]).find(([match]) => match);
  const [match, page, draw] = found ?? [[null], "inbox", ROUTES[0][2]];
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    const stop = await draw(match[1]);
    if (mine === visit) leave = stop;
    else stop();
    main.focus({ preventScroll: true });
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return out("Your session has ended. Log in again.");
    main.replaceChildren(el("p", { class: "box problem" }, error.message));
  }
}

async function enter() {
  const me = await get("/operators/me");
  remember(me.csrf_token);
  document.getElementById("who").textContent = `${me.email} · ${me.role}`;
  top_.hidden = false;
  live.open((state) => {
    const shown = document.getElementById("live");
    shown.dataset.state = state;
    shown.textContent = state === "on" ? "live" : "offline";
  });
  await go();
  counted(await pendingCount());
}

function out(said = "") {
  live.close();
  leave();
  leave = () => {};
  top_.hidden = true;
  loginPage(main, enter, said);
}

document.getElementById("leave").addEventListener("click", async () => {
  await post("/auth/logout").catch(() => {});
  out();
});
window.addEventListener("hashchange", () => (top_.hidden ? null : go()));
setInterval(tick, 1000);
live.hear(live.gently(() => pendingCount().then(counted).catch(() => {}), 500));

const token = tokenInAddress();
try {
  if (token) await enterByLink(token);
  await enter();
} catch (error) {
  out(token ? error.message : "");
}
