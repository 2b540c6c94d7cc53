// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { repin } from "../../../src/gear/generation/update.ts";
import { digest, renderUnits } from "./shop.ts";

const [stable, latest] = ["docker.io/library/web:1", "docker.io/library/web:latest"];
const pin = (digit: string) => `docker.io/library/web@${digest(digit)}`;
const before = new Map([
  [stable, pin("1")],
  [latest, pin("1")],
]);
const units = { "shop-a.service": { image: stable }, "shop-b.service": { image: latest } };

test("two references that were one image and are no longer are told apart by who uses them", () => {
  const rendered = renderUnits(units)(before);
  const next = repin(rendered, new Map([...before, [latest, pin("2")]]));
  assert.equal(next.units.get("shop-a.service"), rendered.units.get("shop-a.service"));
  assert.match(next.units.get("shop-b.service")!, new RegExp(`^Image=${pin("2")}$`, "m"));
  assert.deepEqual(
    next.images.map(({ pinned }) => pinned),
    [pin("1"), pin("2")],
  );
});

test("where that does not tell them apart, the file has to be deployed again", () => {
  const shared = { ...renderUnits(units)(before), instances: [] };
  assert.throws(() => repin(shared, new Map([...before, [latest, pin("2")]])), /no longer the same/);
});

test("images that change places are not replaced twice, and fields that have the digest alone follow", () => {
  const [a, b] = ["docker.io/library/a:1", "docker.io/library/b:1"];
  const rendered = renderUnits({
    "shop-a.service": { image: a, lines: [`# ${digest("1")} beside x@${digest("2")}`] },
  })(new Map([[a, `x@${digest("1")}`]]));
  const both = { ...rendered, images: [...rendered.images, { reference: b, pinned: `x@${digest("2")}` }] };
  const next = repin(
    { ...both, instances: [] },
    new Map([
      [a, `x@${digest("2")}`],
      [b, `x@${digest("1")}`],
    ]),
  );
  const text = next.units.get("shop-a.service")!;
  assert.match(text, new RegExp(`^Image=x@${digest("2")}$`, "m"));
  assert.ok(text.includes(`# ${digest("2")} beside x@${digest("1")}\n`), text);
});
