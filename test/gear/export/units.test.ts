// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { exportUnits, plan, readApplication } from "../../../src/gear/index.ts";

const shop = plan(readApplication(join(import.meta.dirname, "../../../examples/shop.yaml")), []);

for (const engine of ["podman", "docker"] as const) {
  test(`units for ${engine} are those of a deployment, with files where they were written`, () => {
    const { files, notes } = exportUnits(
      { ...shop, application: { ...shop.application, tenant: undefined } },
      "localhost",
      engine,
      "/srv/out",
    );
    const used = [...files.values()].flatMap(({ content }) => content.match(/\/srv\/out\/[\w./-]+/g) ?? []);
    assert.ok(used.length > 0);
    for (const path of used) assert.ok(files.has(path.slice("/srv/out/".length)), path);
    assert.ok([...files.values()].every(({ content }) => !content.includes("%GENERATION")));
    assert.ok(files.get("shop-db.service")?.content.includes(`/usr/bin/${engine} run --name=shop-db`));
    assert.ok(notes.includes(`image localhost/shop-db:1 must be there: ${engine} pull localhost/shop-db:1`));
  });
}
