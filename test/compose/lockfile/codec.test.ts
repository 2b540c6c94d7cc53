// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeLockfile, encodeLockfile, packageLocks, readLockfiles } from "../../../src/compose/index.ts";

test("a lockfile is what rpm-ostree writes: sorted by bytes, the day only, two spaces", () => {
  const packages = [
    { name: "zlib", version: "1.3-1.fc40", architecture: "x86_64", digest: "sha256:ab", source: "zlib" },
    { name: "NetworkManager", version: "1:1.46-1.fc40", architecture: "noarch", digest: "sha256:cd" },
  ];
  const text = encodeLockfile(packages, {
    format: "rpm",
    now: Date.UTC(2026, 10, 22, 13, 14, 15) / 1000,
    repositories: new Map([["fedora", Date.UTC(2026, 10, 1, 2, 3, 4) / 1000]]),
  });
  assert.equal(
    text,
    `{
  "packages": {
    "NetworkManager": {
      "evra": "1:1.46-1.fc40.noarch",
      "digest": "sha256:cd"
    },
    "zlib": {
      "evra": "1.3-1.fc40.x86_64",
      "digest": "sha256:ab",
      "metadata": {
        "sourcerpm": "zlib"
      }
    }
  },
  "metadata": {
    "generated": "2026-11-22T00:00:00Z",
    "rpmmd_repos": {
      "fedora": {
        "generated": "2026-11-01T02:03:04Z"
      }
    }
  }
}
`,
  );
  const read = decodeLockfile(text, "x.json").packages;
  assert.deepEqual(read.get("NetworkManager"), {
    version: "1:1.46-1.fc40",
    architecture: "noarch",
    digest: "sha256:cd",
  });
});

test("later lockfiles win, whole entries of them, and may be YAML", () => {
  const directory = mkdtempSync(join(tmpdir(), "lockfile-"));
  const at = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const base = at(
    "base.json",
    '{"packages": {"a": {"evra": "0:1-1.noarch", "digest": "sha256:1"}, "b": {"evr": "2-1"}}}',
  );
  const override = at("override.yaml", "packages:\n  a:\n    evr: 5:2-1\n    metadata: {type: pin}\n");
  const locks = packageLocks(readLockfiles([base, override]), { strict: true });
  rmSync(directory, { recursive: true });
  assert.equal(locks.strict, true);
  assert.deepEqual(Object.fromEntries(locks.packages), {
    a: { version: "5:2-1", metadata: { type: "pin" } },
    b: { version: "2-1" },
  });
});

test("a lockfile in YAML may be larger than what people write", () => {
  const digest = `sha256:${"0".repeat(200)}`;
  const lines = Array.from(
    { length: 5000 },
    (_, index) => `  p${index}: {evra: 1-${index}.noarch, digest: "${digest}"}\n`,
  );
  const { packages } = decodeLockfile(`packages:\n${lines.join("")}`, "x.yaml");
  assert.deepEqual([packages.size, packages.get("p4999")?.version], [5000, "1-4999"]);
});

const faults: [name: string, path: string, text: string, message: RegExp][] = [
  ["an unknown key", "x.json", '{"packages": {}, "unknown-field": "true"}', /unknown key unknown-field/],
  ["no packages", "x.json", "{}", /no key packages/],
  ["neither evr nor evra", "x.json", '{"packages": {"a": {"digest": "x"}}}', /packages: a: either evr or evra/],
  ["both", "x.yaml", "packages: {a: {evr: '1', evra: 1.noarch}}", /either evr or evra/],
  ["no architecture", "x.json", '{"packages": {"a": {"evra": "1"}}}', /malformed evra 1/],
  ["a number", "x.yaml", "packages: {a: {evr: 1}}", /as a string/],
  ["broken JSON", "x.json", "{", /x.json: /],
  ["a key twice", "x.yaml", "packages: {}\npackages: {}", /unique/],
  ["a list", "x.yaml", "- a", /must be a map/],
  ["nothing", "x.yaml", "", /must be a map/],
  ["lists without end", "x.yaml", "[".repeat(20_000), /x\.yaml:1:\d+: nested more than 64 deep/],
  ["maps without end", "x.yaml", "a: {".repeat(20_000), /nested more than 64 deep/],
];

for (const [name, path, text, message] of faults) {
  test(`refused: ${name}`, () => {
    assert.throws(() => decodeLockfile(text, path), { code: "compose-lockfile", message });
  });
}
