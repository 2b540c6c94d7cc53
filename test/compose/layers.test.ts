// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { type ComposeOptions, composeTree, parseTreefile } from "../../src/compose/index.ts";
import { readText } from "../../src/compose/tree.ts";
import { readTree, Repo } from "../../src/ostree/index.ts";
import { TestArchive, tinyBase } from "./archive.ts";
import { makeRpms, type RpmSpec, tinyRpmBase } from "./rpm/rpms.ts";

let scratch: string;
let archive: TestArchive;
let repo: Repo;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "layers-"));
  archive = new TestArchive(scratch);
  const extra = {
    name: "extra",
    files: { "/usr/bin/extra": "extra\n", "/etc/extra.conf": "old\n" },
    control: { postinst: "#!/bin/sh\ntest -e /usr/share/layer && echo seen > /usr/share/seen\n" },
  };
  await archive.publish([...tinyBase(), extra]);
  repo = Repo.init(join(scratch, "repo"), "archive");
});
after(async () => {
  await archive[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

/** Commits files as root's, by stock ostree. */
function layer(ref: string, files: Record<string, string>, repository = repo.path): string {
  const root = mkdtempSync(join(scratch, "layer-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: path.includes("bin/") ? 0o755 : 0o644 });
  }
  const options = ["--owner-uid=0", "--owner-gid=0", "--no-xattrs"];
  execFileSync("ostree", ["commit", `--repo=${repository}`, "-b", ref, ...options, root], { stdio: "ignore" });
  return ref;
}

function compose(text: string, options: Partial<ComposeOptions> = {}) {
  const path = join(scratch, "tree.yaml");
  const treefile = parseTreefile(`ref: tiny\nbasearch: x86_64\n${archive.apt}packages: [extra]\n${text}`, path);
  return composeTree({ treefile, repo, cacheDir: join(scratch, "cache"), ...options });
}

test("layers lie over the packages before scripts run; identical files do not matter, overriding layers win", async () => {
  layer("overlay/a", { "usr/share/layer": "a\n", "usr/bin/extra": "x\n", "usr/etc/layer.conf": "a\n" });
  layer("overlay/b", { "usr/share/layer": "a\n", "lib/linked": "b\n" });
  layer("overlay/c", { "usr/bin/extra": "overridden\n", "etc/extra.conf": "new\n" });
  const text = "ostree-layers: [overlay/b]\nostree-override-layers: [overlay/a, overlay/c]\n";
  const { commit, inputHash } = await compose(text);
  const tree = readTree(repo, commit!);
  assert.equal(readText(tree, "usr/share/layer"), "a\n");
  assert.equal(readText(tree, "usr/share/seen"), "seen\n");
  assert.equal(readText(tree, "usr/bin/extra"), "overridden\n");
  assert.equal(readText(tree, "usr/etc/layer.conf"), "a\n");
  assert.equal(readText(tree, "usr/etc/extra.conf"), "new\n");
  assert.equal(readText(tree, "usr/lib/linked"), "b\n");
  execFileSync("ostree", ["fsck", "-q", `--repo=${repo.path}`]);
  assert.equal((await compose(text)).changed, false);
  layer("overlay/c", { "usr/bin/extra": "again\n" });
  const next = await compose(text);
  assert.equal(next.changed, true);
  assert.notEqual(next.inputHash, inputHash);
});

test("a layer that has a package's file with other content is refused", async () => {
  layer("overlay/other", { "usr/bin/extra": "other\n" });
  await assert.rejects(compose("ostree-layers: [overlay/other]\n"), {
    code: "compose-file-conflict",
    message: /\/usr\/bin\/extra is in a package .* and in overlay\/other/,
    hint: /ostree-override-layers/,
  });
  layer("overlay/kind", { "usr/bin/extra/file": "x\n" });
  await assert.rejects(compose("ostree-override-layers: [overlay/kind]\n"), { code: "compose-file-conflict" });
});

test("layers may be in a repository of their own; a missing one is told", async () => {
  const layerRepo = Repo.init(join(scratch, "layers"), "bare");
  layer("elsewhere", { "usr/share/layer": "elsewhere\n" }, layerRepo.path);
  const { commit } = await compose("ostree-layers: [elsewhere]\n", { layerRepo });
  assert.equal(readText(readTree(repo, commit!), "usr/share/layer"), "elsewhere\n");
  await assert.rejects(compose("ostree-layers: [elsewhere]\n"), {
    code: "compose-missing-layer",
    message: /elsewhere is not in .*\/repo/,
  });
});

test("RPM trees have layers too", async () => {
  const directory = join(scratch, "rpms");
  const spec: RpmSpec = {
    name: "tool",
    files: { "/usr/share/tool": "tool\n" },
    scripts: "%post\ncat /usr/share/layer > /etc/seen",
  };
  makeRpms(directory, [...tinyRpmBase(), spec]);
  execFileSync("createrepo_c", ["-q", directory]);
  writeFileSync(join(scratch, "base.repo"), `[base]\nbaseurl=file://${directory}\ngpgcheck=0\n`);
  layer("overlay/rpm", { "usr/share/layer": "rpm\n" });
  const text =
    "ref: rpm\nbasearch: x86_64\nrepos: [base]\npackages: [tool shell setup]\nselinux: false\nno-initramfs: true\n";
  const treefile = parseTreefile(`${text}edition: 2024\nostree-layers: [overlay/rpm]\n`, join(scratch, "rpm.yaml"));
  const { commit } = await composeTree({ treefile, repo, cacheDir: join(scratch, "rpm-cache") });
  const tree = readTree(repo, commit!);
  assert.equal(readText(tree, "usr/share/layer"), "rpm\n");
  assert.equal(readText(tree, "usr/etc/seen"), "rpm\n");
});
