// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { debFormat } from "../../../src/compose/deb-format.ts";
import { describeDeployment } from "../../../src/compose/layout/describe.ts";
import { type LayoutOptions, shapeDeployment } from "../../../src/compose/layout/index.ts";
import { lookup, makeDirectoryNode, makeFileNode, put, readText } from "../../../src/compose/tree.ts";

const files = "etc/selinux/little/contexts/files";
const contexts = `
/.*	system_u:object_r:default_t:s0
/	-d	system_u:object_r:root_t:s0
/etc(/.*)?	system_u:object_r:etc_t:s0
/etc/shadow.*	--	system_u:object_r:shadow_t:s0
/usr(/.*)?	system_u:object_r:usr_t:s0
/usr/lib/systemd/system(/.*)?	system_u:object_r:systemd_unit_t:s0
/root(/.*)?	system_u:object_r:admin_home_t:s0
/home	-d	system_u:object_r:home_root_t:s0
/home	-l	system_u:object_r:home_root_t:s0
/usr/local/bin(/.*)?	system_u:object_r:bin_t:s0
/var(/.*)?	system_u:object_r:var_t:s0
/var/lib/dpkg(/.*)?	system_u:object_r:dpkg_var_lib_t:s0
`;

function policyTree() {
  const tree = makeDirectoryNode();
  const texts = {
    "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=little\n",
    "etc/selinux/semanage.conf": "module-store = direct\n",
    [`${files}/file_contexts`]: contexts,
    [`${files}/file_contexts.subs_dist`]: "/etc/systemd/system /usr/lib/systemd/system\n",
    "var/lib/selinux/little/active/policy.linked": "modules",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
  };
  for (const [path, text] of Object.entries(texts)) put(tree, path, makeFileNode(text));
  return tree;
}

const expected: [kind: "dir" | "file" | "link", path: string, type: string][] = [
  ["file", "/usr/etc/shadow", "shadow_t"],
  ["file", "/usr/etc/hosts", "etc_t"],
  ["file", "/usr/etc/systemd/system/x.service", "systemd_unit_t"],
  ["dir", "/var/roothome", "admin_home_t"],
  ["dir", "/var/home", "home_root_t"],
  ["file", "/var/usrlocal/bin/tool", "bin_t"],
  ["file", "/usr/lib/sysimage/dpkg/status", "dpkg_var_lib_t"],
  ["link", "/root", "root_t"],
  ["link", "/home", "home_root_t"],
  ["link", "/usr/local", "root_t"],
  ["link", "/ostree", "root_t"],
  ["dir", "/sysroot", "root_t"],
  ["dir", "/", "root_t"],
];

const options: LayoutOptions = {
  machineidCompat: true,
  tmpIsDir: true,
  optUsrlocal: "var",
  selinux: true,
  readonlyExecutables: false,
  container: false,
  etcGroupMembers: [],
  bootFiles: false,
};

test("the policy knows the deployment's layout, for our labels and for libselinux's", () => {
  const tree = policyTree();
  shapeDeployment(tree, debFormat.layout, options);
  const { label } = describeDeployment(tree, options);
  assert.ok(label);
  const directory = mkdtempSync(join(tmpdir(), "policy-"));
  try {
    const base = join(directory, "file_contexts");
    for (const suffix of ["", ".local", ".subs_dist"]) {
      writeFileSync(base + suffix, readText(tree, `usr/${files}/file_contexts${suffix}`) ?? "");
    }
    const modes = { dir: 0o040755, file: 0o100644, link: 0o120777 };
    for (const [kind, path, type] of expected) {
      assert.equal(label(path, modes[kind]), `system_u:object_r:${type}:s0`, path);
      const judged = execFileSync("matchpathcon", ["-f", base, "-n", "-m", kind, path], { encoding: "utf8" });
      assert.equal(judged.trim(), `system_u:object_r:${type}:s0`, path);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("the store of modules goes with the release", () => {
  const tree = policyTree();
  shapeDeployment(tree, debFormat.layout, { ...options, machineidCompat: false, tmpIsDir: false });
  assert.equal(readText(tree, "usr/etc/selinux/little/active/policy.linked"), "modules");
  assert.match(readText(tree, "usr/etc/selinux/semanage.conf") ?? "", /^store-root=\/etc\/selinux$/m);
  assert.match(readText(tree, "usr/etc/selinux/little/active/file_contexts.local") ?? "", /^\/root -l /m);
  assert.equal(lookup(tree, "usr/etc/machine-id"), undefined);
  const tmp = lookup(tree, "tmp");
  assert.ok(tmp?.kind === "file" && tmp.header.symlink === "sysroot/tmp");
});

test("without SELinux in the treefile there are no labels", () => {
  const tree = policyTree();
  shapeDeployment(tree, debFormat.layout, { ...options, selinux: false });
  assert.equal(describeDeployment(tree, { ...options, selinux: false }).label, undefined);
});
