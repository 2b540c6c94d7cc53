// SPDX-License-Identifier: Apache-2.0
// The commands of layering, with repositories in both of apt's formats and files behind URLs. Needs root.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../../src/base/index.ts";
import { asChecksum, serveDirectory } from "../../../src/ostree/index.ts";
import { makeDeb } from "../../compose/archive.ts";
import { DebDistribution, DebHost } from "./deb-host.ts";

const distribution = new DebDistribution();
before(() =>
  distribution.publish([
    { name: "watcher", files: { "/usr/bin/watcher": "watcher\n" } },
    { name: "editor", files: { "/usr/bin/editor": "editor\n" } },
    { name: "tool", fields: { Depends: "tool-data" }, files: { "/usr/bin/tool": "tool\n" } },
    { name: "tool-data", files: { "/usr/share/tool": "data\n" } },
  ]),
);
after(() => distribution[Symbol.asyncDispose]());

const program = [...process.execArgv, join(import.meta.dirname, "../../../src/cli/atomic.ts"), "host"];

test("install, status, uninstall, override and upgrade by their commands", async () => {
  const one = await DebHost.make(distribution, "cli", "watcher, editor");
  const host = async (words: string) => {
    const args = [...program, ...words.split(" "), "--quiet", `--sysroot=${one.path}`];
    return run(process.execPath, args, { accept: [0, 1, 2, 77] });
  };
  const planned = await host("install --dry-run tool");
  assert.equal(
    planned.stdout,
    "Added:\n  tool-1.amd64\n  tool-data-1.amd64\nNothing was changed: --dry-run.\n",
    planned.stderr,
  );

  const done = JSON.parse((await host("install tool --json")).stdout);
  assert.deepEqual(
    done.layered.added.map(({ name }: { name: string }) => name),
    ["tool", "tool-data"],
  );
  assert.deepEqual(
    done.packages.added.map(({ name }: { name: string }) => name),
    ["tool", "tool-data"],
  );
  const again = await host("install tool");
  assert.equal(again.code, 1);
  assert.match(again.stderr, /error\[host-layer-request\]: Package\/capability 'tool' is already requested/);
  const idle = await host("install tool --idempotent --unchanged-exit-77");
  assert.deepEqual([idle.code, idle.stdout], [77, "No change.\n"]);
  const told = await host("status");
  assert.match(told.stdout, /LayeredPackages: tool\n/);
  assert.match(told.stdout, new RegExp(`BaseCommit: ${one.base}\n`));

  const removed = await host("override remove editor");
  assert.match(
    removed.stdout,
    /^Added:\n {2}tool-1.amd64\n {2}tool-data-1.amd64\nRemoved from the base:\n {2}editor-1.amd64\n/,
  );
  assert.match((await host("status")).stdout, /RemovedBasePackages: editor-1.amd64\n/);
  await host("override reset --all");
  assert.equal((await host("override reset editor")).code, 1);
  const followed = await host("override replace --experimental --from repo=tiny editor");
  assert.equal(followed.code, 0, followed.stderr);
  assert.match((await host("status")).stdout, /InactiveOverrides: editor\n/, "the repository has the same version");
  await host("override replace --from repo=tiny --freeze editor");
  assert.deepEqual(
    [one.told["requested-base-remote-replacements"], one.told["requested-base-local-replacements"]],
    [undefined, ["editor-1.amd64"]],
  );
  assert.match((await host("override replace --from tiny editor")).stderr, /--from repo=ID/);
  assert.match((await host("override replace editor")).stderr, /editor is no package file/);
  await host("override reset --all");

  await one.bring("2", "watcher, editor, tool");
  const file = makeDeb(join(distribution.scratch, "cli-files"), { name: "agent", version: "1", files: {} });
  const upgraded = await host(`upgrade --install=editor --install=${file} --uninstall=tool --allow-downgrade`);
  assert.equal(upgraded.code, 0, upgraded.stderr);
  assert.deepEqual(one.told["requested-local-packages"], ["agent-1.amd64"]);
  assert.deepEqual(one.told["requested-packages"], ["editor"]);
  assert.match((await host("status")).stdout, /InactiveRequests: editor\n/);
  await host("uninstall --all");
  assert.deepEqual(one.told["requested-packages"], []);
  assert.match((await host("uninstall tool")).stderr, /not currently requested/);
});

test("edit makes one deployment of all that was changed in the text, and another branch of its line", async () => {
  const one = await DebHost.make(distribution, "edit", "watcher, editor");
  const host = async (words: readonly string[], editor = "false") => {
    const args = [...program, ...words, "--quiet", `--sysroot=${one.path}`];
    return run(process.execPath, args, { accept: [0, 1, 2, 77], env: { ...process.env, EDITOR: editor } });
  };
  const count = () => one.open().deployments.length;
  const text = (await host(["edit", "--print"])).stdout;
  assert.equal(text, "base-refspec: tiny/host\npackages: []\n");
  assert.equal((await host(["edit", "--unchanged-exit-77"], "true")).code, 77);

  const edited = await host(["edit"], `sed -i -e 's/packages: .*/packages: [tool]\\noverride-remove: [editor]/'`);
  assert.equal(edited.code, 0, edited.stderr);
  assert.match(edited.stdout, /^Added:\n {2}tool-1.amd64\n {2}tool-data-1.amd64\nRemoved from the base:\n {2}editor-1/);
  assert.deepEqual([one.told["requested-packages"], count()], [["tool"], 2]);

  const before = one.told.checksum;
  const wrong = await host(["edit"], "sed -i s/packages:/packges:/");
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.stderr,
    /error\[host-bad-spec\]: host\.yaml:\d+:1: unknown key packges \(did you mean packages\?\)/,
  );
  const file = join(distribution.scratch, "host.yaml");
  writeFileSync(file, `base-refspec: tiny/host\npackages-local: {agent-9.amd64: ${"0".repeat(64)}}\n`);
  assert.match((await host(["edit", `--file=${file}`])).stderr, /agent-9\.amd64 is no local package of this host/);
  writeFileSync(file, "base-refspec: tiny/other\n");
  assert.match((await host(["edit", `--file=${file}`])).stderr, /error\[/);
  assert.equal(one.told.checksum, before, "what is wrong changes nothing");

  const { repo } = one.open();
  repo.setRef("tiny/next", asChecksum(one.base));
  writeFileSync(file, "base-refspec: tiny/next\npackages: [tool]\n");
  const rebased = await host(["edit", `--file=${file}`]);
  assert.equal(rebased.code, 0, rebased.stderr);
  const { origin, "requested-packages": requested, "base-removals": removed } = one.told;
  assert.deepEqual([origin, requested, removed], ["tiny/next", ["tool"], []]);
});

test("a package behind a URL is layered; a .sources file with the key in it names the archive", async (t) => {
  const one = await DebHost.make(distribution, "url", "watcher, editor");
  const { archive } = distribution;
  rmSync(join(one.root, "etc/apt/sources.list"));
  const { stdout: armored } = await run("gpg", [`--homedir=${distribution.scratch}/gnupg`, "--armor", "--export"]);
  const lines = armored
    .trim()
    .split("\n")
    .map((line) => ` ${line === "" ? "." : line}`);
  const stanza = `Types: deb\nURIs: ${archive.url}\nSuites: tiny\nComponents: main\nSigned-By:\n${lines.join("\n")}\n`;
  mkdirSync(join(one.root, "etc/apt/sources.list.d"));
  writeFileSync(join(one.root, "etc/apt/sources.list.d/tiny.sources"), stanza);
  const files = join(distribution.scratch, "behind-url");
  mkdirSync(files);
  makeDeb(files, {
    name: "remote",
    version: "7",
    fields: { Depends: "tool" },
    files: { "/usr/bin/remote": "remote\n" },
  });
  const server = await serveDirectory(files, { host: "127.0.0.1", port: 0 });
  t.after(() => server.close());
  await one.change({ installFiles: [`${server.url}/remote_7_amd64.deb`] });
  assert.equal(one.read("usr/bin/remote"), "remote\n");
  assert.ok(one.installed().includes("tool-data 1"));
  assert.deepEqual(one.told["requested-local-packages"], ["remote-7.amd64"]);
});
