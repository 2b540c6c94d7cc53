// SPDX-License-Identifier: Apache-2.0
// Packages and an initramfs of the host's own upon one version. Needs root.
import assert from "node:assert/strict";
import { lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setLocalInitramfs } from "../../../src/host/index.ts";
import { DebDistribution, DebHost, ostree } from "./deb-host.ts";

const image = "usr/lib/modules/6.12.1/initramfs.img";

/** Writes down what it sees of the tree and of the machine. */
const dracut = `#!/bin/sh
for image; do :; done
cat /etc/hostname /usr/share/tool > "$image"
`;

const distribution = new DebDistribution();
before(() =>
  distribution.publish([
    { name: "dracut", files: { "/usr/bin/dracut": { content: dracut, mode: 0o755 } } },
    { name: "tool", files: { "/usr/share/tool": "tool 1\n" } },
  ]),
);
after(() => distribution[Symbol.asyncDispose]());

test("the initramfs is made after the packages, of the host's /etc, again with the next version, and for root only", async () => {
  const host = await DebHost.make(distribution, "both", "dracut");
  writeFileSync(join(host.root, "etc/hostname"), "box\n");
  await host.change({ install: ["tool"] });
  assert.equal(host.read(image), "initramfs");
  await setLocalInitramfs(host.open(), { regenerate: true, arguments: [] });
  assert.equal(host.read(image), "box\ntool 1\n");
  assert.equal(lstatSync(join(host.root, image)).mode & 0o777, 0o600);
  assert.deepEqual([host.told["requested-packages"], host.told["regenerate-initramfs"]], [["tool"], true]);
  assert.doesNotMatch(ostree(`--repo=${host.path}/ostree/repo`, "ls", host.told.checksum, "/usr/etc"), /hostname/);

  const second = await host.bring("2", "dracut ");
  await host.upgrade();
  assert.deepEqual([host.told["base-checksum"], host.read(image)], [second, "box\ntool 1\n"]);
  await setLocalInitramfs(host.open(), { regenerate: false, arguments: [] });
  assert.deepEqual([host.read(image), host.read("usr/share/tool")], ["initramfs", "tool 1\n"]);
  await host.change({ uninstall: ["tool"] });
  assert.equal(host.told.checksum, second);
});
