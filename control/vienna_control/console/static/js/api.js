// The control plane's API, as the person who is logged in.

const csrf = () => document.querySelector("meta[name=csrf]")?.content ?? "";

/** The id of who is logged in here. */
export const me = () => document.querySelector("meta[name=me]")?.content ?? "";

/** What the API says no with: its `code`, a sentence, and problems by field. */
export class Refusal extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.details = error.details ?? null;
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);

export async function call(method, path, body) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refusal(0, { code: "unreachable", message: "The control plane does not answer. Nothing is known to have happened; look again before you repeat this." });
  }
  let told;
  try {
    told = await answer.json();
  } catch {
    throw new Refusal(answer.status, { code: "unreadable", message: `The answer (${answer.status}) is not one of the control plane.` });
  }
  if (!told.success) throw new Refusal(answer.status, told.error);
  return told.data;
}
