// SPDX-License-Identifier: Apache-2.0
// Who vouches for an image: containers-policy.json(5) enforced by skopeo, and keys of a remote for the commit in it. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rebase, upgrade } from "../../src/host/index.ts";
import { keySigner, Repo, signCommit } from "../../src/ostree/index.ts";
import { acceptAnything, imageHost, makeDirectory, skopeo, usePolicy } from "./image-fixture.ts";

test("a signed image is asked for by the policy, and an unsigned one is not deployed", async (t) => {
  const host = await imageHost(t);
  const home = makeDirectory(join(host.root, "gnupg"));
  const gpg = (...args: string[]) =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
  execFileSync("chmod", ["700", home]);
  gpg("--quick-generate-key", "builder@example.com", "ed25519", "sign", "never");
  t.after(() => execFileSync("gpgconf", ["--homedir", home, "--kill", "all"], { stdio: "ignore" }));
  const key = join(host.root, "key.gpg");
  writeFileSync(key, gpg("--export", "builder@example.com"));

  const commit = host.build("14.1");
  await host.encapsulate(commit, `oci:${join(host.root, "image")}`);
  // Of the transports without a server, only a directory has a place for signatures.
  const [signed, unsigned] = ["signed", "unsigned"].map((name) => join(host.root, name));
  skopeo("copy", `oci:${join(host.root, "image")}`, `dir:${unsigned}`);
  execFileSync(
    "skopeo",
    [
      "--insecure-policy",
      "copy",
      "--sign-by",
      "builder@example.com",
      "--sign-identity",
      "example.com/host:14",
      `oci:${join(host.root, "image")}`,
      `dir:${signed}`,
    ],
    { env: { ...process.env, GNUPGHOME: home }, stdio: "pipe" },
  );
  const identity = { type: "exactReference", dockerReference: "example.com/host:14" };
  const requirement = { type: "signedBy", keyType: "GPGKeys", keyPath: key, signedIdentity: identity };

  usePolicy(t, host.root, acceptAnything);
  // It is here now, and still nobody signed it.
  await rebase(host.open(), { refspec: `ostree-unverified-image:dir:${unsigned}`, stage: false });
  const before = host.open().deployments.length;
  const asSigned = (path: string) => rebase(host.open(), { refspec: `ostree-image-signed:dir:${path}`, stage: false });
  await assert.rejects(asSigned(signed!), /takes dir:.* without a signature \(insecureAcceptAnything\)/);

  usePolicy(t, host.root, { default: [{ type: "reject" }], transports: { dir: { "": [requirement] } } });
  await assert.rejects(asSigned(unsigned!), { code: "ostree-image-fetch" });
  const other = `oci:${join(host.root, "other")}`;
  await host.encapsulate(host.build("14.2"), other);
  const plain = rebase(host.open(), { refspec: `ostree-unverified-image:${other}`, stage: false });
  await assert.rejects(plain, { code: "ostree-image-fetch" }, "the policy counts for the others, too");
  const cached = { refspec: `ostree-image-signed:dir:${unsigned}`, cacheOnly: true, stage: false };
  await assert.rejects(rebase(host.open(), cached), /was not fetched yet, or not verified/);
  assert.equal(host.open().deployments.length, before);

  const done = await asSigned(signed!);
  assert.equal(done.deployed?.deployment.checksum, commit);
  usePolicy(t, host.root, {
    default: [{ type: "reject" }],
    transports: { dir: { [host.root]: acceptAnything.default, "": [requirement] } },
  });
  await assert.rejects(upgrade(host.open(), { stage: false }), /without a signature/, "the narrower scope counts");
});

test("the commit in an image is verified by the keys of a remote", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const secret = Buffer.concat([privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32), raw]);
  const remote = (name: string, key: Buffer) =>
    appendFileSync(
      join(host.repo, "config"),
      `[remote "${name}"]\nurl=https://example.com\ngpg-verify=false\nsign-verify=ed25519\nverification-ed25519-key=${key.toString("base64")}\n`,
    );
  remote("site", raw);
  remote("other", Buffer.alloc(32, 7));
  const path = `oci:${join(host.root, "image")}`;
  const commit = host.build("14.1");
  await host.encapsulate(commit, path);
  const from = (name: string) => rebase(host.open(), { refspec: `ostree-remote-image:${name}:${path}`, stage: false });
  await assert.rejects(from("site"), { code: "ostree-sign-verify" });
  await signCommit(Repo.open(join(host.root, "builder")), commit, keySigner("ed25519", secret));
  await host.encapsulate(commit, path);
  await assert.rejects(from("other"), { code: "ostree-sign-verify" });
  assert.equal(host.open().deployments.length, 1);
  assert.equal((await from("site")).deployed?.deployment.checksum, commit);
  assert.ok(Repo.open(host.repo).has(commit, "commitmeta"));
  await assert.rejects(from("other"), { code: "ostree-sign-verify" }, "what is here is verified as well");
});
