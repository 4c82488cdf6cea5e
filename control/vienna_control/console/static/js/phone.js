// This browser as a device that rings: its service worker, its subscription, and under which name it is known.

import { Refusal, call, get, me } from "./api.js";

const RECORD = "/console/this-device";

export const possible = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const kept = () => caches.open("vienna");

/** What is known here of this device, whomever it rings for: `{id, name, routing, owner}`, or null. */
export async function record() {
  return possible() ? ((await (await (await kept()).match(RECORD))?.json()) ?? null) : null;
}

/** The same, where it rings for who is logged in here. */
export async function mine() {
  const told = await record();
  return told?.owner === me() ? told : null;
}

export async function keep(told) {
  await (await kept()).put(RECORD, new Response(JSON.stringify({ ...told, owner: me() })));
}

export async function worker() {
  await navigator.serviceWorker.register("/console/sw.js", { scope: "/console/" });
  return navigator.serviceWorker.ready;
}

/** What the push service of this browser gave: `{endpoint, keys}`. Raises an `Error` with what to do. */
export async function subscription() {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("This browser blocks notifications of this console. Allow them in its settings for this site, then try again.");
  const { pushManager } = await worker();
  const { key } = await get("/push/key");
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    let made;
    try {
      made = await pushManager.subscribe(options);
    } catch (error) {
      if (error.name !== "InvalidStateError") throw error;
      await (await pushManager.getSubscription())?.unsubscribe(); // it was for another key: of another installation here
      made = await pushManager.subscribe(options);
    }
    const { endpoint, keys } = made.toJSON();
    return { endpoint, keys };
  } catch (error) {
    throw new Error(`The push service of this browser did not take it: ${error.message}`);
  }
}

/** Rings no more, here and at the control plane, for who is logged in; what rings for somebody else stays. */
export async function forget() {
  const told = await mine();
  if (!told) return;
  try {
    await call("DELETE", `/push/subscriptions/${told.id}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  await (await kept()).delete(RECORD);
  const registration = await navigator.serviceWorker.getRegistration("/console/");
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

// An installed console says what is so while it cannot be reached; a browser tab does that by itself.
if (possible() && matchMedia("(display-mode: standalone)").matches) worker().catch(() => {});
