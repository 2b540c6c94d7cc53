// SPDX-License-Identifier: Apache-2.0
/**
 * The walls between rooms. `tsc -b` refuses an import of a room that is not referenced; this refuses what it lets pass:
 * a reference that the table does not allow, an import through a transitive reference, and a door other than index.ts.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

/** The table of docs/architecture.md: room -> rooms it may import, besides base. */
const allowed: Record<string, readonly string[]> = {
  base: [],
  formats: [],
  bus: ["formats"],
  ostree: ["formats"],
  packages: ["formats"],
  compose: ["formats", "ostree", "packages"],
  host: ["formats", "bus", "ostree", "packages", "compose"],
  image: ["formats", "ostree", "compose", "host"],
  gear: ["formats", "bus", "ostree"],
  cli: ["formats", "bus", "ostree", "packages", "compose", "host", "image", "gear"],
};

interface Import {
  readonly from: string;
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
  return [...found].map(([, path]) => ({ from: file, target: relative(root, join(root, dirname(file), path!)) }));
}

const imports = globSync("src/**/*.ts", { cwd: root }).flatMap((file) => importsOf(file));
const roomOf = (path: string) => path.split("/")[1]!;

test("every room is in the table and every import is allowed by it", () => {
  const wrong = imports.filter(({ from, target }) => {
    const [room, other] = [roomOf(from), roomOf(target)];
    return room !== other && other !== "base" && !allowed[room]?.includes(other);
  });
  assert.deepEqual(wrong, []);
});

test("a room is entered only by its index.ts", () => {
  const wrong = imports.filter(
    ({ from, target }) => roomOf(from) !== roomOf(target) && !/^src\/[^/]+\/index\.ts$/.test(target),
  );
  assert.deepEqual(wrong, []);
});

test("the compiler's references are the table", () => {
  for (const [room, rooms] of Object.entries(allowed)) {
    const config = JSON.parse(readFileSync(join(root, "src", room, "tsconfig.json"), "utf8")) as {
      references: { path: string }[];
    };
    const references = config.references.map(({ path }) => path.replace("../", "")).sort();
    assert.deepEqual(references, room === "base" ? [] : ["base", ...rooms].sort(), room);
  }
});
