// SPDX-License-Identifier: Apache-2.0
/** Machines that rpm-ostree has set up, as its sources say that it leaves them. Needs root. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { cleanup, rollback, setKernelArgs, setPinned, status, Sysroot } from "../../../src/host/index.ts";
import { ostree, ref, writeTree } from "../../host/fixture.ts";
import { layouts } from "./layouts.ts";
import { checkMachine, installMachine, type Machine, ourList } from "./machine.ts";
import { installed, runStock } from "./stock.ts";

const blscfg = layouts[1]!;

/** Of the package cache, which is in the machine's own repository; `extensions/rpmostree/pkgcache` leads there. */
const packageRef = "rpmostree/pkg/strace/6.1-1.x86__64";

/** A machine with a package layered on the version of `site`. */
function layeredMachine(t: TestContext): Machine & { readonly base: string; readonly layered: string } {
  const machine = installMachine(t, installed, blscfg, { stateroots: ["fedora"] });
  const { repo, root, path, release, admin } = machine;
  const base = release({ version: "40.1", kernel: "kernel 40" });
  runStock(installed, "pull", `--repo=${repo}`, "site", ref);
  const layered = commitLayered(machine, base);
  ostree("refs", `--repo=${repo}`, "--create=rpmostree/base/0", base);
  ostree("refs", `--repo=${repo}`, `--create=${packageRef}`, base);
  mkdirSync(join(repo, "extensions/rpmostree"), { recursive: true });
  symlinkSync("../..", join(repo, "extensions/rpmostree/pkgcache"));
  const origin = join(root, "origin");
  writeFileSync(
    origin,
    `[origin]\nbaserefspec=site:${ref}\n\n[packages]\nrequested=strace;\n\n[rpmostree]\nregenerate-initramfs=true\ninitramfs-args=-I;/etc/foo.conf;\n`,
  );
  admin("deploy", "--os=fedora", `--origin-file=${origin}`, "--karg=root=LABEL=root", "--karg=rw", layered);
  const state = {
    "var/lib/rpm-ostree/history/1": "",
    "var/cache/rpm-ostree/repomd/fedora.solv": "cache",
    "var/lib/rpm-ostree-automatic": "",
  };
  for (const [name, text] of Object.entries(state)) {
    const file = join(path, "ostree/deploy/fedora", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { ...machine, base, layered };
}

/** A commit as `rpmostree_context_assemble_commit` writes it for a client: on no ref, its parent is the base. */
function commitLayered({ repo, root }: Machine, base: string, version = "40.1"): string {
  const tree = mkdtempSync(join(root, "layered-"));
  writeTree(tree, { version, kernel: "kernel 40", files: { "usr/bin/strace": "strace" } });
  const metadata = [
    `--add-metadata-string=version=${version}`,
    "--add-metadata=rpmostree.clientlayer=true",
    "--add-metadata=rpmostree.clientlayer_version=uint32 6",
    "--add-metadata=rpmostree.packages=['strace']",
  ];
  const args = ["--orphan", "--no-bindings", "--bootable", `--parent=${base}`, ...metadata, `--tree=dir=${tree}`];
  return ostree("commit", `--repo=${repo}`, ...args, "--owner-uid=0", "--owner-gid=0").trim();
}

const refs = (repo: string) =>
  execFileSync("ostree", ["refs", `--repo=${repo}`], { encoding: "utf8" })
    .trim()
    .split("\n")
    .sort();

test("layered packages, their origin and what keeps their base outlive pins, arguments, rollbacks and clean-ups", async (t) => {
  const machine = layeredMachine(t);
  const { path, repo, base, layered } = machine;
  const [told] = status(Sysroot.open(path)).deployments;
  assert.deepEqual(
    [told?.checksum, told?.["base-checksum"], told?.packages, told?.["requested-packages"]],
    [layered, base, ["strace"], ["strace"]],
  );
  const sysroot = Sysroot.open(path);
  await setKernelArgs(sysroot, sysroot.deployments[0]!, ["root=LABEL=root", "rw", "quiet"]);
  checkMachine(machine);
  await setPinned(Sysroot.open(path), Sysroot.open(path).deployments[1]!, true);
  await rollback(Sysroot.open(path));
  await cleanup(Sysroot.open(path), { rollback: true });
  checkMachine(machine);
  const origin = readFileSync(`${Sysroot.open(path).directory(Sysroot.open(path).deployments[0]!)}.origin`, "utf8");
  assert.match(origin, /baserefspec=[^]*\[packages\]\nrequested=strace;\n[^]*initramfs-args=-I;\/etc\/foo\.conf;\n/);
  assert.ok(refs(repo).includes("rpmostree/base/0"));
  assert.ok(refs(repo).includes(packageRef));
  assert.equal(ostree("rev-parse", `--repo=${repo}`, "rpmostree/base/0").trim(), base);
  assert.equal(readlinkSync(join(repo, "extensions/rpmostree/pkgcache")), "../..");
  assert.equal(ostree("ls", `--repo=${repo}`, base, "/usr/bin/tool").includes("/usr/bin/tool"), true);
  const cache = "ostree/deploy/fedora/var/cache/rpm-ostree/repomd/fedora.solv";
  assert.equal(readFileSync(join(path, cache), "utf8"), "cache");
});

test("bases have refs as rpm-ostree counts them: one for each, gone with the last deployment on it", async (t) => {
  const machine = layeredMachine(t);
  const { path, repo, admin, release, base } = machine;
  const next = release({ version: "41.1", kernel: "kernel 41" });
  runStock(installed, "pull", `--repo=${repo}`, "site", ref);
  admin("deploy", "--os=fedora", commitLayered(machine, next, "41.1"));
  // Stock knows nothing of bases; our next change sets what is missing.
  await cleanup(Sysroot.open(path), {});
  const bases = () => refs(repo).filter((name) => name.startsWith("rpmostree/base/"));
  assert.deepEqual(
    bases().map((name) => ostree("rev-parse", `--repo=${repo}`, name).trim()),
    [next, base],
  );
  await cleanup(Sysroot.open(path), { rollback: true });
  assert.deepEqual(bases(), ["rpmostree/base/0"]);
  assert.equal(ostree("rev-parse", `--repo=${repo}`, "rpmostree/base/0").trim(), next);
  checkMachine(machine);
});

test("a machine that follows a container image keeps its origin and the refs of its layers", async (t) => {
  const machine = installMachine(t, installed, blscfg, { stateroots: ["fedora-coreos"] });
  const { repo, path, root, admin } = machine;
  const digest = `sha256:${"ab".repeat(32)}`;
  const description = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 1 };
  const manifest = { schemaVersion: 2, config: description, layers: [description] };
  const tree = mkdtempSync(join(root, "image-"));
  writeTree(tree, { version: "42.1" });
  const metadata = [
    `--add-metadata-string=ostree.manifest-digest=sha256:${"cd".repeat(32)}`,
    `--add-metadata-string=ostree.manifest=${JSON.stringify(manifest)}`,
    "--add-metadata-string=ostree.container.image-config=null",
  ];
  const args = ["--orphan", "--no-bindings", ...metadata, `--tree=dir=${tree}`, "--owner-uid=0", "--owner-gid=0"];
  const commit = ostree("commit", `--repo=${repo}`, ...args).trim();
  const image = "ostree/container/image/docker_3A__2F__2F_quay_2E_io/example/host_3A_stable";
  const layer = `ostree/container/blob/sha256_3A_${"ab".repeat(32)}`;
  for (const name of [image, layer]) ostree("refs", `--repo=${repo}`, `--create=${name}`, commit);
  const reference = "ostree-unverified-registry:quay.io/example/host:stable";
  const origin = join(root, "origin");
  writeFileSync(origin, `[origin]\ncontainer-image-reference=${reference}\n`);
  admin("deploy", "--os=fedora-coreos", `--origin-file=${origin}`, "--karg=rw", commit);
  assert.equal(status(Sysroot.open(path)).deployments[0]?.["container-image-reference"], reference);
  const sysroot = Sysroot.open(path);
  await setKernelArgs(sysroot, sysroot.deployments[0]!, ["rw", "quiet"]);
  await rollback(Sysroot.open(path));
  await cleanup(Sysroot.open(path), { rollback: true });
  checkMachine(machine);
  assert.deepEqual(ourList(machine), [`fedora-coreos ${commit}.0`]);
  assert.ok(refs(repo).includes(image) && refs(repo).includes(layer));
  assert.equal(status(Sysroot.open(path)).deployments[0]?.["container-image-reference"], reference);
});
