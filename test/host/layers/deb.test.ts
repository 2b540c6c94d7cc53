// SPDX-License-Identifier: Apache-2.0
// Debian packages layered on a host; judged by dpkg and ostree. Needs root.
import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { deployRevision, previewUpgrade, rebase, resetToBase, rollback } from "../../../src/host/index.ts";
import { asChecksum } from "../../../src/ostree/index.ts";
import { noPackageChanges } from "../../../src/packages/index.ts";
import { makeDeb, type PackageSpec, TestArchive } from "../../compose/archive.ts";
import { branch, DebDistribution, DebHost, md5sums, ostree, script } from "./deb-host.ts";

const watcher: PackageSpec = {
  name: "watcher",
  files: {
    "/usr/bin/watcher": "#!/bin/sh\n",
    "/etc/watcher.conf": "watch=1\n",
    "/var/lib/watcher": { directory: 0o750 },
  },
  control: {
    conffiles: "/etc/watcher.conf\n",
    triggers: "interest-noawait /usr/share/hooks\n",
    postinst: script('if [ "$1" = triggered ]; then echo "$2" >> /usr/lib/watcher.log; fi'),
  },
};
const tool: PackageSpec = {
  name: "tool",
  version: "1:2.0-3",
  fields: { Depends: "tool-data", "Multi-Arch": "same" },
  files: {
    "/usr/bin/tool": "#!/bin/sh\necho tool\n",
    "/etc/tool.conf": "port=80\n",
    "/usr/share/hooks/tool": "hook\n",
    "/var/lib/tool/seed": "seed\n",
    "/opt/tool/extra": "extra\n",
  },
  control: {
    conffiles: "/etc/tool.conf\n",
    md5sums: md5sums({ "/usr/bin/tool": "#!/bin/sh\necho tool\n", "/usr/share/hooks/tool": "hook\n" }),
    // A number that hangs on how many there are, as adduser's does.
    preinst: script(
      `id tool >/dev/null 2>&1 && exit 0; n=400; while read line; do n=$((n+1)); done < /etc/passwd
echo "tool:x:$n:$n::/:/bin/false" >> /etc/passwd; echo "tool:x:$n:" >> /etc/group`,
    ),
    postinst: script(
      'chown tool:tool /var/lib/tool; echo "$1 $2" > /usr/lib/tool.configured; test -d /var/lib/watcher',
    ),
  },
};
const others: PackageSpec[] = [
  watcher,
  tool,
  { name: "tool-data", files: { "/usr/share/tool/data": "data\n" } },
  { name: "editor", files: { "/usr/bin/editor": "editor 1\n", "/usr/share/editor/only": "x\n" } },
  { name: "rival", files: { "/usr/bin/watcher": "another\n" } },
  { name: "successor", fields: { Replaces: "watcher" }, files: { "/usr/bin/watcher": "successor\n" } },
  { name: "enemy", fields: { Conflicts: "watcher" } },
  { name: "hater", fields: { Conflicts: "tool" } },
  { name: "needs-newer", fields: { Depends: "editor (>= 2)" } },
  {
    name: "early",
    control: {
      preinst: script('echo "early:x:401:401::/:/bin/false" >> /etc/passwd; echo "early:x:401:" >> /etc/group'),
    },
  },
];

const distribution = new DebDistribution();
before(() => distribution.publish(others));
after(() => distribution[Symbol.asyncDispose]());

const make = (name: string) => DebHost.make(distribution, name, "watcher, editor");

test("a package of the host's repositories comes with what it needs, and is configured", async () => {
  const one = await make("install");
  const done = await one.change({ install: ["tool"] });
  assert.deepEqual(
    done.layered.added.map(({ name }) => name),
    ["tool", "tool-data"],
  );
  assert.deepEqual(one.installed(), [
    "base-files 1",
    "dpkg 1.21",
    "editor 1",
    "kernel 1",
    "shell 1",
    "tool 1:2.0-3",
    "tool-data 1",
    "watcher 1",
  ]);
  assert.doesNotMatch(one.dpkg("--audit"), /half|unpacked|trigger/);
  // What is in /var and /opt is made at boot.
  assert.match(one.dpkg("-V"), /^(missing +\/(var|opt)\/.*\n)*$/);
  assert.equal(one.read("usr/lib/tool.configured"), "configure \n");
  assert.equal(one.read("usr/lib/watcher.log"), "/usr/share/hooks\n");
  assert.equal(one.read("etc/tool.conf"), "port=80\n");
  assert.match(one.read("usr/lib/tmpfiles.d/atomic-layers-autovar.conf"), /^d \/var\/lib\/tool 0755 tool tool/m);
  assert.equal(one.read("usr/share/factory/var/lib/tool/seed"), "seed\n");
  const accounts = one.read("usr/lib/sysusers.d/atomic-accounts.conf");
  assert.match(accounts, /^u tool 403:403/m);
  assert.doesNotMatch(accounts, /admin/);
  assert.match(one.read("etc/passwd"), /^admin:/m);

  const { repo } = one.open();
  const commit = one.told.checksum;
  assert.equal(ostree(`--repo=${repo.path}`, "rev-parse", `${commit}^`), one.base);
  assert.equal(ostree(`--repo=${repo.path}`, "rev-parse", "rpmostree/base/0"), one.base);
  const key = (name: string) => ostree(`--repo=${repo.path}`, "show", `--print-metadata-key=${name}`, commit);
  assert.equal(key("rpmostree.clientlayer"), "true");
  assert.equal(key("rpmostree.packages"), "['tool']");
  ostree(`--repo=${repo.path}`, "fsck", "-q");
  assert.deepEqual(one.told["requested-packages"], ["tool"]);
  assert.deepEqual(one.told.packages, ["tool"]);
  assert.equal(one.told["base-checksum"], one.base);
  const { origin } = one.open().deployments[0]!;
  assert.equal(origin!.get("origin", "baserefspec"), branch);
  assert.equal(origin!.get("origin", "refspec"), undefined);

  const imported = () => [...repo.listRefs().keys()].filter((ref) => ref.startsWith("atomic/deb/"));
  assert.equal(imported().length, 2);
  await one.change({ uninstall: ["tool"] });
  assert.equal(one.told.checksum, one.base);
  assert.equal(origin!.get("packages", "requested"), "tool;");
  assert.equal(one.open().deployments[0]!.origin!.get("origin", "refspec"), branch);
});

test("what does not go with the base is refused with the reason", async () => {
  const one = await make("refused");
  await assert.rejects(one.change({ install: ["watcher"] }), /"watcher" is already provided by: watcher-1/);
  await assert.rejects(
    one.change({ install: ["enemy"] }),
    /watcher 1 is part of the base[^]*enemy 1 conflicts with watcher/,
  );
  await assert.rejects(one.change({ install: ["rival"] }), /\/usr\/bin\/watcher is in watcher and in rival/);
  await assert.rejects(one.change({ install: ["needs-newer"] }), /depends on editor \(>= 2\)/);
  await assert.rejects(one.change({ install: ["unheard-of"] }), /no package is called unheard-of/);
  await assert.rejects(one.change({ overrideRemove: ["unheard-of"] }), /no package of the base is called unheard-of/);
  assert.equal(one.told.checksum, one.base);
  assert.equal((await one.change({ install: ["watcher"], allowInactive: true })).layered.present.length, 1);
  assert.equal(one.told.checksum, one.base);
});

test("package files are layered, replace packages of the base, and are remembered", async () => {
  const one = await make("files");
  const directory = join(distribution.scratch, "package-files");
  mkdirSync(directory);
  const local = makeDeb(directory, { name: "local", version: "3", files: { "/usr/bin/local": "local\n" } });
  const editor = makeDeb(directory, {
    name: "editor",
    version: "2",
    files: { "/usr/bin/editor": "editor 2\n" },
    control: {
      preinst: script('echo "$1 $2" > /usr/lib/editor.preinst'),
      postinst: script('echo "$1 $2" > /usr/lib/editor.postinst'),
    },
  });
  await assert.rejects(one.change({ installFiles: [editor] }), /editor is there already in version 1, not 2/);
  await one.change({ installFiles: [local], overrideFiles: [editor] });
  assert.equal(one.read("usr/bin/local"), "local\n");
  assert.equal(one.read("usr/bin/editor"), "editor 2\n");
  assert.equal(one.read("usr/lib/editor.preinst"), "upgrade 1\n");
  assert.equal(one.read("usr/lib/editor.postinst"), "configure 1\n");
  assert.equal(existsSync(join(one.root, "usr/share/editor")), false);
  assert.ok(one.installed().includes("editor 2"));
  assert.deepEqual(one.told["requested-local-packages"], ["local-3.amd64"]);
  await one.change({ install: ["needs-newer"], overrideRemove: ["watcher"] });
  assert.deepEqual(
    one.installed().filter((text) => /watcher|local|editor|needs/.test(text)),
    ["editor 2", "local 3", "needs-newer 1"],
  );
  assert.equal(existsSync(join(one.root, "usr/bin/watcher")), false);
  await assert.rejects(one.change({ overrideReset: ["editor"] }), /depends on editor \(>= 2\)/);
  await one.change({ uninstall: ["local", "needs-newer"], overrideReset: "all" });
  assert.equal(one.told.checksum, one.base);
  await one.change({ install: ["successor"] });
  assert.equal(one.read("usr/bin/watcher"), "successor\n");
  await resetToBase(one.open(), { overlays: true });
  assert.equal(one.told.checksum, one.base);
});

test("packages of the base are taken from a suite, whatever its priority, until that is taken back", async (t) => {
  const one = await make("remote");
  const files = (version: string) => ({ "/usr/bin/editor": `editor ${version}\n` });
  mkdirSync(join(distribution.scratch, "newer"));
  const newer = new TestArchive(join(distribution.scratch, "newer"), "newer");
  t.after(() => newer[Symbol.asyncDispose]());
  await newer.publish([{ name: "editor", version: "3", files: files("3") }, { ...watcher }]);
  copyFileSync(newer.keyring, join(one.root, "etc/apt/newer.gpg"));
  appendFileSync(
    join(one.root, "etc/apt/sources.list"),
    `deb [signed-by=/etc/apt/newer.gpg] ${newer.url} newer main\n`,
  );
  const from = (...packages: string[]) => ({ overrideReplaceFrom: [{ repository: "newer", packages }] });
  await assert.rejects(one.change(from("dpkg")), /no package of the repository newer is called dpkg/);
  const done = await one.change(from("editor", "watcher", "not-there"));
  assert.deepEqual(
    done.layered.replaced.map(({ to, repository }) => `${to.name} ${to.version} ${repository}`),
    ["editor 3 newer"],
  );
  assert.deepEqual(done.layered.inactive, ["not-there"]);
  assert.ok(one.installed().includes("editor 3"));
  assert.equal(one.read("usr/bin/editor"), "editor 3\n");
  assert.deepEqual(Object.keys(one.told["base-remote-replacements"]), ["repo=newer"]);
  assert.equal((await one.upgrade()).changed, false);
  await newer.publish([{ name: "editor", version: "4", files: files("4") }, { ...watcher }]);
  await one.bring("1.1", "watcher, editor, tool-data");
  await one.upgrade();
  assert.ok(one.installed().includes("editor 4"));
  await one.change({ overrideReset: "all" });
  assert.equal(one.told.checksum, one.told["base-checksum"]);

  assert.equal((await previewUpgrade(one.open())).layered, undefined);
  await one.change({ install: ["tool"] });
  const before = await previewUpgrade(one.open());
  assert.deepEqual([before.changed, before.layered], [false, []]);
  await newer.publish([{ name: "tool", version: "1:3", fields: { Depends: "tool-data" } }]);
  const after = await previewUpgrade(one.open());
  assert.deepEqual(
    [after.changed, after.packages, after.layered],
    [true, noPackageChanges, [{ name: "tool", architecture: "amd64", from: "1:2.0-3", to: "1:3" }]],
    "a newer package is an update of the same base",
  );
  assert.equal((await one.upgrade()).changed, true);
  assert.ok(one.installed().includes("tool 1:3"));
  await newer[Symbol.asyncDispose]();
  const warnings: string[] = [];
  const alone = await previewUpgrade(one.open(), {}, (event) => event.type === "warning" && warnings.push(event.text));
  assert.deepEqual([alone.changed, alone.layered, warnings.length], [false, [], 1]);
});

test("layers go along with upgrades, with the same numbers of accounts; what is broken may be left out", async () => {
  const one = await make("upgrade");
  await one.change({ install: ["tool"] });
  const first = one.told.checksum;
  assert.equal((await one.upgrade()).changed, false, "the same packages upon the same version");
  await one.bring("2", "watcher, early");
  const done = await one.upgrade({ layers: { install: ["editor"] } });
  assert.equal(done.to.version, "2");
  assert.deepEqual(one.told.packages, ["tool", "editor"]);
  assert.match(one.read("usr/lib/sysusers.d/atomic-accounts.conf"), /^u tool 403:403/m);
  assert.notEqual(one.told.checksum, first);
  await one.bring("3", "watcher, hater");
  await assert.rejects(one.upgrade(), /cannot be layered on 3: [^]*conflicts with tool/);
  assert.equal(one.told.version, "2");
  await one.upgrade({ skipBrokenLayers: true });
  assert.equal(one.told["base-version"], "3");
  assert.deepEqual(one.told["requested-packages"], ["tool", "editor"]);
  assert.deepEqual(one.told.packages, ["editor"]);
});

test("rebase, deploy of a version and rollback take the layers along", async () => {
  const one = await make("rebase");
  await one.change({ install: ["tool"] });
  const second = await one.bring("2", "watcher, early");
  const { repo } = one.open();
  repo.setRef("tiny/other", asChecksum(second));
  repo.setRef(branch, asChecksum(one.base));
  await rebase(one.open(), { refspec: ":tiny/other" });
  assert.deepEqual([one.told.origin, one.told["base-checksum"], one.told.packages], ["tiny/other", second, ["tool"]]);
  assert.ok(one.installed().includes("tool 1:2.0-3"));
  assert.equal(one.open().deployments[0]!.origin!.get("origin", "baserefspec"), "tiny/other");
  await deployRevision(one.open(), { revision: one.base, skipBranchCheck: true });
  assert.deepEqual([one.told["base-checksum"], one.told.packages], [one.base, ["tool"]]);
  assert.equal(one.open().deployments[0]!.origin!.get("origin", "override-commit"), one.base);
  await rollback(one.open());
  assert.equal(one.told["base-checksum"], second);
});
