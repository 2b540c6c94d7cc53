// SPDX-License-Identifier: Apache-2.0
// What a preview tells, and whether the update then does just that. Needs root.
import assert from "node:assert/strict";
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  deploy,
  forecastEtc,
  type EtcDefaults,
  initSysroot,
  mergeEtc,
  previewUpgrade,
  readAdvisoryRow,
  status,
  Sysroot,
  upgrade,
} from "../../src/host/index.ts";
import { pull, serveDirectory } from "../../src/ostree/index.ts";
import { bootInto, ostree, ref, scratch, writeTree } from "./fixture.ts";

/** A host that runs 1, and its server, which has 2 with sizes; the same files in the order of their making. */
async function hostAndServer(t: TestContext, more: readonly string[] = [], before: readonly string[] = []) {
  const root = scratch(t);
  const remote = join(root, "site");
  ostree("init", `--repo=${remote}`, "--mode=archive");
  const tree = join(root, "tree");
  const release = (version: string, ...args: string[]) => {
    rmSync(tree, { recursive: true, force: true });
    const files = {
      "usr/bin/big": `${version}\n`.repeat(30_000),
      "usr/bin/same": "same\n".repeat(9000),
      "usr/etc/changed-by-both": version,
      ...(version === "1" ? { "usr/etc/gone": "" } : { "usr/etc/becomes-directory/file": "" }),
    };
    writeTree(tree, { version, kernel: version, files });
    symlinkSync(`target-${version}`, join(tree, "usr/link"));
    return ostree(
      "commit",
      `--repo=${remote}`,
      `--branch=${ref}`,
      "--no-bindings",
      "--generate-sizes",
      `--add-metadata-string=version=${version}`,
      `--timestamp=2026-11-0${version}T00:00:00Z`,
      `--tree=dir=${tree}`,
      "--owner-uid=0",
      "--owner-gid=0",
      ...args,
    ).trim();
  };
  const first = release("1", ...before);
  const server = await serveDirectory(remote);
  t.after(() => server.close());
  const path = join(root, "sysroot");
  mkdirSync(path);
  initSysroot(path, { stateroot: "debian" });
  ostree("remote", "add", `--repo=${path}/ostree/repo`, "--no-gpg-verify", "site", server.url);
  await pull(Sysroot.open(path).repo, { remote: "site", refs: [ref] });
  await deploy(Sysroot.open(path), { rev: `site:${ref}`, stateroot: "debian", origin: `site:${ref}` });
  const second = release("2", ...more);
  return { root, path, remote, first, second, running: () => bootInto(root, path) };
}

const request = { startFinalizer: async () => {}, stage: false };

test("the size of the download and on the disk is told to the byte, before and after", async (t) => {
  const { running } = await hostAndServer(t);
  const preview = await previewUpgrade(running());
  assert.ok(preview.download !== undefined && preview.download > 300 && preview.download < 20_000);
  const done = await upgrade(running(), request);
  // The sizes in a commit do not tell a link from a file: the link's target is counted, but takes no block.
  assert.deepEqual([done.download, done.disk! + "target-2".length], [preview.download, preview.disk]);
});

test("with /etc looked at, what is left of the download is told", async (t) => {
  const { running } = await hostAndServer(t);
  const all = await previewUpgrade(running());
  const rest = await previewUpgrade(running(), { etc: true });
  assert.ok(rest.download! < all.download!);
  const done = await upgrade(running(), request);
  assert.deepEqual([done.download, done.etc], [rest.download, rest.etc]);
});

test("a static delta's size is told when that is what will come", async (t) => {
  const { remote, first, second, running } = await hostAndServer(t);
  ostree("static-delta", "generate", `--repo=${remote}`, `--from=${first}`, `--to=${second}`, "--min-fallback-size=0");
  ostree("summary", "-u", `--repo=${remote}`);
  const preview = await previewUpgrade(running());
  for (const path of readdirSync(join(remote, "objects"), { recursive: true, encoding: "utf8" }))
    if (path.endsWith(".dirtree")) rmSync(join(remote, "objects", path));
  const { etc, download } = await previewUpgrade(running(), { etc: true });
  assert.deepEqual([etc, download], [undefined, preview.download], "a remote that has deltas alone");
  const done = await upgrade(running(), request);
  assert.ok(done.download! > 0);
  assert.equal(done.download, preview.download);
});

test("without announced sizes the download is not guessed at", async (t) => {
  const { remote, second, running } = await hostAndServer(t);
  const args = ["--no-bindings", `--tree=ref=${second}`, "--add-metadata-string=version=3"];
  ostree("commit", `--repo=${remote}`, `--branch=${ref}`, ...args);
  const preview = await previewUpgrade(running());
  assert.deepEqual([preview.download, preview.disk, preview.etc], [undefined, undefined, undefined]);
});

test("advisories and their CVEs are those that the running version lacks, the worst first", async (t) => {
  const advisory = (id: string, severity: number, cve: string) =>
    `('${id}', uint32 1, uint32 ${severity}, ['big-2-1.x86_64'], {'cve_references': <[('https://cve/${cve}', '${cve}')]>})`;
  const list = [advisory("FEDORA-1", 1, "CVE-1"), advisory("FEDORA-2", 4, "CVE-2")].join(",");
  const { running } = await hostAndServer(t, [`--add-metadata=rpmostree.advisories=[${list}]`]);
  const told = [
    ["FEDORA-2", "security", "critical", ["CVE-2"]],
    ["FEDORA-1", "security", "low", ["CVE-1"]],
  ];
  const brief = async (found: ReturnType<typeof previewUpgrade>) =>
    (await found).advisories.map(({ id, kind, severity, cves }) => [
      id,
      kind,
      severity,
      cves.map(({ title }) => title),
    ]);
  assert.deepEqual(await brief(previewUpgrade(running())), told);
  assert.deepEqual(await brief(upgrade(running(), request)), told);
  assert.deepEqual(await brief(upgrade(running(), request)), []);
});

test("the CVEs of Debian packages are those that lie between the two versions, for whoever asks", async (t) => {
  const source = (version: string, ...fixes: string[]) =>
    `--add-metadata=atomic.cves=[('one', 'trixie', '${version}', ['one-${version}.amd64'], '${fixes.join("\\n")}')]`;
  const after = source(
    "2-1",
    "2-1 3 2026-1002 2026-1003",
    "2-1 0 2026-1004 \x1b[31m",
    "1-1 4 2026-1001",
    "2\x1b[31m-1 4 2026-1005",
  );
  const { running } = await hostAndServer(t, [after], [source("1-1")]);
  const cves = ["CVE-2026-1002", "CVE-2026-1003", "CVE-2026-1004"].map((title) => ({
    title,
    url: `https://security-tracker.debian.org/tracker/${title}`,
  }));
  const told = [{ id: "one 2-1", kind: "security", severity: "important", packages: ["one-2-1.amd64"], cves }];
  assert.deepEqual((await previewUpgrade(running())).advisories, told);
  const known = status(running());
  assert.deepEqual(known["cached-update"]?.advisories?.map(readAdvisoryRow), told);
  assert.ok(known.deployments.every((one) => !("atomic.cves" in (one["base-commit-meta"] ?? {}))));
  assert.deepEqual((await upgrade(running(), request)).advisories, told);
  assert.deepEqual((await upgrade(running(), request)).advisories, []);
});

test("what the merge of /etc will do is told before, and is what it does", async (t) => {
  const { running } = await hostAndServer(t);
  const sysroot = running();
  const etc = join(sysroot.directory(sysroot.requireBooted()), "etc");
  writeFileSync(join(etc, "changed-by-both"), "mine");
  writeFileSync(join(etc, "becomes-directory"), "mine");
  rmSync(join(etc, "gone"));
  rmSync(join(etc, "dropped.conf"));
  const { etc: told } = await previewUpgrade(running(), { etc: true });
  assert.deepEqual(told, {
    modified: 1,
    removed: 2,
    added: 1,
    overridden: ["changed-by-both"],
    conflicts: [{ path: "becomes-directory", savedAs: "becomes-directory.atomic-save" }],
  });
  const { deployed } = await upgrade(running(), request);
  const { modified, removed, added, conflicts } = deployed!.etc!;
  assert.deepEqual({ modified, removed, added, conflicts }, { ...without(told!, "overridden") });
});

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _left, ...rest } = value;
  return rest;
}

/** Small random trees whose paths collide in every way that a merge can meet. */
test("the forecast is what the merge does, for trees of all kinds", (t) => {
  const root = scratch(t);
  let seed = 20261123;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  const grow = (directory: string, depth: number): void => {
    mkdirSync(directory, { recursive: true });
    for (const name of ["a", "b", "c"]) {
      const [path, kind] = [join(directory, name), random(5)];
      if (kind === 0) continue;
      if (kind === 1 && depth > 0) grow(path, depth - 1);
      else if (kind === 2) symlinkSync(String(random(2)), path);
      else writeFileSync(path, String(random(2)));
    }
  };
  for (let round = 0; round < 150; round++) {
    const [original, modified, target] = ["original", "modified", "target"].map((name) => join(root, `${round}`, name));
    for (const directory of [original!, modified!, target!]) grow(directory, 2);
    chmodSync(modified!, 0o755);
    const source = { original: original!, modified: modified! };
    const { conflicts, modified: changed, added, removed } = forecastEtc(source, directoryDefaults(target!));
    const merged = mergeEtc({ ...source, target: target! });
    const known = {
      conflicts: merged.conflicts,
      changed: merged.modified,
      added: merged.added,
      removed: merged.removed,
    };
    assert.deepEqual({ conflicts, changed, added, removed }, known, `round ${round}`);
    rmSync(join(root, `${round}`), { recursive: true });
  }
});

function directoryDefaults(root: string): EtcDefaults {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" });
  const existing = new Map(paths.map((path) => [path, lstatSync(join(root, path))]));
  return {
    kind: (path) => {
      const stat = existing.get(path);
      return stat === undefined ? undefined : stat.isDirectory() ? "directory" : "other";
    },
    isChanged: () => false,
  };
}
