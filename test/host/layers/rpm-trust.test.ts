// SPDX-License-Identifier: Apache-2.0
// Signed RPM packages layered on a host whose files have labels; judged by rpm, rpmsign and ostree. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type RpmSpec, tinyRpmBase } from "../../compose/rpm/rpms.ts";
import { SigningKey } from "../../packages/fixture.ts";
import { Distribution, Host, ostree, rpm } from "./rpm-host.ts";

const kernel: RpmSpec = {
  name: "kernel",
  files: {
    "/usr/lib/os-release": "ID=tiny\nPRETTY_NAME=Tiny\nVERSION_ID=1\n",
    "/usr/lib/modules/6.12.1/vmlinuz": "kernel",
    "/usr/lib/modules/6.12.1/initramfs.img": "initramfs",
    "/usr/sbin/depmod": '#!/bin/sh\necho dep > "/usr/lib/modules/$2/modules.dep"\n',
  },
  attributes: { "/usr/sbin/depmod": "%attr(0755,root,root)" },
};
const policy: RpmSpec = {
  name: "policy",
  files: {
    "/etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=tiny\n",
    "/etc/selinux/tiny/contexts/files/file_contexts":
      "/.*\tsystem_u:object_r:default_t:s0\n/usr/bin/.*\t--\tsystem_u:object_r:bin_t:s0\n/etc/.*\tsystem_u:object_r:etc_t:s0\n",
  },
};
const tool: RpmSpec = {
  name: "tool",
  files: { "/usr/bin/tool": "tool\n", "/etc/tool.conf": "port=80\n", "/usr/share/tool/data": "data\n" },
  scripts: "%post\ncp /usr/bin/tool /usr/bin/made",
};
const plain: RpmSpec = { name: "plain", files: { "/usr/bin/plain": "plain\n" } };
const foreign: RpmSpec = { name: "foreign", files: { "/usr/bin/foreign": "foreign\n" } };

let distribution: Distribution;
let keys: SigningKey[];
before(() => {
  distribution = new Distribution({ selinux: true });
  keys = ["packager", "other"].map((name) => new SigningKey(distribution.scratch, name));
  const [packager, other] = keys as [SigningKey, SigningKey];
  const key = join(distribution.scratch, "packager.asc");
  writeFileSync(key, packager.armored());
  distribution.repoSettings = `gpgcheck=1\ngpgkey=file://${key}\n`;
  distribution.publish([...tinyRpmBase(), kernel, policy, tool], (paths) => sign(packager, paths));
  distribution.publish([foreign], (paths) => sign(other, paths));
  distribution.publish([plain]);
});
after(() => {
  for (const key of keys) key.close();
  distribution[Symbol.dispose]();
});

function sign({ home }: SigningKey, paths: readonly string[]): void {
  const defines = ["_gpg_name @example.org", "_gpg_sign_cmd_extra_args --batch", "__gpg /usr/bin/gpg"];
  const options = defines.flatMap((one) => ["--define", one]);
  execFileSync("rpmsign", ["--addsign", ...options, ...paths], {
    env: { ...process.env, GNUPGHOME: home },
    stdio: "pipe",
  });
}

test("signed packages are layered, with the labels of the base's policy; others are refused", async () => {
  const host = await Host.make(distribution, "trust", "policy");
  const refused = (code: string, name: string) => (error: Error & { code?: string }) =>
    error.code === code && error.message.includes(`${name}-1-1.noarch`);
  await assert.rejects(host.change({ install: ["plain"] }), refused("packages-unsigned", "plain"));
  await assert.rejects(host.change({ install: ["foreign"] }), refused("packages-unknown-key", "foreign"));
  assert.equal(host.told.checksum, host.base);

  await host.change({ install: ["tool"] });
  assert.match(rpm(host.root, "-q", "--qf", "%{name} %{RSAHEADER:pgpsig}%{DSAHEADER:pgpsig}", "tool"), /tool .*EdDSA/i);
  const { repo } = host.open();
  const label = (path: string) => ostree(`--repo=${repo.path}`, "ls", "-X", host.told.checksum, path);
  for (const [path, type] of [
    ["/usr/bin/tool", "bin_t"],
    ["/usr/bin/made", "bin_t"],
    ["/usr/etc/tool.conf", "etc_t"],
    ["/usr/share/tool/data", "default_t"],
    ["/usr/bin/busybox", "bin_t"],
  ] as const)
    assert.match(label(path), new RegExp(`system_u:object_r:${type}:s0`), path);
  ostree(`--repo=${repo.path}`, "fsck", "-q");
});
