// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { referencePages } from "../tools/docs.ts";

const root = join(import.meta.dirname, "..");

test("the reference is what the declarations say", async () => {
  for (const [name, page] of await referencePages()) {
    assert.equal(readFileSync(join(root, "docs/reference", name), "utf8"), page, `${name}: node tools/docs.ts`);
  }
});

test("every link between pages leads somewhere", () => {
  const broken = ["README.md", "CONTRIBUTING.md", ...globSync("docs/**/*.md", { cwd: root })].flatMap((page) => {
    const links = readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)/g);
    return [...links].map(([, link]) => join(dirname(page), link!)).filter((target) => !existsSync(join(root, target)));
  });
  assert.deepEqual(broken, []);
});

test("every dependency has its line in docs/dependencies.md", () => {
  const text = readFileSync(join(root, "docs/dependencies.md"), "utf8");
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const names = ["dependencies", "optionalDependencies", "devDependencies"].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  assert.deepEqual(
    names.filter((name) => !text.includes(`\`${name}\``)),
    [],
  );
});
