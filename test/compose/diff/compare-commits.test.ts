// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { compareCommits, composeJson, treePackages } from "../../../src/compose/index.ts";
import { makeRpms } from "../rpm/rpms.ts";
import { type Checksum, Repo } from "../../../src/ostree/index.ts";

let scratch: string;
let repo: Repo;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "diff-"));
  execFileSync("ostree", ["init", `--repo=${scratch}/repo`, "--mode=archive"]);
  repo = Repo.open(join(scratch, "repo"));
});
after(() => rmSync(scratch, { recursive: true }));

/** Commits files by stock ostree. */
function commit(name: string, files: Record<string, string>, ...options: string[]): Checksum {
  const root = join(scratch, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (text.startsWith("->")) symlinkSync(text.slice(2), join(root, path));
    else writeFileSync(join(root, path), text);
  }
  const args = ["commit", `--repo=${repo.path}`, "-b", "main", "--no-xattrs", "--owner-uid=0", "--owner-gid=0"];
  return execFileSync("ostree", [...args, ...options, root], { encoding: "utf8" }).trim() as Checksum;
}

const pkglist = (...rows: string[]) =>
  `--add-metadata=rpmostree.rpmdb.pkglist=[${rows.map((row) => `('${row.split(" ").join("', '")}')`).join(", ")}]`;

test("packages, files and sizes, as stock ostree tells the files", () => {
  const a = commit(
    "a",
    { "usr/bin/same": "same", "usr/bin/changed": "12345", "usr/share/gone/file": "123", "usr/link": "->same" },
    pkglist("kernel 0 6.8 1.fc40 x86_64", "podman 5 5.1 1 x86_64", "gone 0 1 1 noarch"),
    "--add-metadata-string=version=40.1",
  );
  const b = commit(
    "b",
    { "usr/bin/same": "same", "usr/bin/changed": "1234567", "usr/share/new/file": "1234", "usr/link": "->changed" },
    pkglist("kernel 0 6.10 1.fc40 x86_64", "podman 5 5.0 1 x86_64", "new 0 1 1 noarch"),
    "--add-metadata-string=rpmostree.inputhash=abc",
  );
  const found = compareCommits(repo, a, b);
  assert.deepEqual(found.from, { commit: a, version: "40.1" });
  assert.deepEqual(found.files, [
    { kind: "changed", path: "/usr/bin/changed", from: 5, to: 7 },
    { kind: "changed", path: "/usr/link", from: 0, to: 0 },
    { kind: "removed", path: "/usr/share/gone/file", from: 3 },
    { kind: "added", path: "/usr/share/new/file", to: 4 },
  ]);
  assert.equal(found.growth, 3);
  const stock = execFileSync("ostree", ["diff", `--repo=${repo.path}`, a, b], { encoding: "utf8" });
  for (const { path } of found.files) assert.ok(stock.includes(path.replace(/\/file$/, "")), path);
  assert.deepEqual(found.packages?.upgraded, [
    { name: "kernel", architecture: "x86_64", from: "6.8-1.fc40", to: "6.10-1.fc40" },
  ]);
  assert.deepEqual(
    found.packages?.downgraded.map(({ from, to }) => [from, to]),
    [["5:5.1-1", "5:5.0-1"]],
  );

  const json = composeJson(repo, b, { ref: "main" });
  const stockSum = execFileSync("ostree", [
    "show",
    "--print-metadata-key=rpmostree.inputhash",
    `--repo=${repo.path}`,
    b,
  ]);
  assert.equal(stockSum.toString().trim(), `'${json["rpm-ostree-inputhash"] as string}'`);
  const shown = execFileSync("ostree", ["show", `--repo=${repo.path}`, b], { encoding: "utf8" });
  assert.equal(json["ostree-content-checksum"], /ContentChecksum:\s+(\S+)/.exec(shown)?.[1]);
  assert.deepEqual(json["pkgdiff"], [
    ["new", 0, { NewPackage: ["new", "1-1", "noarch"] }],
    ["gone", 1, { PreviousPackage: ["gone", "1-1", "noarch"] }],
    [
      "kernel",
      2,
      { PreviousPackage: ["kernel", "6.8-1.fc40", "x86_64"], NewPackage: ["kernel", "6.10-1.fc40", "x86_64"] },
    ],
    ["podman", 3, { PreviousPackage: ["podman", "5:5.1-1", "x86_64"], NewPackage: ["podman", "5:5.0-1", "x86_64"] }],
  ]);
});

test("packages without metadata are those of the tree's dpkg; without either they are not known", () => {
  const status = "Package: dpkg\nStatus: install ok installed\nVersion: 1.22\nArchitecture: amd64\n";
  const debian = commit("debian", { "usr/lib/sysimage/dpkg/status": status });
  const plain = commit("plain", { "usr/file": "x" });
  const { format, packages } = treePackages(repo, debian) ?? {};
  assert.equal(format, "deb");
  assert.deepEqual(
    packages?.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`),
    ["dpkg 1.22 amd64"],
  );
  assert.equal(treePackages(repo, plain), undefined);
  assert.equal(compareCommits(repo, debian, plain).packages, undefined);
});

test("an RPM tree's packages are those of its database", () => {
  const root = join(scratch, "rpm");
  mkdirSync(join(root, "usr/share"), { recursive: true });
  const [path] = makeRpms(join(scratch, "rpms"), [{ name: "one", version: "2~rc1", preamble: "Epoch: 3" }]);
  const define = ["--define", "_dbpath /usr/share/rpm", "--define", "_db_backend sqlite"];
  execFileSync("rpm", [`--root=${root}`, ...define, "-i", "--nodeps", "--justdb", path!]);
  const { format, packages } = treePackages(repo, commit("rpm", { "usr/file": "x" })) ?? {};
  assert.equal(format, "rpm");
  assert.deepEqual(packages, [{ name: "one", version: "3:2~rc1-1", architecture: "noarch" }]);
});
