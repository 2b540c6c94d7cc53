// SPDX-License-Identifier: Apache-2.0
// RPM packages layered on a host; judged by rpm and ostree. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { resetToBase } from "../../../src/host/index.ts";
import { makeRpms, type RpmSpec, tinyRpmBase } from "../../compose/rpm/rpms.ts";
import { branch, Distribution, Host, ostree, rpm } from "./rpm-host.ts";

const host: RpmSpec[] = [
  {
    name: "kernel",
    files: {
      "/usr/lib/os-release": "ID=tiny\nPRETTY_NAME=Tiny\nVERSION_ID=1\n",
      "/usr/lib/modules/6.12.1/vmlinuz": "kernel",
      "/usr/lib/modules/6.12.1/initramfs.img": "initramfs",
    },
  },
  {
    name: "watcher",
    files: {
      "/usr/bin/watcher": "watcher\n",
      "/etc/watcher.conf": "watch=1\n",
      "/usr/sbin/depmod": '#!/bin/sh\necho dep > "/usr/lib/modules/$2/modules.dep"\n',
      "/usr/bin/dracut": '#!/bin/sh\nfor last; do :; done\necho made > "$last"\n',
    },
    attributes: {
      "/etc/watcher.conf": "%config(noreplace)",
      "/usr/sbin/depmod": "%attr(0755,root,root)",
      "/usr/bin/dracut": "%attr(0755,root,root)",
    },
    scripts: "%transfiletriggerin -- /usr/share/hooks\ncat > /usr/lib/watcher.log",
  },
  { name: "editor", files: { "/usr/bin/editor": "editor 1\n", "/usr/share/editor/only": "x\n" } },
];
const tool: RpmSpec = {
  name: "tool",
  version: "2.0",
  release: "3",
  preamble: "Epoch: 1\nRequires: tool-data\nRequires: watcher",
  files: {
    "/usr/bin/tool": "tool\n",
    "/etc/tool.conf": "port=80\n",
    "/usr/share/hooks/tool": "hook\n",
    "/usr/share/tool/owned": "owned\n",
    "/var/lib/tool": { directory: true },
    "/opt/tool/extra": "extra\n",
  },
  attributes: {
    "/etc/tool.conf": "%config(noreplace)",
    "/usr/share/tool/owned": "%attr(0640,root,tool)",
    "/var/lib/tool": "%dir %attr(0750,tool,tool)",
  },
  scripts: `%pre
grep -q '^tool:' /etc/passwd || { echo 'tool:x:400:400::/:/bin/false' >> /etc/passwd; echo 'tool:x:400:' >> /etc/group; }
%post
echo "$1" > /usr/lib/tool.post`,
};
const data: RpmSpec = { name: "tool-data", files: { "/usr/share/tool-data": "data\n" } };
const others: RpmSpec[] = [
  { name: "rival", files: { "/usr/bin/watcher": "another\n" } },
  { name: "enemy", preamble: "Conflicts: watcher" },
  { name: "hater", preamble: "Conflicts: tool" },
  { name: "newer-needed", preamble: "Requires: editor >= 2" },
];

let distribution: Distribution;
let scratch: string;
before(() => {
  distribution = new Distribution();
  ({ scratch } = distribution);
  distribution.publish([...tinyRpmBase(), ...host, tool, data, ...others]);
});
after(() => distribution[Symbol.dispose]());

const makeHost = (name: string) => Host.make(distribution, name, "watcher, editor");

const baseNames = ["editor", "filesystem", "kernel", "setup", "shell", "watcher"];

test("a package comes with what it needs; scriptlets, triggers of the base, owners and database are rpm's", async () => {
  const one = await makeHost("install");
  const done = await one.change({ install: ["tool"] });
  assert.deepEqual(done.layered.added.map(({ name, version }) => `${name} ${version}`).toSorted(), [
    "tool 1:2.0-3",
    "tool-data 1-1",
  ]);
  const { root } = one;
  assert.deepEqual(one.names(), [...baseNames, "tool", "tool-data"].toSorted());
  assert.match(rpm(root, "-V", "--nomtime", "tool", "tool-data", "editor"), /^(missing +\/(var|opt)\/.*\n)*$/);
  assert.equal(readFileSync(join(root, "usr/lib/tool.post"), "utf8"), "1\n");
  assert.equal(readFileSync(join(root, "usr/lib/watcher.log"), "utf8"), "/usr/share/hooks/tool\n");
  assert.equal(readFileSync(join(root, "etc/tool.conf"), "utf8"), "port=80\n");
  const owned = statSync(join(root, "usr/share/tool/owned"));
  assert.deepEqual([owned.uid, owned.gid, owned.mode & 0o777], [0, 400, 0o640]);
  assert.match(
    readFileSync(join(root, "usr/lib/tmpfiles.d/atomic-layers-autovar.conf"), "utf8"),
    /\/var\/lib\/tool 0750 tool tool/,
  );
  assert.ok(existsSync(join(root, "usr/lib/opt/tool/extra")));
  const { repo } = one.open();
  const commit = one.told.checksum;
  assert.equal(ostree(`--repo=${repo.path}`, "rev-parse", `${commit}^`), one.base);
  assert.equal(ostree(`--repo=${repo.path}`, "rev-parse", "rpmostree/base/0"), one.base);
  const key = (name: string) => ostree(`--repo=${repo.path}`, "show", `--print-metadata-key=${name}`, commit);
  assert.equal(key("rpmostree.clientlayer"), "true");
  assert.equal(key("rpmostree.packages"), "['tool']");
  assert.match(key("rpmostree.rpmdb.pkglist"), /\('tool', '1', '2.0', '3', 'noarch'\)/);
  ostree(`--repo=${repo.path}`, "fsck", "-q");
  assert.deepEqual(one.told["requested-packages"], ["tool"]);
});

test("what is asked for twice, is there already or does not go with the base is refused with the reason", async () => {
  const one = await makeHost("refused");
  await assert.rejects(one.change({ install: ["watcher"] }), /"watcher" is already provided by: watcher-1-1.noarch/);
  await assert.rejects(one.change({ install: ["enemy"] }), /enemy-1-1.noarch conflicts with watcher/);
  await assert.rejects(one.change({ install: ["rival"] }), /\/usr\/bin\/watcher is in watcher and in rival/);
  await assert.rejects(one.change({ install: ["newer-needed"] }), /editor >= 2/);
  await assert.rejects(one.change({ install: ["unheard-of"] }), /no package fits unheard-of/);
  await assert.rejects(one.change({ uninstall: ["tool"] }), /not currently requested/);
  assert.equal((await one.change({ uninstall: ["tool"], idempotent: true })).changed, false);
  const planned = await one.change({ install: ["tool"], dryRun: true });
  assert.equal(planned.layered.added.length, 2);
  assert.equal(planned.deployed, undefined);
  assert.equal(one.told.checksum, one.base);
  await one.change({ install: ["tool"] });
  await assert.rejects(one.change({ install: ["tool"] }), /already requested/);
  assert.equal((await one.change({ install: ["tool"], idempotent: true })).changed, false);
});

test("packages of the base are replaced by files and removed, until that is taken back", async () => {
  const one = await makeHost("override");
  const [editor] = makeRpms(join(scratch, "files"), [
    { name: "editor", version: "2", files: { "/usr/bin/editor": "editor 2\n" } },
  ]);
  await one.change({ overrideFiles: [editor!] });
  assert.equal(readFileSync(join(one.root, "usr/bin/editor"), "utf8"), "editor 2\n");
  assert.equal(existsSync(join(one.root, "usr/share/editor/only")), false);
  assert.equal(rpm(one.root, "-q", "editor"), "editor-2-1.noarch\n");
  assert.equal(rpm(one.root, "-V", "--nomtime", "editor"), "");
  assert.deepEqual(one.told["requested-base-local-replacements"], ["editor-2-1.noarch"]);
  assert.deepEqual(one.told["base-local-replacements"], [
    [
      ["editor-2-1.noarch", "editor", 0, "2", "1", "noarch"],
      ["editor-1-1.noarch", "editor", 0, "1", "1", "noarch"],
    ],
  ]);
  await one.change({ install: ["newer-needed"] });
  await one.change({ overrideRemove: ["watcher"] });
  assert.deepEqual(one.names(), ["editor", "filesystem", "kernel", "newer-needed", "setup", "shell"]);
  assert.equal(existsSync(join(one.root, "usr/bin/watcher")), false);
  assert.deepEqual(one.told["base-removals"], [["watcher-1-1.noarch", "watcher", 0, "1", "1", "noarch"]]);
  await assert.rejects(one.change({ overrideReset: ["editor"] }), /editor >= 2/);
  await one.change({ overrideReset: ["watcher"] });
  assert.ok(one.names().includes("watcher"));
  await resetToBase(one.open(), {});
  assert.equal(one.told.checksum, one.base);
  assert.equal(one.open().deployments[0]!.origin!.get("origin", "refspec"), branch);
});

test("packages of the base are taken from a repository, anew with each version, until that is taken back", async () => {
  const one = await makeHost("remote");
  const testing = join(scratch, "testing");
  const publishTesting = (version: string, ...others: RpmSpec[]) => {
    const files = { "/usr/bin/editor": `editor ${version}\n` };
    makeRpms(testing, [{ name: "editor", version, files }, ...others]);
    execFileSync("createrepo_c", ["-q", testing]);
  };
  publishTesting("3", { name: "watcher", version: "1", files: { "/usr/bin/watcher": "another\n" } });
  const id = `[testing]\nname=Testing\nbaseurl=file://${testing}\ngpgcheck=0\nmetadata_expire=0\n`;
  writeFileSync(join(one.root, "etc/yum.repos.d/testing.repo"), id);
  const from = (...packages: string[]) => ({ overrideReplaceFrom: [{ repository: "testing", packages }] });
  const editor = () => rpm(one.root, "-q", "editor").trim();

  await assert.rejects(one.change(from("kernel")), /no package of the repository testing is called kernel/);
  await assert.rejects(one.change(from("editor;x")), /editor;x is no name of a package/);
  const done = await one.change(from("editor", "watcher", "not-there"));
  assert.deepEqual(
    done.layered.replaced.map(({ from: { version }, to, repository: source }) => [version, to.version, source]),
    [["1-1", "3-1", "testing"]],
  );
  assert.deepEqual(done.layered.inactive, ["not-there"]);
  assert.equal(editor(), "editor-3-1.noarch");
  assert.equal(readFileSync(join(one.root, "usr/bin/editor"), "utf8"), "editor 3\n");
  assert.equal(readFileSync(join(one.root, "usr/bin/watcher"), "utf8"), "watcher\n", "the same version stays");
  assert.equal(rpm(one.root, "-V", "--nomtime", "editor", "watcher"), "");
  const origin = () => one.open().deployments[0]!.origin!.get("overrides", "replace");
  assert.equal(origin(), "repo=testing,editor,not-there,watcher;");
  assert.deepEqual(one.told["requested-base-remote-replacements"], [
    ["repo=testing", ["editor", "not-there", "watcher"]],
  ]);
  const nevra = (version: string) => [`editor-${version}-1.noarch`, "editor", 0, version, "1", "noarch"];
  assert.deepEqual(one.told["base-remote-replacements"], { "repo=testing": [[nevra("3"), nevra("1")]] });
  assert.deepEqual(one.told["base-local-replacements"], []);
  const { repo } = one.open();
  const key = "--print-metadata-key=rpmostree.replaced-base-remote-packages";
  assert.match(ostree(`--repo=${repo.path}`, "show", key, one.told.checksum), /^\{'repo=testing': <\[\(<\('editor-3-1/);

  assert.equal((await one.upgrade()).changed, false);
  publishTesting("4");
  assert.equal((await one.upgrade()).changed, true, "the repository has a newer one");
  assert.equal(editor(), "editor-4-1.noarch");
  await one.bring("2", "watcher");
  await one.upgrade();
  assert.equal(one.told.version, "2");
  assert.equal(one.told.checksum, one.told["base-checksum"], "without effect upon a base without it");
  await one.bring("1", "watcher, editor");
  await one.upgrade({ allowDowngrade: true });
  assert.equal(editor(), "editor-4-1.noarch");

  await one.change({ overrideReset: ["not-there", "watcher"] });
  assert.equal(origin(), "repo=testing,editor;");
  await one.change({ overrideRemove: ["editor"], overrideReset: ["editor"] });
  assert.equal(origin(), undefined);
  await one.change(from("editor"));
  assert.deepEqual([one.told["base-removals"], editor()], [[], "editor-4-1.noarch"]);
  const frozen = (query: string) => ({ overrideFrozen: [{ repository: "testing", packages: [query] }] });
  await one.change(frozen("editor-3-1.noarch"));
  assert.deepEqual([one.told["base-remote-replacements"], editor()], [{}, "editor-3-1.noarch"]);
  assert.deepEqual(one.told["requested-base-local-replacements"], ["editor-3-1.noarch"]);
  await assert.rejects(one.change(frozen("editor-9")), /no package of the repository testing fits editor-9/);
  writeFileSync(join(one.root, "etc/yum.repos.d/testing.repo"), id.replace("gpgcheck=0", "gpgcheck=1"));
  await assert.rejects(one.change(frozen("editor-4-1.noarch")), /signatures are to be checked, but no gpgkey is named/);
  await one.change({ overrideReset: "all" });
  assert.equal(one.told.checksum, one.base);
  await assert.rejects(one.change({ overrideReset: ["editor"] }), /No overrides for package 'editor'/);
});

test("a kernel in place of the base's is the only one, with modules.dep and an initramfs of its own", async () => {
  const one = await makeHost("kernel");
  const files = { "/usr/lib/modules/6.12.2/vmlinuz": "newer", "/usr/lib/modules/6.12.2/x.ko": "x" };
  const osRelease = { "/usr/lib/os-release": "ID=tiny\nPRETTY_NAME=Tiny\nVERSION_ID=1\n" };
  await one.change({
    overrideFiles: makeRpms(join(scratch, "kernels"), [
      { name: "kernel", version: "2", files: { ...files, ...osRelease } },
    ]),
  });
  const modules = join(one.root, "usr/lib/modules");
  assert.deepEqual(readdirSync(modules), ["6.12.2"]);
  assert.equal(readFileSync(join(modules, "6.12.2/initramfs.img"), "utf8"), "made\n");
  assert.equal(readFileSync(join(modules, "6.12.2/modules.dep"), "utf8"), "dep\n");
  assert.equal(rpm(one.root, "-q", "kernel"), "kernel-2-1.noarch\n");
  assert.equal(one.told["layered-commit-meta"]!["ostree.linux"], "6.12.2");
  const [deployment] = one.open().deployments;
  const boot = join(one.path, "boot/ostree", `tiny-${deployment!.bootChecksum}`);
  assert.equal(readFileSync(join(boot, "vmlinuz-6.12.2"), "utf8"), "newer");
});

test("layers are carried to new versions, what is broken there is left out when it may, accounts keep their numbers", async () => {
  const one = await makeHost("upgrade");
  await one.change({ install: ["tool", "watcher"], allowInactive: true });
  assert.equal((await one.upgrade()).changed, false, "the same packages upon the same version");
  await one.bring("2", "watcher");
  const done = await one.upgrade();
  assert.equal(done.to.version, "2");
  assert.deepEqual(one.names(), ["filesystem", "kernel", "setup", "shell", "tool", "tool-data", "watcher"]);
  assert.equal(one.told["base-version"], "2");
  assert.match(readFileSync(join(one.root, "etc/passwd"), "utf8"), /^tool:x:400:400:/m);

  await one.bring("3", "watcher, hater");
  await assert.rejects(one.upgrade(), /cannot be layered on 3: .*hater-1-1.noarch conflicts with tool/s);
  assert.equal(one.told.version, "2");
  const left = await one.upgrade({ skipBrokenLayers: true });
  assert.equal(left.to.version, "3");
  assert.deepEqual(one.told["requested-packages"], ["tool", "watcher"]);
  assert.deepEqual(one.told.packages, []);
  assert.equal((await one.upgrade({ skipBrokenLayers: true })).changed, false);
  await one.bring("4", "watcher");
  await one.upgrade();
  assert.ok(one.names().includes("tool"), "it comes again with the version that it fits");
  assert.match(readFileSync(join(one.root, "etc/passwd"), "utf8"), /^tool:x:400:400:/m);
});
