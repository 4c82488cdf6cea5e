// Judges consent/*.json on Node's own cryptography: WebAuthn assertions over a statement that is put together here.
//
//     node tests/vectors/consent.mjs [--json]         what does not come out as expected; exit code 1 if anything

import { createHash, createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(fileURLToPath(import.meta.url)), "consent");
const TIERS = ["T0", "T1", "T2", "T3"];

const sha256 = (data) => createHash("sha256").update(data).digest();
const sorted = (data) => JSON.stringify(data, Object.keys(data).sort()); // flat, ASCII names: RFC 8785 is that

function challengeOf(subject, consent) {
  const { approval, tier, until, nonce } = consent.proof;
  const fixed = { type: "vienna-consent/1", verdict: "approve" };
  return sha256(sorted({ ...fixed, ...subject, approval, tier, until, nonce, shown: consent.shown }));
}

function answered(proof, key, challenge, roster) {
  const [data, client, signature] = [proof.ad, proof.cd, proof.sig].map((text) => Buffer.from(text, "base64url"));
  const said = JSON.parse(client);
  const held =
    said.type === "webauthn.get" &&
    said.challenge === challenge.toString("base64url") &&
    roster.origins.includes(said.origin) &&
    !said.crossOrigin &&
    !("topOrigin" in said) &&
    data.length === 37 &&
    data.subarray(0, 32).equals(sha256(roster.rp_id)) &&
    (data[32] & 0xc5) === 0x05; // present and verified, without a key or extensions
  const algorithm = key.jwk.kty === "OKP" ? null : "sha256";
  const signed = Buffer.concat([data, sha256(client)]);
  return held && verify(algorithm, signed, createPublicKey({ key: key.jwk, format: "jwk" }), signature);
}

function judge({ roster, asked, consents }) {
  const given = consents.filter((row) => row.proof);
  if (new Set(given.map((row) => `${row.proof.approval} ${row.shown}`)).size > 1) return false;
  const people = new Map();
  for (const row of given) {
    const key = roster.keys.find((one) => one.kid === row.proof.kid);
    if (!key || key.operator !== row.operator) return false;
    if (key.expires_at !== null && asked.at >= key.expires_at) return false;
    if (row.proof.tier < asked.tier || asked.at >= row.proof.until) return false;
    if (!answered(row.proof, key, challengeOf(asked.subject, row), roster)) return false;
    people.set(key.operator, key.groups);
  }
  const asks = TIERS.filter((tier) => tier <= asked.tier && roster.quorum[tier]).map((tier) => roster.quorum[tier]);
  const most = Math.max(asked.people, 1, ...asks.map((row) => row.people));
  const groups = new Set([...people.values()].flat());
  return people.size >= most && asks.every((row) => row.groups.every((group) => groups.has(group)));
}

const verdicts = {};
let wrong = 0;
for (const name of readdirSync(folder).sort()) {
  const data = JSON.parse(readFileSync(join(folder, name), "utf8"));
  const verdict = judge(data) ? "granted" : "consent_unproven";
  verdicts[name.replace(".json", "")] = verdict;
  if (verdict === data.expect) continue;
  wrong += 1;
  if (!process.argv.includes("--json")) console.log(`${name}: ${verdict}, expected ${data.expect}`);
}
console.log(process.argv.includes("--json") ? JSON.stringify(verdicts) : `${Object.keys(verdicts).length} judged`);
process.exit(wrong ? 1 : 0);
