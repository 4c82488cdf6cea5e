// The API, with the session's cookie and its token against forged writes.

let csrf = null;

export class Refusal extends Error {
  constructor(status, error) {
    super(error?.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = error?.code ?? "";
  }
}

export function remember(token) {
  csrf = token;
}

async function call(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (csrf && method !== "GET") headers["X-CSRF-Token"] = csrf;
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: "same-origin",
      redirect: "error",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal(0, { message: "the control plane does not answer" });
  }
  let envelope = null;
  try {
    envelope = await answer.json();
  } catch {
    throw new Refusal(answer.status, { message: `HTTP ${answer.status}` });
  }
  if (!answer.ok || !envelope.success) throw new Refusal(answer.status, envelope.error);
  return envelope.data;
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
