// SPDX-License-Identifier: Apache-2.0
/** Labels of processes: of a made /proc, since this needs a kernel with SELinux, as the test of a booted host has. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseName, type Tenant } from "../../../src/gear/index.ts";
import { strayProcesses, tenantProcesses } from "../../../src/gear/tenant/processes.ts";

const id = "0123456789abcdef".repeat(4);

test("processes in a tenant's containers without its level are found, and the engine's own are none", (t) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-processes-"));
  t.after(() => rmSync(root, { recursive: true }));
  const add = (pid: number, group: string, label?: string) => {
    const directory = join(root, "proc", String(pid));
    mkdirSync(join(directory, "attr"), { recursive: true });
    writeFileSync(join(directory, "cgroup"), `0::${group}\n`);
    if (label !== undefined) writeFileSync(join(directory, "attr/current"), `${label}\0`);
  };
  const slice = "/tenant.slice/tenant-acme.slice";
  const own = "system_u:system_r:container_t:s0:c100,c200";
  add(1, `${slice}/web.service/libpod-payload-${id}`, own);
  add(2, `${slice}/web.service/libpod-payload-${id}/init`, `${own},c7`);
  add(3, `${slice}/web.service/runtime`, "system_u:system_r:podman_conmon_t:s0");
  add(4, `${slice}/libpod-conmon-${id}.scope`, "system_u:system_r:podman_conmon_t:s0");
  add(5, `${slice}/libpod-${id}.scope/container`, "system_u:system_r:container_t:s0:c100,c201");
  add(6, `${slice}/docker-${id}.scope`, "system_u:system_r:spc_t:s0");
  add(7, `${slice}/docker-${id}.scope`);
  add(8, `${slice}/docker-${id}.scope`, "system_u:system_r:container_t:s0:c1001,c200");
  add(
    9,
    `/tenant.slice/tenant-acme\\x2dtwo.slice/x.service/libpod-payload-${id}`,
    "system_u:system_r:container_t:s0:c1,c2",
  );
  add(10, "/system.slice/sshd.service", "system_u:system_r:sshd_t:s0");
  const tenant = { name: parseName("acme", "a tenant"), categories: [100, 200] } as unknown as Tenant;
  assert.deepEqual(
    tenantProcesses(root, tenant)
      .map(({ pid }) => pid)
      .toSorted(),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.deepEqual(
    strayProcesses(root, tenant)
      .map(({ pid }) => pid)
      .toSorted(),
    [5, 6, 7, 8],
  );
});
