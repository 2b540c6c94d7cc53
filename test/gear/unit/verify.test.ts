// SPDX-License-Identifier: Apache-2.0
/** systemd itself reads what is rendered, and says what it does not understand. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { placeUnit, plan, readDeployment, render, type Rendered, renderTenantSlice } from "../../../src/gear/index.ts";
import { name } from "../application.ts";
import { docker, fullApplication, fullPlan, podman, podmanApplication, tenant } from "./applications.ts";

/** Units that are rendered, in a directory where systemd finds nothing else but its own. */
function unitDirectory(t: TestContext, units: Rendered["units"]): string {
  const directory = mkdtempSync(join(tmpdir(), "atomic-units-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [unit, text] of units) {
    // Programs need not be here to have what is said of them judged.
    const placed = placeUnit(text, "/var/lib/atomic/gear/shop/1/files", 1).replaceAll(
      /=(-?)\/usr\/bin\/(?:podman|docker|atomic|install)(?= )/g,
      "=$1/bin/true",
    );
    writeFileSync(join(directory, unit), placed);
  }
  writeFileSync(join(directory, "docker.service"), "[Service]\nExecStart=/bin/true\n");
  return directory;
}

function verify(directory: string, units: readonly string[]): string {
  const { stderr, error } = spawnSync(
    "systemd-analyze",
    ["--man=no", "--recursive-errors=no", "verify", ...units.map((unit) => join(directory, unit))],
    { encoding: "utf8", env: { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:` } },
  );
  if (error !== undefined) throw error;
  return stderr;
}

const renderings: Record<string, () => Rendered> = {
  "podman, every key": () => render(fullPlan(podmanApplication()), "localhost", { ...podman, tenant }),
  "podman, no tenant": () => render(fullPlan(podmanApplication({ tenant: undefined })), "localhost", podman),
  "the example": () => {
    const { application } = readDeployment(join(import.meta.dirname, "../../../examples/shop.yaml"), {
      environment: {},
    });
    return render(plan(application, [], {}), "localhost", { ...podman, tenant });
  },
  docker: () => render(fullPlan(fullApplication()), "localhost", docker),
};

for (const [what, rendering] of Object.entries(renderings)) {
  test(`systemd understands all of it: ${what}`, (t) => {
    const { units } = rendering();
    assert.equal(verify(unitDirectory(t, units), [...units.keys()]), "");
  });
}

test("systemd understands a tenant's slice", (t) => {
  const resources = { memory: 1 << 30, cpus: 1.5, cpuWeight: 200, ioWeight: 300, pids: 1000 };
  const slice = renderTenantSlice(name("acme-inc"), resources);
  assert.equal(slice.name, "tenant-acme\\x2dinc.slice");
  assert.equal(verify(unitDirectory(t, new Map([[slice.name, slice.text]])), [slice.name]), "");
});

test("the judge finds a misspelt key", (t) => {
  const directory = unitDirectory(t, new Map([["a.service", "[Service]\nExecStart=/bin/true\nRestrat=no\n"]]));
  assert.match(verify(directory, ["a.service"]), /Unknown key.*'Restrat'/);
});

test("the same plan is the same text", () => {
  const [first, second] = [renderings["podman, every key"]!(), renderings["podman, every key"]!()];
  assert.deepEqual(first, second);
  assert.ok(first.units.size > 15);
});
