// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeLabeler } from "../../../src/ostree/index.ts";

const contexts = `
# A policy in little, with what makes matching hard.
/.*			system_u:object_r:default_t:s0
/	-d	system_u:object_r:root_t:s0
/etc(/.*)?	system_u:object_r:etc_t:s0
/etc/shadow.*	--	system_u:object_r:shadow_t:s0
/etc/passwd	--	system_u:object_r:passwd_file_t:s0
/etc/.*\\.conf	system_u:object_r:conf_t:s0
/etc/fixed\\.conf	--	system_u:object_r:fixed_t:s0
/usr/lib(32|64)?/.*\\.so(\\.[^/]*)*	--	system_u:object_r:lib_t:s0
/usr/(s)?bin(/.*)?	system_u:object_r:bin_t:s0
/usr/bin/pod-?man	--	system_u:object_r:podman_exec_t:s0
/var/lib/containers/overlay(/.*)?	system_u:object_r:container_t:s0
/var/lib/containers/overlay	-d	<<none>>
/dev/[shmx]d[^/]*	-b	system_u:object_r:disk_t:s0
/a\\+b	-l	system_u:object_r:plus_t:s0
/opt/.{3}	system_u:object_r:three_t:s0
/srv/x|/srv/y	system_u:object_r:either_t:s0
`;
const homedirs =
  "/home/[^/]+/\\.ssh(/.*)?	unconfined_u:object_r:ssh_home_t:s0\n/home/[^/]+/.+	unconfined_u:object_r:user_home_t:s0\n";
const local = "/etc/late(/.*)?	system_u:object_r:late_t:s0\n";
const subsDist = "/usr/etc /etc\n/var/home /home\n/etc/systemd/system /usr/lib64\n/mnt/etc /etc\n";

const paths = [
  [
    "dir",
    "/",
    "/etc",
    "/etc/x",
    "/usr/etc",
    "/var/home/u/.ssh",
    "/var/lib/containers/overlay",
    "/etc/late",
    "/usr/bin",
  ],
  ["file", "/etc/shadow", "/etc/shadow-", "/etc/passwd", "/etc/passwdx", "/usr/etc/shadow", "/usr/etcetera", "/x"],
  ["file", "/etc/fixed.conf", "/etc/fixedxconf", "/etc/a/b.conf", "/etc/late/b.conf", "/usr/sbin/a", "/usr/bin/podman"],
  ["file", "/usr/bin/pod-man", "/usr/lib/libc.so.6", "/usr/lib64/a/libc.so", "/usr/lib32/a.so.1.2", "/usr/lib16/a.so"],
  ["file", "/var/home/u/.ssh/key", "/home/u/f", "/home/u", "/etc/systemd/system/x.so", "/opt/abc", "/opt/abcd"],
  ["file", "/var/lib/containers/overlay/x", "/srv/x", "/srv/y", "/srv/z", "/mnt/etc/shadow"],
  ["block", "/dev/sda", "/dev/xda1", "/dev/zero"],
  ["link", "/a+b", "/a", "/etc/shadow", "/usr/bin/podman"],
] as const;
const modes = { dir: 0o040755, file: 0o100644, block: 0o060600, link: 0o120777 };

test("labels are those that matchpathcon gives for the same files", () => {
  const directory = mkdtempSync(join(tmpdir(), "contexts-"));
  try {
    const file = join(directory, "file_contexts");
    const texts = { "": contexts, ".homedirs": homedirs, ".local": local, ".subs_dist": subsDist };
    for (const [suffix, text] of Object.entries(texts)) writeFileSync(file + suffix, text);
    const label = makeLabeler({ fileContexts: contexts, homedirs, local, subs: "", subsDist });
    for (const [kind, ...names] of paths) {
      const expected = execFileSync("matchpathcon", ["-f", file, "-n", "-m", kind, ...names], { encoding: "utf8" });
      const ours = names.map((name) => label(name, modes[kind]) ?? "<<none>>");
      assert.deepEqual(
        ours.map((context, index) => `${names[index]} ${context}`),
        expected
          .trim()
          .split("\n")
          .map((context, index) => `${names[index]} ${context}`),
      );
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
