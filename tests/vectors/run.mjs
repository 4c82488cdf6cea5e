// Runs warrant/*.json on Node's own cryptography, and nothing else: a second reading of the same argument.
//
//     node tests/vectors/run.mjs            one line for each vector that is judged otherwise; exit code 1 if any is
//     node tests/vectors/run.mjs --json     {"00_oversize": "warrant_too_large", …}
//
// The numbers are those of the argument in control/vienna_kernel/warrant/token.py. Written from README.md beside it and
// the RFCs, for whoever verifies warrants without our libraries; a service that trusts roots only needs steps 0 to 9.

import { createHash, createHmac, createPublicKey, timingSafeEqual, verify as verifySignature } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAX_BYTES = 8192;
const MAX_NESTING = 100;
const MAX_DEPTH = 5;

class Refused extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

function must(held, reason) {
  if (!held) throw new Refused(reason);
}

const malformed = (held) => must(held, "warrant_malformed");

// Strict texts.

function base64url(text) {
  const bytes = Buffer.from(text, "base64url");
  malformed(bytes.toString("base64url") === text); // one spelling per value
  return bytes;
}

/** JSON (RFC 8259) with one reading: no member twice, no fraction, integers within 2**53, bounded nesting. */
function strictObject(bytes) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    malformed(false);
  }
  let at = 0;
  const blank = () => {
    while (at < text.length && " \t\n\r".includes(text[at])) at += 1;
  };
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    malformed(found !== null);
    at = pattern.lastIndex;
    return found[0];
  };
  const string = () => {
    const read = JSON.parse(take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y));
    malformed(read.isWellFormed());
    return read;
  };
  const items = (close, one) => {
    at += 1;
    blank();
    if (text[at] === close) return void (at += 1);
    for (;;) {
      one();
      blank();
      const next = text[at];
      at += 1;
      if (next === close) return undefined;
      malformed(next === ",");
      blank();
    }
  };
  const value = (depth) => {
    blank();
    const first = text[at];
    if (first === "{" || first === "[") malformed(depth < MAX_NESTING);
    if (first === "{") {
      const members = new Map();
      items("}", () => {
        const name = string();
        malformed(!members.has(name));
        blank();
        take(/:/y);
        members.set(name, value(depth + 1));
      });
      return Object.assign(Object.create(null), Object.fromEntries(members));
    }
    if (first === "[") {
      const list = [];
      items("]", () => list.push(value(depth + 1)));
      return list;
    }
    if (first === '"') return string();
    const word = take(/(?:true|false|null|-?(?:0|[1-9][0-9]*))(?![0-9.eE])/y);
    const number = { true: true, false: false, null: null }[word];
    if (number !== undefined) return number;
    malformed(word.length <= 17 && Math.abs(Number(word)) <= 2 ** 53);
    return Number(word) + 0;
  };
  const read = value(0);
  blank();
  malformed(at === text.length && isObject(read));
  return read;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isInteger = (value) => typeof value === "number" && Number.isInteger(value);

// Values: parameters as they travel, where {"$decimal": "5.5"} is a decimal.

const isDecimal = (value) => isObject(value) && Object.keys(value).join() === "$decimal";

/** Trimmed plain notation: 5, 5.5; "-0" is 0. */
function plain(text) {
  const trimmed = text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  const [, sign, whole, rest] = /^(-?)0*([0-9]+)(\.[0-9]+)?$/.exec(trimmed);
  const digits = `${whole}${rest ?? ""}`;
  return digits === "0" ? "0" : sign + digits;
}

function judgeDecimals(value) {
  if (Array.isArray(value)) value.forEach(judgeDecimals);
  else if (isDecimal(value)) {
    malformed(typeof value.$decimal === "string" && /^-?[0-9]+(\.[0-9]+)?$/.test(value.$decimal));
  } else if (isObject(value)) Object.values(value).forEach(judgeDecimals);
}

/** RFC 8785. `spell` says how a decimal is written. */
function canonical(value, spell) {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, spell)).join()}]`;
  if (isDecimal(value)) return spell(plain(value.$decimal));
  if (isObject(value)) {
    const names = Object.keys(value).sort(); // by UTF-16 code units, as RFC 8785 section 3.2.3 asks
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name], spell)}`).join()}}`;
  }
  if (isInteger(value) && !Number.isSafeInteger(value)) return JSON.stringify(BigInt(value).toString());
  return JSON.stringify(value);
}

const asText = (decimal) => JSON.stringify(decimal);
const asTravels = (decimal) => `{"$decimal":${JSON.stringify(decimal)}}`;
const sha256 = (text) => createHash("sha256").update(text).digest();
const digestOf = (text) => `sha256:${sha256(text).toString("hex")}`;

const intentDigest = ({ action, target, parameters }) =>
  digestOf(canonical({ action, target, parameters }, asText));
const rollDigest = (intents) =>
  digestOf(canonical(intents.map(({ action, target, parameters }) => ({ action, target, parameters })), asTravels));

/** A number as a fraction of two BigInts; null for what is none. */
function number(value) {
  const text = isInteger(value) ? BigInt(value).toString() : isDecimal(value) ? value.$decimal : null;
  if (text === null) return null;
  const [whole, rest = ""] = text.split(".");
  return [BigInt(whole + rest), 10n ** BigInt(rest.length)];
}

const compare = ([a, b], [c, d]) => (a * d < c * b ? -1 : a * d > c * b ? 1 : 0);

/** 5 is 5.00; the text "5" and true are neither. */
const same = (one, other) => spelled(one) === spelled(other);
const spelled = (value) =>
  canonical(wholeAsDecimal(value), asTravels);
function wholeAsDecimal(value) {
  if (Array.isArray(value)) return value.map(wholeAsDecimal);
  if (isInteger(value)) return { $decimal: BigInt(value).toString() };
  if (isObject(value) && !isDecimal(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, wholeAsDecimal(item)]));
  }
  return value;
}

// Keys.

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const PRIME = 2n ** 255n - 19n;
const EIGHTH = little(Buffer.from("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "hex"));
const SMALL = new Set([0n, 1n, PRIME - 1n, EIGHTH, PRIME - EIGHTH]); // y of the points of order 1, 2, 4 and 8

function little(bytes) {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

const MEMBERS = { OKP: ["crv", "kty", "x"], EC: ["crv", "kty", "x", "y"], RSA: ["e", "kty", "n"], oct: ["k", "kty"] };

/** RFC 7638. */
function thumbprint(jwk) {
  const names = MEMBERS[jwk.kty];
  malformed(names !== undefined && names.every((name) => typeof jwk[name] === "string"));
  const needed = Object.fromEntries(names.map((name) => [name, jwk[name]]));
  return sha256(canonical(needed, asText)).toString("base64url");
}

function signed(key, message, signature) {
  if (key.kty === "oct") {
    const mac = createHmac("sha256", base64url(key.k)).update(message).digest();
    return mac.length === signature.length && timingSafeEqual(mac, signature);
  }
  const y = little(base64url(key.x)) & (2n ** 255n - 1n);
  if (signature.length !== 64 || y >= PRIME || SMALL.has(y)) return false;
  if (little(signature.subarray(32)) >= ORDER) return false;
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.x }, format: "jwk" });
  return verifySignature(null, Buffer.from(message), publicKey, signature);
}

// Claims: what may stand where. A function is a type; ["optional", type] may be left out, ["nullable", type] be null too.

const text = (value) => typeof value === "string" && value.length > 0 && value.length <= 8192;
const anyText = (value) => typeof value === "string";
const flag = (value) => typeof value === "boolean";
const count = (least, most) => (value) => isInteger(value) && value >= least && value <= most;
const second = count(0, 253402300799);
const among = (...words) => (value) => words.includes(value);
const list = (type, least = 0, most = Infinity) => (value) =>
  Array.isArray(value) && value.length >= least && value.length <= most && value.every((item) => fits(item, type));
const dictionary = (type) => (value) => isObject(value) && Object.values(value).every((item) => fits(item, type));
const anything = () => true;
const maybe = (type) => ["optional", type];
const orNull = (type) => ["nullable", type];

function fits(value, type) {
  if (typeof type === "function") return type(value);
  return isObject(value) && Object.keys(value).every((name) => Object.hasOwn(type, name))
    && Object.entries(type).every(([name, shape]) => {
      const [kind, inner] = Array.isArray(shape) ? shape : ["needed", shape];
      if (!(name in value)) return kind !== "needed";
      return (kind === "nullable" && value[name] === null) || fits(value[name], inner);
    });
}

const INTENT = { action: text, target: anyText, parameters: orNull(dictionary(anything)), digest: text };
const DETAIL = {
  type: among("vienna_http_v1"),
  intents: list(INTENT, 1),
  roll: orNull({ count: count(2, 1e6), digest: text }),
  method: orNull(text),
  url: orNull(text),
  content_type: orNull(text),
  content_digest: orNull(text),
  request_digest: orNull(text),
  constraints: maybe(dictionary(anything)),
  response_limits: maybe({ max_body_bytes: orNull(count(0, Infinity)), max_items: orNull(count(0, Infinity)) }),
};
const CONSENT = { operator: text, at: second, shown: text, mfa: maybe(among("", "totp", "passkey")), justified: maybe(flag) };
const CLAIMS = {
  v: among(1),
  iss: text,
  aud: text,
  sub: text,
  jti: text,
  iat: second,
  nbf: second,
  exp: second,
  tier: among("T0", "T1", "T2", "T3"),
  intent_id: text,
  authorization_details: list(DETAIL, 1, 1),
  audit: text,
  cnf: maybe({ jkt: orNull(text), jwk: orNull(dictionary(anyText)) }),
  policy_digest: maybe(anyText),
  mapping_digest: maybe(anyText),
  approvals: maybe(list(CONSENT)),
  required: maybe({ approvals: maybe(count(0, 100)), mfa: maybe(flag), justification: maybe(flag) }),
  parent: orNull(text),
  depth: maybe(count(0, Infinity)),
  observed: maybe(flag),
};

function warrantOf(payload) {
  const c = strictObject(payload);
  malformed(fits(c, CLAIMS));
  malformed(c.nbf <= c.iat && c.iat < c.exp);
  const detail = c.authorization_details[0];
  judgeDecimals(detail.intents.map((row) => row.parameters ?? null));
  malformed(detail.intents.every((row) => !isDecimal(row.parameters)));
  const constraints = detail.constraints ?? {};
  Object.values(constraints).forEach(judgeLimit);
  if (detail.roll) malformed(detail.intents.length === 1 && Object.keys(constraints).length === 0);
  if (c.cnf?.jwk) malformed(thumbprint(c.cnf.jwk) === c.cnf.jkt);
  const required = { approvals: 0, mfa: false, justification: false, ...c.required };
  const approvals = (c.approvals ?? []).map((row) => ({ mfa: "", justified: false, ...row }));
  return {
    ...c, detail, constraints, required, approvals, jkt: c.cnf?.jkt ?? null, jwk: c.cnf?.jwk ?? null,
    parent: c.parent ?? null, depth: c.depth ?? 0, observed: c.observed ?? false,
    policy: c.policy_digest ?? "", mapping: c.mapping_digest ?? "",
    roll: detail.roll ?? null, request: detail.request_digest ?? null,
    size: detail.roll ? detail.roll.count : detail.intents.length,
  };
}

// Limits of a parameter: one of some values, within bounds, there or not.

function judgeLimit(limit) {
  malformed(fits(limit, { one_of: maybe(list(anything)), min: maybe(anything), max: maybe(anything), optional: maybe(flag) }));
  judgeDecimals(limit);
  for (const bound of [limit.min, limit.max]) malformed(bound === undefined || number(bound) !== null);
}

const FORBIDDEN = { one_of: [], optional: true };

function allows(limit, value) {
  if (limit.one_of && !limit.one_of.some((other) => same(value, other))) return false;
  if (limit.min === undefined && limit.max === undefined) return true;
  const found = number(value);
  return found !== null
    && (limit.min === undefined || compare(found, number(limit.min)) >= 0)
    && (limit.max === undefined || compare(found, number(limit.max)) <= 0);
}

function valuesWithin(inner, outer) {
  if (inner.one_of) return inner.one_of.every((value) => !allows(inner, value) || allows(outer, value));
  const open = (limit) => limit.min === undefined && limit.max === undefined;
  if (open(inner)) return !outer.one_of && open(outer);
  const [low, high] = [inner.min, inner.max];
  if (low !== undefined && high !== undefined) {
    const order = compare(number(low), number(high));
    if (order > 0) return true; // no number at all
    if (order === 0) return allows(outer, low);
  }
  if (outer.one_of) return false;
  const above = outer.min === undefined || (low !== undefined && compare(number(low), number(outer.min)) >= 0);
  const below = outer.max === undefined || (high !== undefined && compare(number(high), number(outer.max)) <= 0);
  return above && below;
}

const limitWithin = (inner, outer) => !(inner.optional && !outer.optional) && valuesWithin(inner, outer);
const impossible = (limit) => !limit.optional && valuesWithin(limit, FORBIDDEN);

/** One permit for each intent; null where the parameters did not travel. */
function scopeOf(warrant) {
  const rows = warrant.detail.intents;
  if (warrant.roll || rows.some((row) => !row.parameters)) return null;
  return rows.map(({ action, target, parameters }) => ({
    action,
    target,
    limits: {
      ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, { one_of: [value] }])),
      ...(warrant.request === null ? warrant.constraints : {}),
    },
  }));
}

const limitOf = (permit, name) => (Object.hasOwn(permit.limits, name) ? permit.limits[name] : FORBIDDEN);

function covers(permit, intent) {
  return permit.action === intent.action && permit.target === intent.target
    && Object.entries(intent.parameters).every(([name, value]) => allows(limitOf(permit, name), value))
    && Object.entries(permit.limits).every(([name, limit]) => limit.optional || Object.hasOwn(intent.parameters, name));
}

function permitWithin(inner, outer) {
  const names = Object.keys({ ...inner.limits, ...outer.limits });
  return inner.action === outer.action && inner.target === outer.target
    && names.every((name) => limitWithin(limitOf(inner, name), limitOf(outer, name)));
}

function scopeWithin(inner, outer) {
  if (inner.some((permit) => Object.values(permit.limits).some(impossible))) return true;
  return inner.length === outer.length && inner.every((permit, at) => permitWithin(permit, outer[at]));
}

// The argument.

function open(token, above, trust) {
  // (0) size
  must(token.length <= MAX_BYTES, "warrant_too_large");
  // (1) three parts of strict base64url, the header one strict object
  const parts = token.split(".");
  malformed(parts.length === 3);
  const header = strictObject(base64url(parts[0]));
  const [payload, signature] = [base64url(parts[1]), base64url(parts[2])];
  // (2) typ
  must(header.typ === "vienna-warrant+jwt", "warrant_type");
  // (3) no other header parameter; a key that is known, and its own algorithm
  must(Object.keys(header).every((name) => ["alg", "kid", "typ"].includes(name)), "warrant_algorithm");
  const key = above ? holderKey(above, header.kid) : trust.keys.find((k) => k.kid === header.kid && k.purpose === "warrant");
  must(key !== undefined, "warrant_key_unknown");
  must((key.kty === "oct" ? ["HS256"] : ["EdDSA", "Ed25519"]).includes(header.alg), "warrant_algorithm");
  // (4) signature
  must(signed(key, `${parts[0]}.${parts[1]}`, signature), "warrant_signature");
  const warrant = warrantOf(payload); // (1) again, for the claims
  // (5) issuer
  must(warrant.iss === trust.issuer, "warrant_issuer");
  // (6) time
  must(trust.now >= warrant.nbf * 1000, "warrant_not_yet_valid");
  must(trust.now < warrant.exp * 1000, "warrant_expired");
  // (7) revocation
  must(!key.revoked_at, "warrant_revoked");
  must(!key.retired_at || warrant.iat * 1000 < Date.parse(key.retired_at), "warrant_revoked");
  must(!trust.revoked.includes(warrant.jti), "warrant_revoked");
  // (8) the root is the issuer's, each link within the one above
  if (!above) must(warrant.parent === null && warrant.depth === 0, "warrant_chain");
  else must(linked(warrant, above), "warrant_chain");
  return warrant;
}

function holderKey(parent, kid) {
  const { jwk } = parent;
  if (!jwk || jwk.kty !== "OKP" || jwk.crv !== "Ed25519" || thumbprint(jwk) !== kid) return undefined;
  return { kty: "OKP", x: jwk.x };
}

function linked(child, parent) {
  const json = (...values) => JSON.stringify(values);
  const limits = (warrant) => warrant.detail.response_limits ?? {};
  const said = (name) => [null, undefined, child.detail[name]].includes(parent.detail[name]);
  const openAudience = parent.request === null && parent.aud === parent.iss;
  return child.parent === parent.jti
    && child.depth === parent.depth + 1 && child.depth <= MAX_DEPTH
    && child.exp <= parent.exp && child.nbf >= parent.nbf
    && child.iss === parent.iss && child.sub === parent.sub
    && (child.aud === parent.aud || openAudience)
    && (child.jkt !== null || parent.jkt === null)
    && child.tier <= parent.tier
    && json(child.approvals.map(consent)) === json(parent.approvals.map(consent))
    && json(child.intent_id, child.policy, child.mapping, child.audit)
      === json(parent.intent_id, parent.policy, parent.mapping, parent.audit)
    && child.required.approvals >= parent.required.approvals
    && child.required.mfa >= parent.required.mfa && child.required.justification >= parent.required.justification
    && child.observed === parent.observed
    && Object.entries(limits(parent)).every(([name, most]) => most === null || limits(child)[name] <= most)
    && ["request_digest", "method", "url", "content_type", "content_digest"].every(said)
    && fewerCalls(child, parent);
}

const consent = (row) => [row.operator, row.at, row.shown, row.mfa, row.justified];

function fewerCalls(child, parent) {
  const outer = parent.request === null ? scopeOf(parent) : null;
  if (outer) {
    const inner = scopeOf(child);
    return inner !== null && scopeWithin(inner, outer);
  }
  const [mine, theirs] = [child.detail.intents, parent.detail.intents];
  return child.request !== null && sameRoll(child.roll, parent.roll) && mine.length === theirs.length
    && mine.every((row, at) => row.digest === theirs[at].digest
      && (!theirs[at].parameters || (row.parameters && travels(row.parameters) === travels(theirs[at].parameters))));
}

const travels = (parameters) => canonical(parameters, asTravels);
const sameRoll = (one, other) => one?.count === other?.count && one?.digest === other?.digest;

function verify(vector, keys) {
  const trust = { keys, issuer: vector.issuer, now: Date.parse(vector.now), revoked: vector.revoked };
  const { use } = vector;
  must(vector.parents.length <= MAX_DEPTH, "warrant_chain");
  const chain = [];
  for (const token of [...vector.parents, vector.token]) chain.push(open(token, chain.at(-1), trust));
  const warrant = chain.at(-1);
  // (5) this upstream; a warrant for passback may leave it open
  must(warrant.aud === use.origin || (warrant.request === null && warrant.aud === warrant.iss), "warrant_audience");
  // (8) this agent, this holder
  must(warrant.sub === use.agent, "warrant_holder");
  must(warrant.jkt === use.holder_jkt || (warrant.jkt === null && warrant.request === null), "warrant_holder");
  // (9) this request; where no digest binds it, what the plain claims say does
  const bound = warrant.request !== null;
  if (bound) must(warrant.request === use.request_digest, "warrant_request");
  for (const name of ["method", "url"]) {
    const claimed = warrant.detail[name] ?? null;
    const shown = claimed !== null && (claimed.includes("…") || claimed.includes("[redacted]"));
    must(claimed === null || claimed === use[name] || (bound && (use[name] === null || shown)), "warrant_request");
  }
  // (10) these meanings
  must(use.intents.length === warrant.size, "warrant_scope");
  must(!warrant.roll || warrant.roll.digest === rollDigest(use.intents), "warrant_scope");
  const scope = warrant.request === null ? scopeOf(warrant) : null;
  if (scope) must(scope.every((permit, at) => covers(permit, use.intents[at])), "warrant_scope");
  else must(warrant.detail.intents.every((row, at) => row.digest === intentDigest(use.intents[at])
    && (!row.parameters || travels(row.parameters) === travels(use.intents[at].parameters))), "warrant_scope");
  // (11) it permits, and its demands are met
  if (warrant.observed) must(use.observing, "warrant_observed");
  else {
    const people = new Set(warrant.approvals.map((row) => row.operator));
    must(people.size >= warrant.required.approvals, "warrant_requirements");
    must(!warrant.required.mfa || warrant.approvals.every((row) => row.mfa), "warrant_requirements");
    must(!warrant.required.justification || warrant.approvals.every((row) => row.justified), "warrant_requirements");
  }
  // (12) once, and so is everything above it
  must(!chain.some((link) => vector.consumed.includes(link.jti)), "warrant_consumed");
}

function judge(vector, keys) {
  try {
    verify(vector, keys);
    return "granted";
  } catch (error) {
    if (error instanceof Refused) return error.reason;
    throw error;
  }
}

const folder = join(dirname(fileURLToPath(import.meta.url)), "warrant");
const keys = JSON.parse(readFileSync(join(folder, "keys.json"), "utf8")).keys;
const found = {};
let wrong = 0;
for (const file of readdirSync(folder).filter((name) => /^[0-9].*\.json$/.test(name)).sort()) {
  const vector = JSON.parse(readFileSync(join(folder, file), "utf8"));
  for (const intent of vector.use.intents) {
    if (intentDigest(intent) !== intent.digest) throw new Error(`${file}: the digest of an intent is another`);
  }
  const reason = judge(vector, keys);
  found[file.replace(".json", "")] = reason;
  if (reason !== vector.expect) {
    wrong += 1;
    if (!process.argv.includes("--json")) console.log(`${file}: expected ${vector.expect}, judged ${reason}`);
  }
}
if (process.argv.includes("--json")) console.log(JSON.stringify(found));
else console.log(`${Object.keys(found).length} vectors, ${wrong} judged otherwise`);
process.exitCode = wrong ? 1 : 0;
