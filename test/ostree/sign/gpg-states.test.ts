// SPDX-License-Identifier: Apache-2.0
/** Signatures by keys in every state, told of as stock ostree tells of them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "../../../src/base/index.ts";
import {
  commitSignatures,
  listKeys,
  loadDetached,
  openKeyring,
  Repo,
  type SignatureResult,
  signaturesIn,
  signaturesText,
  systemKeyring,
  verifySignatures,
} from "../../../src/ostree/index.ts";
import { stock } from "../fixture.ts";

const directory = mkdtempSync(join(tmpdir(), "gpg-states-"));
const home = join(directory, "home");
const trusted = join(directory, "trusted");
const path = join(directory, "repo");
const users = [
  "Some Body (comment) <good@example.com>",
  "late@example.com",
  "Lost Key <lost@example.com>",
  "No Address",
];

function gpg(...args: string[]): Buffer {
  return execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function fingerprint(user: string): string {
  const listing = gpg("--with-colons", "--list-keys", user).toString();
  return /^fpr:(?:[^:]*:){8}([0-9A-F]{40}):/m.exec(listing)![1]!;
}

before(() => {
  mkdirSync(home, { mode: 0o700 });
  for (const user of users) gpg("--quick-gen-key", user, "rsa2048", "sign", "never");
  gpg("--quick-add-key", fingerprint("good@"), "ed25519", "sign", "2y");
  gpg("--quick-add-key", fingerprint("late@"), "ed25519", "sign", "never");
  mkdirSync(join(directory, "tree"));
  writeFileSync(join(directory, "tree/file"), "content");
  stock(`--repo=${path}`, "init", "--mode=archive");
  const signed = users.map((user) => `--gpg-sign=${fingerprint(user)}`);
  const tree = `--tree=dir=${join(directory, "tree")}`;
  stock(`--repo=${path}`, "commit", "-b", "main", `--gpg-homedir=${home}`, ...signed, tree);
  mkdirSync(trusted);
  process.env["OSTREE_GPG_HOME"] = trusted;
});
after(() => {
  delete process.env["OSTREE_GPG_HOME"];
  execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
  removeTree(directory);
});

let unrevoked: Buffer;

/** What stock says of the signatures, and what we do. */
async function told(): Promise<{ stock: string; ours: string }> {
  const repo = Repo.open(path);
  const shown = stock(`--repo=${path}`, "show", "main");
  const results = await commitSignatures(repo, repo.resolve("main"), openKeyring(repo, {}));
  // GLib pads the day of a month with a figure space, or what the locale has for it.
  const block = shown
    .slice(shown.indexOf("Found "))
    .trim()
    .replace(/[\u2007?](?=\d \d\d:)/g, " ");
  return { stock: block, ours: signaturesText((n) => `Found ${n}:`, results) };
}

test("keys that are not known", async () => {
  const { stock, ours } = await told();
  assert.equal(ours, stock);
  assert.equal(ours.match(/public key not found/g)?.length, users.length);
});

test("good signatures, by subkeys too, with and without names and an end", async () => {
  writeFileSync(join(trusted, "keys.gpg"), gpg("--export"));
  const { stock, ours } = await told();
  assert.equal(ours, stock);
  assert.equal(ours.match(/Good signature/g)?.length, users.length);
});

test("a key that has expired since, and one that is revoked", async () => {
  const lost = fingerprint("lost@");
  unrevoked = gpg("--export", lost);
  const certificate = join(home, "openpgp-revocs.d", `${lost}.rev`);
  writeFileSync(certificate, readFileSync(certificate, "latin1").replace(/^:(?=-----BEGIN)/m, ""));
  gpg("--import", certificate);
  gpg("--quick-set-expire", fingerprint("late@"), "seconds=1");
  await new Promise((resolve) => setTimeout(resolve, 2100));
  writeFileSync(join(trusted, "keys.gpg"), gpg("--export"));
  const { stock, ours } = await told();
  assert.equal(ours, stock);
  assert.match(ours, /BAD signature from " <late@example.com>"\n.*\n {2}Primary key expired/);
  assert.match(ours, /Key revoked/);
});

test("keys are listed as stock lists them", async () => {
  const listed = stock(`--repo=${path}`, "remote", "gpg-list-keys");
  const keys = await listKeys(systemKeyring());
  for (const { primary, users, subkeys } of keys) {
    assert.ok(listed.includes(`Key: ${primary.fingerprint}${primary.revoked ? " (revoked)" : ""}\n`));
    for (const subkey of subkeys) assert.ok(listed.includes(`Subkey: ${subkey.fingerprint}\n`));
    for (const { urls } of users) if (urls) assert.ok(listed.includes(urls.advanced) && listed.includes(urls.direct));
  }
  assert.equal(keys.length, listed.match(/^Key:/gm)?.length);
});

test("a revocation counts whichever of the keyrings it is in", async () => {
  for (const name of ["a.gpg", "z.gpg"]) writeFileSync(join(trusted, name), unrevoked);
  const repo = Repo.open(path);
  const results = await commitSignatures(repo, repo.resolve("main"), openKeyring(repo, {}));
  const states = results.map(({ problem }) => problem ?? "good");
  assert.deepEqual(states, ["good", "expired-key", "revoked-key", "good"]);
});

test("a signature of which a byte is changed or missing counts for nothing, or says the same", async () => {
  const repo = Repo.open(path);
  const commit = repo.resolve("main");
  const data = repo.loadMetadata(commit, "commit");
  const [signature] = signaturesIn(loadDetached(repo, commit), "gpg")!;
  const keyring = openKeyring(repo, {});
  const [whole] = await verifySignatures(data, [signature!], keyring);
  const facts = ({ fingerprint, created }: SignatureResult) => ({ fingerprint, created });
  const damaged = [...signature!.keys()].flatMap((at) => {
    const changed = Buffer.from(signature!);
    changed[at]! ^= 1 << (at & 7);
    return [changed, signature!.subarray(0, at)];
  });
  let counted = 0;
  for (const bytes of damaged) {
    for (const result of await verifySignatures(data, [bytes], keyring)) {
      if (!result.valid) continue;
      counted++;
      // What is not signed of a packet, the issuer's key ID for one, may be changed.
      assert.deepEqual(facts(result), facts(whole!));
    }
  }
  assert.ok(counted < 20, `${counted} of ${damaged.length} counted`);
});

test("more signatures than anybody makes are refused, and a huge one is not looked at", async () => {
  const repo = Repo.open(path);
  const data = Buffer.from("data");
  const [signature] = signaturesIn(loadDetached(repo, repo.resolve("main")), "gpg")!;
  const many = Array.from({ length: 5000 }, () => signature!);
  for (const signatures of [many, [Buffer.concat(many.slice(0, 300))]]) {
    await assert.rejects(verifySignatures(data, signatures, openKeyring(repo, {})), /More than 256 signatures/);
  }
  const [huge] = await verifySignatures(data, [Buffer.concat(many)], openKeyring(repo, {}));
  assert.deepEqual([huge!.valid, huge!.detail], [false, "No data"]);
});
