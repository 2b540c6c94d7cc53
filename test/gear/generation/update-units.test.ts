// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../../src/base/index.ts";
import { defaultUpdate } from "../../../src/gear/index.ts";
import { withUpdateUnits } from "../../../src/gear/generation/update-units.ts";
import { renderUnits, twoUnits } from "./shop.ts";

const shop = renderUnits(twoUnits)(new Map());

test("an application whose file does not say where newer images come from is not updated by itself", () => {
  assert.equal(withUpdateUnits(shop, { ...defaultUpdate, window: "Sat 03:00" }), shop);
});

test("a window is when a timer begins; systemd accepts the units", async (t) => {
  const policy = { ...defaultUpdate, images: "registry", window: "Sat *-*-* 03:00" } as const;
  const { units, start } = withUpdateUnits(shop, policy);
  assert.deepEqual(start, ["shop-db.service", "shop-web.service", "gear-update-shop.timer"]);
  assert.match(units.get("gear-update-shop.timer")!, /^OnCalendar=Sat \*-\*-\* 03:00$/m);
  assert.match(units.get("gear-update-shop.service")!, /^ExecStart=\/usr\/bin\/atomic gear update shop$/m);
  const root = mkdtempSync(join(tmpdir(), "atomic-update-units-"));
  t.after(() => rmSync(root, { recursive: true }));
  const directory = join(root, "etc/systemd/system");
  mkdirSync(directory, { recursive: true });
  mkdirSync(join(root, "usr/bin"), { recursive: true });
  writeFileSync(join(root, "usr/bin/atomic"), "");
  chmodSync(join(root, "usr/bin/atomic"), 0o755);
  for (const target of ["basic", "sysinit", "shutdown", "network-online", "timers", "time-set", "time-sync"])
    writeFileSync(join(directory, `${target}.target`), "[Unit]\nDescription=x\n");
  const names = ["gear-update-shop.service", "gear-update-shop.timer"];
  for (const name of names) writeFileSync(join(directory, name), units.get(name)!);
  const args = ["verify", "--man=no", "--recursive-errors=one", `--root=${root}`, ...names];
  const { stdout, stderr } = await run("systemd-analyze", args);
  assert.equal(`${stdout}${stderr}`, "");
});

test("without a window it is any time of the day, and not the same one on all hosts", () => {
  const { units } = withUpdateUnits(shop, { ...defaultUpdate, images: "local" });
  assert.match(units.get("gear-update-shop.timer")!, /^OnCalendar=daily\nRandomizedDelaySec=1h$/m);
});
