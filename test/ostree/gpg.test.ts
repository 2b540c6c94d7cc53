// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "../../src/base/index.ts";
import {
  addRemote,
  commitSignatures,
  gpgSigner,
  importKeys,
  openKeyring,
  pull,
  remoteKeyringPath,
  Repo,
  serveDirectory,
  signCommit,
  updateSummary,
  withSignatures,
  writeDetached,
} from "../../src/ostree/index.ts";
import { stock, stockAsync } from "./fixture.ts";

const directory = mkdtempSync(join(tmpdir(), "gpg-test-"));
const home = join(directory, "home");
const source = join(directory, "source");

function gpg(...args: string[]): Buffer {
  return execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

const past = ["--faked-system-time", "20200101T000000"];

before(() => {
  mkdirSync(home, { mode: 0o700 });
  for (const name of ["publisher", "stranger"])
    gpg("--quick-gen-key", `${name}@example.com`, "ed25519", "sign", "never");
  gpg(...past, "--quick-gen-key", "expired@example.com", "rsa2048", "sign", "30d");
  mkdirSync(join(directory, "tree"));
  writeFileSync(join(directory, "tree/file"), "content");
  stock(`--repo=${source}`, "init", "--mode=archive");
  const commit = (ref: string, ...sign: string[]) =>
    stock(
      `--repo=${source}`,
      "commit",
      "-b",
      ref,
      `--gpg-homedir=${home}`,
      ...sign,
      `--tree=dir=${join(directory, "tree")}`,
    );
  commit("signed", "--gpg-sign=publisher@example.com");
  commit("twice", "--gpg-sign=stranger@example.com", "--gpg-sign=publisher@example.com");
  commit("unsigned");
  stock(`--repo=${source}`, "summary", "-u", "--gpg-sign=publisher@example.com", `--gpg-homedir=${home}`);
});
after(() => {
  execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
  removeTree(directory);
});

let count = 0;

/** A repository with a remote that trusts these keys; verification is not mentioned: it is the default. */
async function target(url: string, keys: readonly string[], set = new Map<string, boolean>()): Promise<Repo> {
  const repo = Repo.init(join(directory, `target-${++count}`), "bare-user");
  addRemote(repo, "origin", { url, set });
  for (const key of keys) await importKeys(repo.path, "origin", gpg("--export", `${key}@example.com`));
  return repo;
}

const refused = (text: RegExp) => (error: Error & { code?: string }) => {
  assert.equal(error.code, "ostree-gpg-verify");
  assert.match(error.message, text);
  return true;
};

test("a commit signed by a trusted key is pulled", async () => {
  await using server = await serveDirectory(source);
  for (const ref of ["signed", "twice"]) {
    const repo = await target(server.url, ["publisher"]);
    await pull(repo, { remote: "origin", refs: [ref] });
    const results = await commitSignatures(repo, repo.resolve(ref), openKeyring(repo, { remote: "origin" }));
    assert.equal(results.filter(({ valid }) => valid).length, 1);
    assert.match(results.find(({ valid }) => valid)!.userId!, /publisher@example.com/);
  }
});

test("without the key, with another's, or without a signature nothing is pulled", async () => {
  await using server = await serveDirectory(source);
  const cases: [string[], string, RegExp][] = [
    [[], "signed", /public key not found/],
    [["stranger"], "signed", /public key not found/],
    [["publisher"], "unsigned", /no signatures found/],
  ];
  for (const [keys, ref, text] of cases) {
    const repo = await target(server.url, keys);
    await assert.rejects(pull(repo, { remote: "origin", refs: [ref] }), refused(text));
    assert.deepEqual([repo.listRefs().size, [...repo.objects()].length], [0, 0]);
    await pull(repo, { remote: "origin", refs: [ref], gpgVerify: false });
  }
});

test("a signature by a key that is expired is refused", async () => {
  const repo = Repo.init(join(directory, "expired"), "archive");
  await pull(repo, { source: Repo.open(source), refs: ["unsigned"] });
  const commit = repo.resolve("unsigned");
  writeFileSync(join(directory, "commit"), repo.loadMetadata(commit, "commit"));
  const signature = gpg(
    ...past,
    "--local-user",
    "expired@example.com",
    "--detach-sign",
    "--output",
    "-",
    join(directory, "commit"),
  );
  writeFileSync(repo.objectPath(commit, "commitmeta"), writeDetached(withSignatures(new Map(), "gpg", [signature])));
  await using server = await serveDirectory(repo.path);
  const end = await target(server.url, ["expired"]);
  await assert.rejects(pull(end, { remote: "origin", refs: ["unsigned"] }), refused(/Key expired \w+ Jan 31/));
});

test("a signature of other bytes is refused", async () => {
  const repo = Repo.init(join(directory, "swapped"), "archive");
  await pull(repo, { source: Repo.open(source) });
  const [from, to] = ["signed", "unsigned"].map((ref) => repo.resolve(ref));
  writeFileSync(repo.objectPath(to!, "commitmeta"), readFileSync(repo.objectPath(from!, "commitmeta")));
  await using server = await serveDirectory(repo.path);
  const end = await target(server.url, ["publisher"]);
  await assert.rejects(pull(end, { remote: "origin", refs: ["unsigned"] }), refused(/BAD signature/));
});

test("a verified summary; one that was changed or is not signed is refused", async () => {
  const set = new Map([["gpg-verify-summary", true]]);
  const repo = Repo.init(join(directory, "summary"), "archive");
  await pull(repo, { source: Repo.open(source) });
  await using server = await serveDirectory(repo.path);
  const pullFrom = async () => {
    const end = await target(server.url, ["publisher"], set);
    return pull(end, { remote: "origin", refs: ["signed"] });
  };
  await assert.rejects(pullFrom(), refused(/no summary found/));
  await updateSummary(repo);
  await assert.rejects(pullFrom(), refused(/no summary.sig found/));
  await updateSummary(repo, { signers: [gpgSigner("publisher@example.com", home)] });
  await pullFrom();
  writeFileSync(join(repo.path, "summary"), readFileSync(join(source, "summary")));
  await assert.rejects(pullFrom(), refused(/BAD signature/));
});

test("stock accepts commits and summaries that we signed", async () => {
  const repo = Repo.init(join(directory, "ours"), "archive");
  await pull(repo, { source: Repo.open(source), refs: ["unsigned"] });
  await signCommit(repo, repo.resolve("unsigned"), gpgSigner("publisher@example.com", home));
  await updateSummary(repo, { signers: [gpgSigner("publisher@example.com", home)] });
  await using server = await serveDirectory(repo.path);
  const end = join(directory, "stock-end");
  const keys = join(directory, "keys.gpg");
  writeFileSync(keys, gpg("--armor", "--export", "publisher@example.com"));
  stock(`--repo=${end}`, "init", "--mode=bare-user");
  stock(
    `--repo=${end}`,
    "remote",
    "add",
    `--gpg-import=${keys}`,
    "--set=gpg-verify-summary=true",
    "origin",
    server.url,
  );
  await stockAsync(`--repo=${end}`, "pull", "origin", "unsigned");
  assert.match(stock(`--repo=${end}`, "show", "--gpg-verify-remote=origin", "unsigned"), /Good signature/);
});

test("keys are imported once, armored or not, all or chosen", async () => {
  const repo = Repo.init(join(directory, "keys"), "bare-user");
  const armored = gpg("--armor", "--export");
  assert.equal(await importKeys(repo.path, "a", armored, ["publisher@example.com"]), 1);
  assert.equal(await importKeys(repo.path, "a", armored), 2);
  assert.equal(await importKeys(repo.path, "a", gpg("--export")), 0);
  const listed = execFileSync(
    "gpg",
    ["--homedir", home, "--show-keys", "--with-colons", remoteKeyringPath(repo.path, "a")],
    {
      encoding: "utf8",
    },
  );
  assert.equal(listed.match(/^pub:/gm)?.length, 3);
  await assert.rejects(importKeys(repo.path, "a", armored, ["nobody"]), /Unable to find key "nobody"/);
  await assert.rejects(importKeys(repo.path, "a", Buffer.from("garbage")), /cannot read the GPG keys/);
});

test("an import of no keys is an error, as stock's", async () => {
  const repo = await target("http://localhost/", ["publisher"]);
  for (const ids of [[], ["publisher@example.com"]]) {
    assert.throws(() => stock(`--repo=${repo.path}`, "remote", "gpg-import", "origin", ...ids));
    await assert.rejects(importKeys(repo.path, "origin", [], ids), { code: "ostree-gpg-keys" });
  }
});
