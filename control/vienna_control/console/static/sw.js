// The console on a device: it rings for what its owner is asked, and says so when the console cannot be reached.
// Nothing of the console is kept here: one page that says this, and under which name the device rings.

const HOME = "/console/";
const RECORD = "/console/this-device";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// A lock screen shows the title and nothing else, whatever came.
self.addEventListener("push", (event) => {
  const told = read(event.data);
  const title = typeof told.title === "string" && told.title ? told.title : "Vienna: something waits for you";
  const tag = typeof told.approval_id === "string" ? told.approval_id : "vienna";
  event.waitUntil(show(title, tag, within(told.url)));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(go(within(event.notification.data?.url)));
});

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(again()));

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(unreachable));
});

function read(data) {
  try {
    return data?.json() ?? {};
  } catch {
    return {};
  }
}

/** An address of this console, as a path; its first page for anything else. */
function within(address) {
  try {
    const url = new URL(address, location.origin);
    if (url.origin === location.origin && url.pathname.startsWith(HOME)) return url.pathname + url.search;
  } catch {
    // not an address
  }
  return HOME;
}

function show(title, tag, url) {
  const icon = "/console/icon-192.png";
  return self.registration.showNotification(title, { tag, renotify: true, requireInteraction: true, icon, badge: icon, data: { url } });
}

/** The window that shows it already, else another one: what somebody is writing elsewhere stays. */
async function go(path) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((one) => within(one.url) === path);
  return there ? there.focus() : self.clients.openWindow(path);
}

/**
 * The push service took the old address away: subscribe anew, as it was, or say that this device is deaf. It is deaf for
 * good where somebody else is logged in by now: their ring is not what its owner asked for.
 */
async function again() {
  const cache = await caches.open("vienna");
  const kept = await (await cache.match(RECORD))?.json();
  if (!kept) return;
  try {
    const { id: me, csrf_token: csrf } = await ask("GET", "/operators/me");
    if (me !== kept.owner) {
      await cache.delete(RECORD);
      throw new Error("it rang for somebody else");
    }
    const { key } = await ask("GET", "/push/key");
    const options = { userVisibleOnly: true, applicationServerKey: key };
    const { endpoint, keys } = (await self.registration.pushManager.subscribe(options)).toJSON();
    const { name, routing } = kept;
    const made = await ask("POST", "/push/subscriptions", { name, endpoint, keys, routing }, csrf);
    await cache.put(RECORD, new Response(JSON.stringify({ ...kept, id: made.subscription_id })));
    await ask("DELETE", `/push/subscriptions/${kept.id}`, undefined, csrf);
  } catch {
    await show("Vienna: this device does not ring any more", "deaf", "/console/settings/devices");
  }
}

async function ask(method, path, body, csrf) {
  const headers = { Accept: "application/json", ...(csrf && { "X-CSRF-Token": csrf }), ...(body && { "Content-Type": "application/json" }) };
  const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok && method !== "DELETE") throw new Error(`${answer.status}`);
  return (await answer.json()).data;
}

function unreachable() {
  const nonce = crypto.randomUUID();
  const headers = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`,
  };
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Not reachable · Vienna</title>
<style nonce="${nonce}">body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:1rem}a{color:inherit}</style>
<main><h1>The console cannot be reached</h1><p>Nothing is decided while you read this: what waits goes on waiting, until it lapses.</p>
<p><a href="">Try again</a></p></main></html>`;
  return new Response(page, { status: 503, headers });
}
