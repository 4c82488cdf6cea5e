// Passkeys: what a browser wants as bytes and the API tells as base64url, both ways (W3C WebAuthn).

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (rows) => (rows ?? []).map((row) => ({ ...row, id: bytes(row.id) }));

export const possible = () => Boolean(window.PublicKeyCredential);

/** Signs a challenge; answers the body that the API takes as `webauthn`. */
export async function assert(options) {
  const { id, response } = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials) },
  });
  return {
    credential_id: id,
    authenticator_data: text(response.authenticatorData),
    client_data_json: text(response.clientDataJSON),
    signature: text(response.signature),
  };
}

/** Makes a passkey; answers what the API keeps of it, without a name. */
export async function create(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    },
  });
  return {
    credential_id: made.id,
    client_data_json: text(made.response.clientDataJSON),
    attestation_object: text(made.response.attestationObject),
  };
}
