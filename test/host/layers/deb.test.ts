// SPDX-License-Identifier: Apache-2.0
// Debian packages layered on a host; judged by dpkg, apt-get and ostree. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "../../../src/base/index.ts";
import { composeTree, parseTreefile } from "../../../src/compose/index.ts";
import { changeLayers, deploy, initSysroot, status, Sysroot } from "../../../src/host/index.ts";
import { type PackageSpec, TestArchive, tinyBase } from "../../compose/archive.ts";

/** So that `dpkg -V` has something to compare with. */
function md5sums(files: Readonly<Record<string, string>>): string {
  const lines = Object.entries(files).map(([path, content]) => {
    return `${createHash("md5").update(content).digest("hex")}  ${path.slice(1)}\n`;
  });
  return lines.join("");
}

const script = (text: string) => `#!/bin/sh\nset -e\n${text}\n`;

const kernel: PackageSpec = {
  name: "kernel",
  files: {
    "/usr/lib/modules/6.12.1/vmlinuz": "kernel",
    "/usr/lib/modules/6.12.1/initramfs.img": "initramfs",
    "/usr/sbin/depmod": "#!/bin/sh\n",
  },
};
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
    preinst: script('echo "tool:x:400:400::/:/bin/false" >> /etc/passwd; echo "tool:x:400:" >> /etc/group'),
    postinst: script('chown 400:400 /var/lib/tool; echo "$1 $2" > /usr/lib/tool.configured; test -d /var/lib/watcher'),
  },
};
const data: PackageSpec = { name: "tool-data", files: { "/usr/share/tool/data": "data\n" } };

const others: PackageSpec[] = [
  { name: "rival", files: { "/usr/bin/watcher": "another\n" } },
  { name: "enemy", fields: { Conflicts: "watcher" } },
  { name: "plain", files: { "/usr/bin/plain": "plain\n" } },
  { name: "needs-nothing-there", fields: { Depends: "not-there" } },
];

let scratch: string;
let archive: TestArchive;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "layers-deb-"));
  archive = new TestArchive(scratch);
  await archive.publish([...tinyBase(), kernel, watcher, tool, data, ...others]);
});
after(async () => {
  await archive[Symbol.asyncDispose]();
  removeTree(scratch);
});

function ostree(...args: string[]): string {
  return execFileSync("ostree", args, { encoding: "utf8" });
}

const branch = "tiny/host";

async function compose(sysroot: Sysroot, version: string, more = ""): Promise<string> {
  const text = `ref: ${branch}\nbasearch: x86_64\nselinux: false\nno-initramfs: true\n${archive.apt}packages: [kernel, watcher]\n${more}`;
  const treefile = parseTreefile(text, join(scratch, "tree.yaml"));
  const options = { treefile, repo: sysroot.repo, cacheDir: join(scratch, "cache"), version, force: true };
  const { commit } = await composeTree({ ...options, metadata: new Map() });
  return commit!;
}

/** A host with a version whose /etc names the test's archive. */
async function newHost(name: string): Promise<{ path: string; base: string; open: () => Sysroot }> {
  const path = join(scratch, name);
  mkdirSync(path);
  const sysroot = initSysroot(path, { stateroot: "tiny" });
  const base = await compose(sysroot, "1");
  await deploy(sysroot, { stateroot: "tiny", rev: branch, origin: branch });
  const [first] = Sysroot.open(path).deployments;
  const etc = join(sysroot.directory(first!), "etc");
  mkdirSync(join(etc, "apt"), { recursive: true });
  writeFileSync(join(etc, "apt/tiny.gpg"), readFileSync(archive.keyring));
  writeFileSync(join(etc, "apt/sources.list"), `deb [signed-by=/etc/apt/tiny.gpg] ${archive.url} tiny main\n`);
  writeFileSync(
    join(etc, "passwd"),
    `${readFileSync(join(etc, "passwd"), "utf8")}admin:x:1000:1000::/home/admin:/bin/sh\n`,
  );
  return { path, base, open: () => Sysroot.open(path) };
}

/** A root as dpkg finds it on a host: its database where the link of a boot leads. */
function dpkg(root: string, ...args: string[]): string {
  return execFileSync("dpkg", [`--root=${root}`, `--admindir=${root}/usr/lib/sysimage/dpkg`, ...args], {
    encoding: "utf8",
  });
}

test("a package of the host's repositories comes with what it needs, and is configured", async () => {
  const host = await newHost("install");
  const done = await changeLayers(host.open(), { install: ["tool"] });
  assert.deepEqual(
    done.layered.added.map(({ name }) => name),
    ["tool", "tool-data"],
  );
  const sysroot = host.open();
  const [deployment] = sysroot.deployments;
  const root = sysroot.directory(deployment!);
  const states = dpkg(root, "-l").match(/^ii .*/gm) ?? [];
  assert.equal(states.length, 7, dpkg(root, "-l"));
  assert.doesNotMatch(dpkg(root, "--audit"), /half|unpacked|trigger/);
  // What is in /var and /opt is made at boot.
  assert.match(dpkg(root, "-V"), /^(missing +\/(var|opt)\/.*\n)*$/);
  assert.equal(readFileSync(join(root, "usr/lib/tool.configured"), "utf8"), "configure \n");
  assert.equal(readFileSync(join(root, "usr/lib/watcher.log"), "utf8"), "/usr/share/hooks\n");
  assert.equal(readFileSync(join(root, "etc/tool.conf"), "utf8"), "port=80\n");
  assert.match(
    readFileSync(join(root, "usr/lib/tmpfiles.d/atomic-layers-autovar.conf"), "utf8"),
    /^d \/var\/lib\/tool 0755 tool tool/m,
  );
  assert.equal(readFileSync(join(root, "usr/share/factory/var/lib/tool/seed"), "utf8"), "seed\n");
  const accounts = readFileSync(join(root, "usr/lib/sysusers.d/atomic-accounts.conf"), "utf8");
  assert.match(accounts, /^u tool 400:400/m);
  assert.doesNotMatch(accounts, /admin/);
  assert.match(readFileSync(join(root, "etc/passwd"), "utf8"), /^admin:/m);

  const commit = deployment!.checksum;
  assert.equal(ostree(`--repo=${sysroot.repo.path}`, "rev-parse", `${commit}^`).trim(), host.base);
  assert.equal(ostree(`--repo=${sysroot.repo.path}`, "rev-parse", "rpmostree/base/0").trim(), host.base);
  const key = (name: string) =>
    ostree(`--repo=${sysroot.repo.path}`, "show", `--print-metadata-key=${name}`, commit).trim();
  assert.equal(key("rpmostree.clientlayer"), "true");
  assert.equal(key("rpmostree.packages"), "['tool']");
  ostree(`--repo=${sysroot.repo.path}`, "fsck", "-q");

  const [told] = status(sysroot).deployments;
  assert.deepEqual(told!["requested-packages"], ["tool"]);
  assert.deepEqual(told!.packages, ["tool"]);
  assert.equal(told!["base-checksum"], host.base);
  assert.equal(deployment!.origin!.get("origin", "baserefspec"), branch);
  assert.equal(deployment!.origin!.get("origin", "refspec"), undefined);
});
