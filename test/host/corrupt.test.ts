// SPDX-License-Identifier: Apache-2.0
// Needs root. Objects are damaged as a bad disk does it: their size and name stay.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { ProgressEvent } from "../../src/base/index.ts";
import { deploy, hostError, initSysroot, status, Sysroot } from "../../src/host/index.ts";
import { addRemote, pull } from "../../src/ostree/index.ts";
import { commitTree, ostree, ref, scratch } from "./fixture.ts";

/** A host with 13.1, and 13.2 in its repository. */
async function hostWithUpdate(t: TestContext) {
  const root = scratch(t);
  const [path, site] = [join(root, "sysroot"), join(root, "site")];
  mkdirSync(path);
  ostree("init", `--repo=${site}`, "--mode=archive");
  commitTree(site, root, { version: "13.1" });
  const { repo } = initSysroot(path, { stateroot: "debian" });
  addRemote(repo, "site", { url: `file://${site}`, set: new Map([["gpg-verify", false]]) });
  await pull(repo, { remote: "site", refs: [ref] });
  await deploy(Sysroot.open(path), { rev: `site:${ref}`, stateroot: "debian" });
  commitTree(site, root, { version: "13.2" });
  await pull(repo, { remote: "site", refs: [ref] });
  return { path, site };
}

/** Changes a byte of the object that has this content. */
function damage(path: string, content: string): string {
  const found = execFileSync("grep", ["-rlxF", content, join(path, "ostree/repo/objects")], {
    encoding: "utf8",
  }).trim();
  const bytes = readFileSync(found);
  bytes[0]! ^= 1;
  writeFileSync(found, bytes);
  return found;
}

test("a damaged object is fetched again before it is deployed", async (t) => {
  const { path } = await hostWithUpdate(t);
  damage(path, "tool 13.2");
  const notes: ProgressEvent[] = [];
  const { deployment } = await deploy(Sysroot.open(path), { rev: `site:${ref}` }, (event) => {
    if (event.type === "note") notes.push(event);
  });
  const directory = Sysroot.open(path).directory(deployment);
  assert.equal(readFileSync(join(directory, "usr/bin/tool"), "utf8"), "tool 13.2\n");
  assert.match(JSON.stringify(notes), /Brought 1 damaged object anew from .*site/);
  ostree("fsck", "-q", `--repo=${path}/ostree/repo`);
});

test("when nobody has it, nothing is deployed, and the version that runs stays", async (t) => {
  const { path, site } = await hostWithUpdate(t);
  damage(path, "tool 13.2");
  rmSync(site, { recursive: true });
  await assert.rejects(deploy(Sysroot.open(path), { rev: `site:${ref}` }), (error) => {
    assert.ok(hostError.is(error, "corrupt"));
    assert.match(error.message, /1 objects of commit .* are damaged, the first is [0-9a-f]{64}\.file/);
    return true;
  });
  assert.deepEqual(
    status(Sysroot.open(path)).deployments.map(({ version }) => version),
    ["13.1"],
  );
});
