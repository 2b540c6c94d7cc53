// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { addTenant, TenantStore, withOwnTenant } from "../../../src/gear/index.ts";
import { name } from "../application.ts";

const around = { levels: new Set<string>(), users: [] };

test("a tenant that was made for what does not come through goes again, with its files; one that was there stays", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-own-tenant-"));
  t.after(() => rmSync(root, { recursive: true }));
  const store = new TenantStore(root);
  const slice = join(root, "etc/systemd/system/tenant-web.slice");
  const seen: boolean[] = [];
  const reload = async () => void seen.push(existsSync(slice));
  const attempt = (work: () => Promise<boolean>) =>
    withOwnTenant({ store, name: name("web"), around, reload, work, isDone: (well) => well });
  const fail = () => Promise.reject(new Error("no such image"));

  await assert.rejects(attempt(fail), /no such image/);
  assert.equal(await attempt(async () => false), false);
  assert.deepEqual(store.tenants(), []);
  assert.equal(existsSync(slice), false);
  assert.deepEqual(seen, [true, false, true, false]);

  assert.equal(await attempt(async () => existsSync(slice)), true);
  assert.equal(store.tenant(name("web")).retired, false);
  await assert.rejects(attempt(fail), /no such image/);
  assert.equal(store.tenant(name("web")).retired, false);
  assert.equal(existsSync(slice), true);

  addTenant(store, name("other"), {}, around);
  assert.equal(store.tenants().length, 2);
});
