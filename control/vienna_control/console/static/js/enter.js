// A one-time link: its token stands behind the #, where no server sees it, and leaves the address before it is used.

import { post } from "./api.js";

const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", location.pathname);
try {
  if (!token) throw new Error("This link has no token. Ask for a new one.");
  await post("/auth/link", { token });
  location.replace("/console/");
} catch (error) {
  document.getElementById("problem").textContent = error.message;
}
