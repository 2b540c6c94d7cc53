// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type Checksum, Repo } from "../../../../src/ostree/index.ts";
import { TestArchive, tinyBase } from "../../../compose/archive.ts";

const entry = resolve(import.meta.dirname, "../../../../src/cli/atomic.ts");
let scratch: string;
let archive: TestArchive;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "compose-cli-"));
  archive = new TestArchive(scratch);
  await archive.publish([...tinyBase(), { name: "extra", files: { "/usr/bin/extra": "extra\n" } }]);
});
after(async () => {
  await archive[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

/** Runs the program; its streams and exit code. */
function atomic(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const argv = ["--disable-warning=ExperimentalWarning", entry, "compose", ...args];
  execFile(process.execPath, argv, { cwd: scratch }, (error, stdout, stderr) => {
    resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
  });
  return promise;
}

function treefile(text: string): string {
  const path = join(scratch, "tree.yaml");
  writeFileSync(path, `ref: tiny/host\nbasearch: x86_64\n${archive.apt}${text}`);
  return path;
}

const common = ["--repo=repo", "--cachedir=cache", "--progress=none"];

test("composes, says what, and exits with 77 when asked and nothing changed", async () => {
  const path = treefile("packages: [extra]\n");
  const marks = ["--write-commitid-to=id", "--touch-if-changed=changed"];
  const first = await atomic("tree", path, ...common, ...marks);
  assert.equal(first.code, 0, first.stderr);
  const commit = readFileSync(join(scratch, "id"), "utf8").trim();
  assert.equal(first.stdout, `       Ref: tiny/host\n    Commit: ${commit}\n  Packages: 4\n`);
  assert.ok(existsSync(join(scratch, "changed")));
  assert.ok(!existsSync(join(scratch, "repo/refs/heads/tiny")));
  const second = await atomic("tree", path, ...common, `--previous-commit=${commit}`, "--unchanged-exit-77");
  assert.equal(second.code, 77);
  assert.match(second.stdout, /^No changes\n/);
  const json = await atomic("tree", path, ...common, `--previous-commit=${commit}`, "--json");
  assert.equal((JSON.parse(json.stdout) as { changed: boolean }).changed, false);
});

test("metadata and the last version come from the command line", async () => {
  const path = treefile('packages: [extra]\nautomatic-version-prefix: "7"\n');
  writeFileSync(join(scratch, "meta.json"), '{"team": "hosts", "count": 3, "both": "json"}');
  const metadata = [
    "--add-metadata-from-json=meta.json",
    "--add-metadata-string=both=string",
    "--write-composejson-to=composed.json",
  ];
  const options = [...common.slice(1), "--repo=metadata-repo", "--json", "--unified-core"];
  const first = await atomic("tree", path, ...options, ...metadata, "--previous-version=7.4");
  assert.equal(first.code, 0, first.stderr);
  const { commit, version, inputHash } = JSON.parse(first.stdout) as Record<string, string>;
  assert.equal(version, "7.5");
  const composed = JSON.parse(readFileSync(join(scratch, "composed.json"), "utf8")) as Record<string, string>;
  assert.deepEqual([composed["ostree-commit"], composed["ostree-version"]], [commit, "7.5"]);
  assert.equal(composed["rpm-ostree-inputhash"], inputHash);
  const { metadata: written } = Repo.open(join(scratch, "metadata-repo")).loadCommit(commit as Checksum);
  assert.deepEqual(
    ["team", "count", "both"].map((key) => written.get(key)?.value),
    ["hosts", 3n, "string"],
  );
  const same = await atomic("tree", path, ...common, "--repo=empty", `--previous-inputhash=${inputHash}`);
  assert.equal(same.stdout, "No changes\n");
  const broken = await atomic("tree", path, ...options, "--add-metadata-from-json=tree.yaml");
  assert.equal(broken.code, 2);
});

test("a dry run lists the packages, resolve and explain tell why", async () => {
  const path = treefile("packages: [extra]\n");
  const dry = await atomic("tree", path, ...common, "--dry-run");
  assert.equal(dry.stdout, "base-files 1 amd64\ndpkg 1.21 amd64\nextra 1 amd64\nshell 1 amd64\n");
  const resolved = await atomic("resolve", path, "--cachedir=cache", "--progress=none");
  assert.match(resolved.stdout, /^extra 1\s+asked for$/m);
  const why = await atomic("explain", "extra", path, "--cachedir=cache", "--progress=none");
  assert.equal(why.stdout, "extra 1: asked for\n");
});

test("a merged treefile can be printed", async () => {
  writeFileSync(join(scratch, "part.yaml"), "packages: [extra]\n");
  const { stdout } = await atomic("tree", treefile("include: part.yaml\n"), "--print-only");
  assert.deepEqual((JSON.parse(stdout) as { packages: string[] }).packages, ["extra"]);
});

const failures: [name: string, args: () => string[], code: number, message: RegExp][] = [
  ["no treefile", () => ["tree"], 2, /error\[cli-usage\]/],
  ["no repository", () => ["tree", treefile("packages: [extra]\n")], 2, /no --repo given/],
  [
    "a missing treefile",
    () => ["tree", "nowhere.yaml", ...common],
    1,
    /error\[compose-treefile-include\]: .*nowhere.yaml: no such file/,
  ],
  [
    "an unknown key",
    () => ["tree", treefile("pakages: [extra]\n"), ...common],
    1,
    /tree.yaml:4:1: unknown key pakages\n +hint: did you mean packages\?/,
  ],
  [
    "an unknown package",
    () => ["tree", treefile("packages: [extro]\n"), ...common],
    1,
    /error\[packages-unknown\]: .*extro/,
  ],
  [
    "bad metadata",
    () => ["tree", treefile("packages: [extra]\n"), ...common, "--add-metadata-string=x"],
    2,
    /KEY=VALUE wanted/,
  ],
  [
    "an unknown parent",
    () => ["tree", treefile("packages: [extra]\n"), ...common, "--parent=nothing"],
    1,
    /error\[ostree-no-such-ref\]/,
  ],
];

for (const [name, args, code, message] of failures) {
  test(`told, without a stack: ${name}`, async () => {
    const result = await atomic(...args());
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
    assert.doesNotMatch(result.stderr, /^\s+at /m);
  });
}
