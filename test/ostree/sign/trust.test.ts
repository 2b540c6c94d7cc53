// SPDX-License-Identifier: Apache-2.0
/** What a pull takes and what it refuses, by the kinds of signatures that the remote asks for. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "../../../src/base/index.ts";
import {
  addRemote,
  appendSignature,
  gpgSigner,
  importKeys,
  keySigner,
  loadDetached,
  parseSecretKey,
  pull,
  Repo,
  scanTree,
  serveDirectory,
  signCommit,
  storeDetached,
  updateSummary,
  withSignatures,
  writeCommit,
  writeTree,
} from "../../../src/ostree/index.ts";
import { stock } from "../fixture.ts";

const directory = mkdtempSync(join(tmpdir(), "trust-test-"));
const home = join(directory, "home");

/** An ed25519 pair as libostree writes keys. */
function newKey(): { secret: string; public: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  return { secret: Buffer.concat([seed, raw]).toString("base64"), public: raw.toString("base64") };
}

const [key, stranger] = [newKey(), newKey()];
const signer = keySigner("ed25519", parseSecretKey("ed25519", key.secret));
let source: Repo;

function gpg(...args: string[]): Buffer {
  return execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

before(async () => {
  mkdirSync(home, { mode: 0o700 });
  gpg("--quick-gen-key", "publisher@example.com", "ed25519", "sign", "never");
  mkdirSync(join(directory, "tree"));
  writeFileSync(join(directory, "tree/file"), "content");
  source = Repo.init(join(directory, "source"), "archive");
  const tree = await writeTree(source, scanTree(join(directory, "tree")));
  const commit = (ref: string) => writeCommit(source, { ...tree, ref, subject: ref, timestamp: 1n });
  const publisher = gpgSigner("publisher@example.com", home);
  await signCommit(source, commit("ed25519"), signer);
  await signCommit(source, commit("gpg"), publisher);
  await signCommit(source, commit("both"), signer);
  await signCommit(source, source.resolve("both"), publisher);
  for (const ref of ["unsigned", "moved", "empty", "cut", "many"]) commit(ref);
  const signature = loadDetached(source, source.resolve("ed25519"));
  const forge = (ref: string, detached: ReturnType<typeof loadDetached>) =>
    storeDetached(source, source.resolve(ref), detached);
  forge("moved", signature);
  forge("empty", new Map([["ostree.sign.ed25519", { type: "aay", value: [] }]]));
  const data = source.loadMetadata(source.resolve("cut"), "commit");
  forge("cut", appendSignature(new Map(), "ed25519", (await signer.sign(data)).subarray(0, 40)));
  const many = source.loadMetadata(source.resolve("many"), "commit");
  const noise = Array.from({ length: 5000 }, () => Buffer.alloc(64, 1));
  forge("many", withSignatures(new Map(), "ed25519", [...noise, await signer.sign(many)]));
});
after(() => {
  execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
  removeTree(directory);
});

let count = 0;
const url = () => `file://${source.path}`;

function target(set: Record<string, string | boolean>): Repo {
  const repo = Repo.init(join(directory, `target-${++count}`), "bare-user");
  addRemote(repo, "origin", { url: url(), set: new Map(Object.entries({ "gpg-verify": false, ...set })) });
  return repo;
}

const byKey = (value: string) => ({ "sign-verify": "ed25519", "verification-ed25519-key": value });
const pullRef = (repo: Repo, ref: string) => pull(repo, { remote: "origin", refs: [ref] });

async function refused(repo: Repo, ref: string, text: RegExp, code = "ostree-sign-verify"): Promise<void> {
  await assert.rejects(pullRef(repo, ref), (error: Error & { code?: string }) => {
    assert.match(error.message, text);
    assert.equal(error.code, code);
    return true;
  });
  assert.deepEqual([repo.listRefs().size, [...repo.objects()].length], [0, 0], "nothing of it is kept");
}

test("a commit signed by the remote's key is pulled, by whichever words the key is configured", async () => {
  await pullRef(target(byKey(key.public)), "ed25519");
  const file = join(directory, "keys");
  writeFileSync(file, `${stranger.public}\n${key.public}\n`);
  await pullRef(target({ "sign-verify": "true", "verification-ed25519-file": file }), "ed25519");
  await pullRef(
    target({ ...byKey(key.public), "sign-verify": "spki;ed25519", "verification-spki-key": "AAAA" }),
    "ed25519",
  );
});

test("other keys, other commits' signatures, none, cut ones and thousands are refused", async () => {
  await refused(
    target(byKey(stranger.public)),
    "ed25519",
    /Can't verify commit: ed25519: Signature couldn't be verified/,
  );
  const repo = () => target(byKey(key.public));
  await refused(repo(), "unsigned", /Can't verify commit without detached metadata/);
  await refused(repo(), "gpg", /Can't verify commit: No signatures found/);
  await refused(repo(), "moved", /couldn't be verified with: key '/);
  await refused(repo(), "empty", /ed25519: no signatures found/);
  await refused(repo(), "cut", /Invalid signature: Ill-formed input: expected 64 bytes, got 40 bytes/);
  await refused(repo(), "many", /more than 256 signatures/);
});

test("where both kinds are asked for, both are needed", async () => {
  const repo = async () => {
    const made = target({ ...byKey(key.public), "gpg-verify": true });
    await importKeys(made.path, "origin", gpg("--export"));
    return made;
  };
  await pullRef(await repo(), "both");
  await refused(await repo(), "ed25519", /GPG verification enabled, but no signatures found/, "ostree-gpg-verify");
  await refused(await repo(), "gpg", /Can't verify commit: No signatures found/);
});

test("a configuration that cannot be met is refused, never taken for none", async () => {
  const keys = "ostree-sign-keys";
  await refused(target({ "sign-verify": "ed25519" }), "ed25519", /No keys found for required signapi type/, keys);
  await refused(target({ "sign-verify": "nonsense" }), "ed25519", /signature type is not implemented/, keys);
  await refused(target(byKey("garbage")), "ed25519", /Failed loading 'ed25519' keys from inline/, keys);
  const file = join(directory, "garbage");
  writeFileSync(file, "\u0000\u0001 no key\n");
  const set = { "sign-verify": "ed25519", "verification-ed25519-file": file };
  await refused(target(set), "ed25519", /Failed loading 'ed25519' keys from '.*garbage'/, keys);
  await refused(target({ ...set, "verification-ed25519-file": "/nonexistent" }), "ed25519", /is not a regular/, keys);
  // Any kind will do, but there are no keys of any on this system.
  await refused(target({ "sign-verify": true }), "ed25519", /no keys loaded/);
});

test("a summary is refused without its signature, by other keys, and when it was changed", async () => {
  const set = { "sign-verify-summary": "ed25519", "verification-ed25519-key": key.public };
  await refused(target(set), "ed25519", /no summary found \(use sign-verify-summary=false/);
  await updateSummary(source);
  await refused(target(set), "ed25519", /no summary.sig found \(use sign-verify-summary=false/);
  await updateSummary(source, { signers: [signer] });
  await pullRef(target(set), "ed25519");
  await refused(target({ ...set, "verification-ed25519-key": stranger.public }), "ed25519", /couldn't be verified/);
  const signature = readFileSync(join(source.path, "summary.sig"));
  await updateSummary(source, { timestamp: 5n });
  writeFileSync(join(source.path, "summary.sig"), signature);
  await refused(target(set), "ed25519", /couldn't be verified/);
  writeFileSync(join(source.path, "summary.sig"), "garbage");
  await refused(target(set), "ed25519", /^No signatures found$/);
});

test("gpgkeypath: files and directories of keys; what is named must be there and be keys", async () => {
  const keys = join(directory, "gpg-keys");
  mkdirSync(keys);
  writeFileSync(join(keys, "publisher.asc"), gpg("--armor", "--export"));
  writeFileSync(join(keys, "README"), "no key\n");
  const by = (value: string) => target({ "gpg-verify": true, gpgkeypath: value });
  for (const value of [keys, join(keys, "publisher.asc"), `${keys},${keys}/publisher.asc,`])
    await pullRef(by(value), "gpg");
  const bad: [string, RegExp, string?][] = [
    [`${keys};/nonexistent`, /open\(\/nonexistent\): No such file or directory/],
    [`${keys}/README;/nonexistent`, /cannot read the GPG keys/],
    [`${keys};${keys},${keys}`, /key value list contains more than one separator/, "ostree-bad-config"],
  ];
  for (const [value, text, code = "ostree-gpg-keys"] of bad) await refused(by(value), "gpg", text, code);
});

test("a commit that comes in a delta must be signed as any other", async () => {
  for (const ref of ["ed25519", "moved", "unsigned"]) {
    stock(`--repo=${source.path}`, "static-delta", "generate", "--empty", `--to=${ref}`);
  }
  await updateSummary(source);
  await using server = await serveDirectory(source.path);
  const from = () => {
    const repo = Repo.init(join(directory, `target-${++count}`), "bare-user");
    const set = new Map(Object.entries({ "gpg-verify": false, ...byKey(key.public) }));
    addRemote(repo, "origin", { url: server.url, set });
    return repo;
  };
  const repo = from();
  const stats = await pull(repo, { remote: "origin", refs: ["ed25519"], requireDeltas: true });
  assert.equal(repo.resolve("origin:ed25519"), source.resolve("ed25519"));
  assert.equal(stats.commits.length, 1);
  await refused(from(), "moved", /couldn't be verified with: key '/);
  await refused(from(), "unsigned", /Can't verify commit without detached metadata/);
});
