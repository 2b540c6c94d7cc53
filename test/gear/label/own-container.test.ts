// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { gearError, type GenerationStore, requireOwnContainer } from "../../../src/gear/index.ts";

/** One application, with the instance `db-1` whose container is `shop-db`. */
const store = {
  applications: () => ["shop"],
  record: () => ({ generations: [{ number: 1 }] }),
  generation: () => ({
    rendered: {
      application: "shop",
      units: new Map(),
      instances: [{ id: "db-1", unit: "shop-db.service", container: "shop-db" }],
    },
  }),
} as unknown as GenerationStore;
/** Nothing runs: the name is free to the engine. */
const engine = { container: async () => undefined, image: async () => undefined };
const check = (name: string, ...command: string[]) =>
  requireOwnContainer({ command: ["podman", ...command], image: "x", name, verb: "RUN" }, engine, store);

test("no container of a label takes the name of an application's, which may be stopped", async () => {
  for (const verb of ["run", "create"]) {
    await assert.rejects(check("shop-db", verb, "--name=shop-db", "x"), (error) => {
      assert.match(
        (error as Error).message,
        /would (run|create) the container shop-db, which is of the application shop/,
      );
      return gearError.is(error, "conflict");
    });
    await check("shop-db", verb, "x");
    await check("tools", verb, "--name=tools", "x");
  }
  await assert.rejects(check("shop-db", "rm", "shop-db"), (error) => gearError.is(error, "conflict"));
});
