// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commitSignatures, deploy, Sysroot, statusWithSignatures } from "../../src/host/index.ts";
import { importKeys } from "../../src/ostree/index.ts";
import { commitTree, newSysroot, ostree, ref } from "./fixture.ts";

test("status says whose signature a deployment has", async (t) => {
  const { root, path, repo, sysroot, first } = newSysroot(t);
  const home = join(root, "gnupg");
  mkdirSync(home);
  chmodSync(home, 0o700);
  const gpg = (...args: string[]) =>
    execFileSync("gpg", [
      "--homedir",
      home,
      "--batch",
      "--quiet",
      "--pinentry-mode",
      "loopback",
      "--passphrase",
      "",
      ...args,
    ]);
  gpg("--quick-gen-key", "Release Key <release@example.org>", "ed25519", "sign", "never");
  t.after(() => execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]));
  ostree("gpg-sign", `--repo=${repo}`, `--gpg-homedir=${home}`, first, "release@example.org");
  ostree("remote", "add", `--repo=${repo}`, "site", "http://localhost/");

  assert.deepEqual(await commitSignatures(sysroot.repo, "nosuch", first), []);
  const [unknown] = await commitSignatures(Sysroot.open(path).repo, "site", first);
  assert.deepEqual([unknown?.[0], unknown?.[4]], [false, true], "the key is missing");
  await importKeys(repo, "site", gpg("--export"));
  const [known] = await commitSignatures(Sysroot.open(path).repo, "site", first);
  assert.deepEqual([known?.[0], known?.[10], known?.[11]], [true, "Release Key", "release@example.org"]);

  await deploy(Sysroot.open(path), { rev: ref, stateroot: "debian", origin: `site:${ref}` });
  commitTree(repo, root, { version: "13.2" });
  await deploy(Sysroot.open(path), { rev: ref, stateroot: "debian" });
  const { deployments } = await statusWithSignatures(Sysroot.open(path));
  assert.deepEqual(
    deployments.map(({ signatures }) => signatures?.map(([valid]) => valid)),
    [[], [true]],
  );
});
