// SPDX-License-Identifier: Apache-2.0
/** The verbs that sign: stock's answers, and each verifies what the other signed. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "../../../../src/base/index.ts";

const atomic = join(import.meta.dirname, "../../../../atomic");
const directory = mkdtempSync(join(tmpdir(), "sign-verbs-"));
const home = join(directory, "home");

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly error: string;
}

function run(command: string, args: readonly string[]): Outcome {
  const env = { ...process.env, TZ: "UTC", OSTREE_DUMMY_SIGN_ENABLED: "1", OSTREE_GPG_HOME: directory };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: directory, encoding: "utf8", env });
  // GLib pads the day of a month with a figure space, or what the locale has for it.
  const plain = stdout.replace(/[\u2007?](?=\d \d\d:)/g, " ");
  return { status, stdout: plain, error: stderr.split("\n").findLast((line) => line.startsWith("error:")) ?? "" };
}

const stock = (...args: string[]) => run("ostree", ["--repo=repo", ...args]);
const ours = (...args: string[]) => run(atomic, ["ostree", "--repo=repo", ...args]);

function done({ status, stdout, error }: Outcome): string {
  assert.equal(status, 0, error);
  return stdout;
}

/** Both say the same, of the same repository, which neither changes. */
function same(...args: string[]): string {
  const [theirs, mine] = [stock(...args), ours(...args)];
  assert.deepEqual(mine, theirs, args.join(" "));
  return mine.stdout + mine.error;
}

function gpg(...args: string[]): Buffer {
  const fixed = ["--homedir", home, "--batch", "--quiet", "--passphrase", ""];
  return execFileSync("gpg", [...fixed, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

before(() => {
  mkdirSync(home, { mode: 0o700 });
  for (const name of ["one", "two"]) gpg("--quick-gen-key", `Number ${name} <${name}@example.com>`, "rsa2048", "sign");
  writeFileSync(join(directory, "keys.gpg"), gpg("--export"));
  mkdirSync(join(directory, "tree"));
  done(stock("init", "--mode=archive"));
  done(stock("commit", "-b", "main", "--tree=dir=tree", "--timestamp=@1"));
});
after(() => {
  execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
  removeTree(directory);
});

const metadata = (key: string) => ["show", "main", `--print-detached-metadata-key=${key}`];

test("dummy: the bytes are stock's and each verifies the other's", () => {
  done(ours("sign", "--sign-type=dummy", "main", "ours"));
  done(stock("sign", "--sign-type=dummy", "main", "theirs"));
  same(...metadata("ostree.sign.dummy"));
  for (const key of ["ours", "theirs"]) {
    assert.equal(same("sign", "--sign-type=dummy", "--verify", "main", key), "dummy: Signature verified\n");
  }
  assert.match(same("sign", "--sign-type=dummy", "--verify", "main", "nobody"), /No valid signatures found/);
  assert.equal(done(ours("sign", "-d", "--sign-type=dummy", "main", "ours")), "Signatures deleted: 1\n");
  assert.match(same("sign", "--sign-type=dummy", "--verify", "main", "ours"), /No valid signatures found/);
  same(...metadata("ostree.sign.dummy"));
});

test("gpg: signatures of both, shown and deleted by both", () => {
  const sign = ["gpg-sign", `--gpg-homedir=${home}`];
  done(ours(...sign, "main", "one@example.com"));
  done(stock(...sign, "main", "two@example.com"));
  assert.equal(same("show", "main").match(/Good signature from "Number (one|two)/g)?.length, 2);
  assert.match(ours(...sign, "main", "two@example.com").error, /Commit is already signed with GPG key two@example.com/);
  assert.match(ours(...sign, "main", "three@example.com").error, /No gpg key found with ID three@example.com/);
  cpSync(join(directory, "repo"), join(directory, "copy"), { recursive: true });
  const remove = [...sign, "--delete", "main", "one@example.com", "nobody@example.com"];
  const theirs = run("ostree", ["--repo=copy", ...remove]);
  assert.deepEqual(ours(...remove), theirs);
  assert.equal(theirs.stdout, "Signatures deleted: 1\n");
  assert.match(same("show", "main"), /Found 1 signature:\n\n.*\n {2}Good signature from "Number two/);
});

test("the summary: every kind in one file", () => {
  const secret = newSecret();
  done(ours("summary", "-u", `--gpg-homedir=${home}`, "--gpg-sign=one@example.com", `--sign=${secret}`));
  assert.match(
    done(ours("summary", "-v")),
    /Found 1 signature on the summary:\n\n.*\n {2}Good signature from "Number one/,
  );
  const bytes = readFileSync(join(directory, "repo/summary.sig"));
  for (const key of ["ostree.gpgsigs", "ostree.sign.ed25519"]) assert.ok(bytes.includes(key));
});

/** A secret ed25519 key as libostree takes it. */
function newSecret(): string {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = (key: Buffer) => key.subarray(-32);
  const seed = raw(privateKey.export({ format: "der", type: "pkcs8" }));
  return Buffer.concat([seed, raw(publicKey.export({ format: "der", type: "spki" }))]).toString("base64");
}

test("a commit is signed before it is there: a bad key leaves none", () => {
  const before = done(ours("rev-parse", "main"));
  for (const key of ["c2hvcnQ=", ""]) {
    assert.match(ours("commit", "-b", "main", "--tree=dir=tree", `--sign=${key}`).error, /Invalid ed25519 secret key/);
  }
  assert.equal(ours("commit", "-b", "main", "--tree=dir=tree", "--sign=x", "--sign-type=nonsense").status, 1);
  assert.equal(done(ours("rev-parse", "main")), before);
  const file = join(directory, "secret");
  writeFileSync(file, `${newSecret()}\n`);
  done(ours("commit", "-b", "signed", "--tree=dir=tree", `--sign-from-file=${file}`));
  assert.match(same("show", "signed", "--print-detached-metadata-key=ostree.sign.ed25519"), /^\[(\[byte 0x|b')/);
});

test("keys of remotes", () => {
  done(ours("remote", "add", "origin", "https://example.com", "--sign-verify=dummy=inline:a:b=c"));
  const config = readFileSync(join(directory, "repo/config"), "utf8");
  assert.match(config, /^verification-dummy-key=a:b=c$/m);
  assert.match(config, /^sign-verify=dummy$/m);
  const importing = ["remote", "gpg-import", "origin", "-k", "keys.gpg"];
  assert.equal(done(ours(...importing, "one@example.com")), 'Imported 1 GPG key to remote "origin"\n');
  assert.equal(done(stock(...importing)), 'Imported 1 GPG key to remote "origin"\n');
  assert.equal(same(...importing), 'Imported 0 GPG keys to remote "origin"\n');
  assert.match(same("remote", "gpg-list-keys", "origin"), /^Key: [0-9A-F]{40}\n {2}Created: /);
  assert.match(same("remote", "gpg-list-keys"), /UID: Number two <two@example.com>/);
  assert.match(ours(...importing, "nobody@example.com").error, /Unable to find key "nobody@example.com"/);
  const bad = ["dummy", "dummy=file", "dummy=other:x", "nonsense=inline:x"];
  for (const spec of bad) assert.equal(ours("remote", "add", "x", "http://x", `--sign-verify=${spec}`).status, 1, spec);
});

test("words that are missing or unknown", () => {
  same("sign");
  same("sign", "main");
  same("gpg-sign");
  same("gpg-sign", "main");
  same("sign", "--sign-type=nonsense", "main", "key");
  same("sign", "--sign-type=dummy", "nobranch", "key");
});
