// SPDX-License-Identifier: Apache-2.0
// Needs bubblewrap and a static busybox.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { findProgram } from "../../src/base/index.ts";
import { refreshPolicy } from "../../src/host/index.ts";
import { scratch } from "./fixture.ts";

/** A tree whose semodule is a shell script. */
function tree(t: TestContext, script: string): string {
  const root = scratch(t);
  for (const path of ["usr/bin", "usr/sbin", "usr/lib", "etc/selinux"])
    mkdirSync(join(root, path), { recursive: true });
  copyFileSync(findProgram("busybox")!, join(root, "usr/bin/busybox"));
  writeFileSync(join(root, "usr/sbin/semodule"), `#!/usr/bin/busybox sh\n${script}\n`);
  chmodSync(join(root, "usr/sbin/semodule"), 0o755);
  writeFileSync(join(root, "etc/selinux/config"), "SELINUX=enforcing\n");
  return root;
}

test("the new version's own semodule rebuilds what the merge brought, and can change nothing but /etc", async (t) => {
  const root = tree(
    t,
    "echo $* > /etc/selinux/called; echo x > /usr/lib/x && echo usr >> /etc/selinux/called; busybox ls / > /etc/selinux/root",
  );
  assert.equal(await refreshPolicy(root, ["motd", "selinux/default/policy.33"]), "refreshed");
  assert.equal(readFileSync(join(root, "etc/selinux/called"), "utf8"), "-N --refresh\n");
});

test("it runs only when the policy was touched, and a failure is no obstacle", async (t) => {
  const root = tree(t, "exit 1");
  assert.equal(await refreshPolicy(root, ["motd"]), "unchanged");
  assert.equal(await refreshPolicy(root, ["selinux/config"]), "kept");
});
