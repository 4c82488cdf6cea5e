// Runs ledger/trail.json on Node's own cryptography: RFC 6962 leaves and roots, RFC 9162 proofs, a C2SP signed note.
//
//     node tests/vectors/ledger.mjs [FILE]            what does not hold, one line each; exit code 1 if anything

import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const file = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), "ledger", "trail.json");
const data = JSON.parse(readFileSync(file, "utf8"));

const hash = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest();
const leafOf = (body) => hash(Buffer.of(0), body); // RFC 6962 section 2.1
const node = (left, right) => hash(Buffer.of(1), left, right);
const link = (previous, leaf) => hash(Buffer.of(2), previous, leaf); // ours: the chain beside the tree
const hex = (text) => Buffer.from(text, "hex");

let checked = 0;
let wrong = 0;
function check(held, what) {
  checked += 1;
  if (held) return;
  wrong += 1;
  console.log(what);
}

function rootOf(leaves) {
  if (leaves.length === 0) return hash("");
  if (leaves.length === 1) return leaves[0];
  let middle = 1;
  while (middle * 2 < leaves.length) middle *= 2;
  return node(rootOf(leaves.slice(0, middle)), rootOf(leaves.slice(middle)));
}

/** RFC 9162 section 2.1.3.2. */
function included(leaf, index, size, proof, root) {
  let [at, last, found] = [index, size - 1, leaf];
  for (const other of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      found = node(other, found);
      while (at % 2 === 0 && at !== 0) [at, last] = [at >> 1, last >> 1];
    } else found = node(found, other);
    [at, last] = [at >> 1, last >> 1];
  }
  return last === 0 && found.equals(root);
}

/** RFC 9162 section 2.1.4.2. */
function consistent(first, second, old, now, proof) {
  if (first === second) return proof.length === 0 && old.equals(now);
  if (first === 0) return proof.length === 0 && old.equals(hash(""));
  const nodes = (first & (first - 1)) === 0 ? [old, ...proof] : [...proof];
  if (nodes.length === 0) return false;
  let [at, last] = [first - 1, second - 1];
  while (at % 2 === 1) [at, last] = [at >> 1, last >> 1];
  let [before, after] = [nodes[0], nodes[0]];
  for (const other of nodes.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [before, after] = [node(other, before), node(other, after)];
      while (at % 2 === 0 && at !== 0) [at, last] = [at >> 1, last >> 1];
    } else after = node(after, other);
    [at, last] = [at >> 1, last >> 1];
  }
  return last === 0 && before.equals(old) && after.equals(now);
}

/** What a signed note says, if this key (`name+hash+base64`) signed it; null otherwise. */
function opened(note, verifier) {
  const [name, id, blob] = verifier.split("+");
  const key = Buffer.from(verifier.slice(name.length + id.length + 2), "base64");
  const split = note.lastIndexOf("\n\n");
  const [text, lines] = [note.slice(0, split + 1), note.slice(split + 2).split("\n").filter(Boolean)];
  const named = hash(name, "\n", key).subarray(0, 4);
  if (blob === undefined || key[0] !== 1 || named.toString("hex") !== id) return null;
  const publicKey = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: key.subarray(1).toString("base64url") },
    format: "jwk",
  });
  const held = lines.some((line) => {
    const [, who, signature] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    const bytes = Buffer.from(signature ?? "", "base64");
    return who === name && bytes.subarray(0, 4).equals(named)
      && verify(null, Buffer.from(text), publicKey, bytes.subarray(4));
  });
  const [origin, size, root] = text.split("\n");
  return held ? { origin, size: Number(size), root: Buffer.from(root, "base64") } : null;
}

const leaves = [];
let head = Buffer.alloc(32);
data.entries.forEach((entry, at) => {
  const leaf = leafOf(Buffer.from(entry.body));
  check(leaf.toString("hex") === entry.leaf, `entry ${at}: leaf`);
  check(head.toString("hex") === entry.previous, `entry ${at}: link`);
  head = link(head, leaf);
  leaves.push(leaf);
});
check(head.toString("hex") === data.head, "head");
const roots = data.roots.map(hex);
roots.forEach((root, size) => check(rootOf(leaves.slice(0, size)).equals(root), `root of ${size}`));
const all = roots.at(-1);
data.inclusion.forEach((proof, at) => {
  check(included(leaves[at], at, leaves.length, proof.map(hex), all), `inclusion of ${at}`);
  check(!included(leaves[at], (at + 1) % leaves.length, leaves.length, proof.map(hex), all), `inclusion of ${at} elsewhere`);
});
data.consistency.forEach((proof, first) => {
  check(consistent(first, leaves.length, roots[first], all, proof.map(hex)), `consistency from ${first}`);
  const other = roots[(first + 1) % leaves.length];
  check(!consistent(first, leaves.length, other, all, proof.map(hex)), `consistency from ${first}, of another tree`);
});
const said = opened(data.note, data.key);
check(said?.size === leaves.length && said.root.equals(all) && said.origin === data.key.split("+")[0], "note");
check(opened(data.note.replace(`\n${leaves.length}\n`, `\n${leaves.length + 1}\n`), data.key) === null, "note of another size");
console.log(`${checked} checks, ${wrong} do not hold`);
process.exitCode = wrong ? 1 : 0;
