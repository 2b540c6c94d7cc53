// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import {
  findRpmDatabase,
  readRpm,
  readRpmDatabase,
  rpmTag,
  writeSqliteDatabase,
  type InstalledRpm,
} from "../../../../src/packages/index.ts";
import { temporaryDirectory } from "../../fixture.ts";
import { buildRpm, type RpmRecipe } from "../fixture.ts";

let directory: string;
let paths: string[];

const recipes: readonly RpmRecipe[] = [
  {
    name: "base",
    preamble: ["Provides: /bin/sh, ldconfig", "Epoch: 2", "Group: System/Base"],
    install: ["mkdir -p usr/lib/base", "seq 100 > usr/lib/base/numbers", "ln -s numbers usr/lib/base/link"],
    files: ["/usr/lib/base"],
  },
  {
    name: "scripts",
    preamble: [
      "Requires: base >= 2:1.0, (absent if other else third)",
      "Requires(pre): base",
      "Requires(post,preun): base",
      "Conflicts: (old or older), oldest < 1",
      "Obsoletes: ancient < 3",
      "Recommends: (nice if base)",
      "Suggests: (more and less)",
      "Supplements: (a with b)",
      "Enhances: c",
    ],
    install: ["mkdir -p etc usr/bin", "echo x > etc/scripts.conf", "echo y > usr/bin/y", "ln usr/bin/y usr/bin/z"],
    files: ["%config(noreplace) /etc/scripts.conf", "%doc %attr(4755,root,root) /usr/bin/*", "%ghost /etc/ghost"],
    sections: [
      "%pre\n:",
      "%post\necho post",
      "%preun -p /usr/bin/y",
      "%triggerin -- base, other\n:",
      "%triggerun -- base\n:",
      "%filetriggerin -- /usr/lib/a /usr/lib/b\n:",
      "%transfiletriggerin -- /usr/lib/a\n:",
      "%transfiletriggerin -P 10 -- /usr/lib/c\n:",
    ],
  },
];

before(() => {
  directory = temporaryDirectory();
  paths = recipes.map((recipe) => buildRpm(recipe, join(directory, recipe.name)));
});
after(() => rmSync(directory, { recursive: true, force: true }));

const database = "/usr/lib/sysimage/rpm";

function run(root: string, program: string, ...args: string[]): string {
  const options = ["--root", root, "--define", `_dbpath ${database}`, "--define", "_db_backend sqlite"];
  const result = spawnSync(program, [...options, ...args], { encoding: "utf8" });
  assert.equal(result.status, 0, `${program} ${args.join(" ")}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** A root into which the installed rpm has put the packages, with their files. */
function installByRpm(name: string): string {
  const root = join(directory, name);
  mkdirSync(root);
  run(root, "rpm", "-i", "--nodeps", "--noscripts", "--notriggers", ...paths);
  return root;
}

function dump(path: string): Record<string, unknown[]> {
  using opened = new DatabaseSync(path, { readOnly: true });
  const names = opened
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all();
  return Object.fromEntries(
    names.map(({ name }) => [name, opened.prepare(`SELECT * FROM '${String(name)}' ORDER BY hnum, rowid`).all()]),
  );
}

async function installed(time: number, transaction: number, color: number): Promise<InstalledRpm[]> {
  const found: InstalledRpm[] = [];
  for (const path of paths) {
    using rpm = await readRpm(path, { allowUnsigned: true });
    const { header, signatureHeader } = rpm;
    found.push({ header, signatureHeader, installTime: time, transaction, color });
  }
  return found;
}

test("a database is row by row and byte by byte the one that rpm writes", async () => {
  const root = installByRpm("theirs");
  const place = findRpmDatabase(root)!;
  assert.equal(place, join(root, database));
  const headers = [...readRpmDatabase(place)];
  assert.deepEqual(
    headers.map((header) => header.string(rpmTag.name)),
    ["base", "scripts"],
  );
  const [time, transaction, color] = [rpmTag.installTime, rpmTag.installTid, rpmTag.installColor].map((one) =>
    headers[0]!.number(one)!,
  );
  const ours = join(directory, "ours.sqlite");
  const packages = await installed(time!, transaction!, color!);
  // Each package of a transaction has a time of its own.
  writeSqliteDatabase(
    ours,
    packages.map((one, at) => ({ ...one, installTime: headers[at]!.number(rpmTag.installTime)! })),
  );
  assert.deepEqual(dump(ours), dump(join(place, "rpmdb.sqlite")));
});

test("rpm works with a database that was written", async () => {
  const root = installByRpm("replaced");
  const path = join(root, database, "rpmdb.sqlite");
  for (const suffix of ["", "-shm", "-wal"]) rmSync(path + suffix, { force: true });
  writeSqliteDatabase(path, await installed(1_700_000_000, 1_700_000_000, 0));
  assert.equal(
    run(root, "rpm", "-qa", "--qf", "%{NEVRA} %{INSTALLTIME}\n"),
    "base-2:1.0-1.noarch 1700000000\nscripts-1.0-1.noarch 1700000000\n",
  );
  assert.equal(run(root, "rpm", "-Va", "--nodeps"), "");
  writeFileSync(join(root, "usr/lib/base/numbers"), "other\n");
  // The time is told in seconds: all of this may happen within the one in which the package was built.
  utimesSync(join(root, "usr/lib/base/numbers"), 1, 1);
  const changed = spawnSync("rpm", ["--root", root, "--define", `_dbpath ${database}`, "-Va", "--nodeps"]);
  assert.match(changed.stdout.toString(), /^S\.5\.{4}T\. +\/usr\/lib\/base\/numbers\n$/);
  assert.match(run(root, "rpm", "-q", "--scripts", "scripts"), /echo post/);
  assert.match(run(root, "rpm", "-q", "--filetriggers", "scripts"), /transfiletriggerin/);
  assert.equal(run(root, "rpm", "-qf", "/usr/lib/base/link").trim(), "base-1.0-1.noarch");
  assert.equal(run(root, "rpm", "-q", "--whatprovides", "ldconfig").trim(), "base-1.0-1.noarch");
  assert.match(run(root, "rpm", "-q", "--whatrequires", "base"), /^scripts-1\.0-1\.noarch$/m);
  assert.match(run(root, "rpm", "-q", "--whatconflicts", "older"), /^scripts-1\.0-1\.noarch$/m);
  run(root, "rpm", "-e", "--test", "scripts");
  run(root, "rpmdb", "--verifydb");
  run(root, "rpm", "-e", "--noscripts", "--notriggers", "scripts");
  assert.equal(run(root, "rpm", "-qa"), "base-1.0-1.noarch\n");
});

test("the same packages make the same file", async () => {
  const files = ["one", "two"].map((name) => join(directory, `${name}.sqlite`));
  for (const file of files) writeSqliteDatabase(file, await installed(1, 2, 3));
  assert.ok(readFileSync(files[0]!).equals(readFileSync(files[1]!)));
});

test("states of files and digests of packages are kept", async () => {
  const place = join(directory, "kept");
  mkdirSync(place);
  const [base] = await installed(1, 2, 3);
  const packageDigests = [{ algorithm: "sha256", hex: "ab".repeat(32) }] as const;
  const fileStates = ["normal", "not-installed", "wrong-color"] as const;
  writeSqliteDatabase(join(place, "rpmdb.sqlite"), [{ ...base!, packageDigests, fileStates }]);
  const [header] = [...readRpmDatabase(place)];
  assert.deepEqual(header!.strings(rpmTag.packageDigests), ["ab".repeat(32)]);
  assert.deepEqual(header!.numbers(rpmTag.packageDigestAlgorithms), [8]);
  assert.deepEqual(header!.numbers(rpmTag.fileStates), [0, 2, 4]);
});

test("what is no database is refused", () => {
  const place = join(directory, "bad");
  mkdirSync(place);
  assert.throws(() => [...readRpmDatabase(place)], { code: "packages-rpmdb" });
  writeFileSync(join(place, "Packages"), "");
  assert.throws(() => [...readRpmDatabase(place)], { code: "packages-rpmdb", message: /ends too early/ });
  writeFileSync(join(place, "Packages.db"), "RpmP");
  assert.throws(() => [...readRpmDatabase(place)], { code: "packages-rpmdb" });
  writeFileSync(join(place, "rpmdb.sqlite"), "SQLite format 3\0 and nothing of it");
  assert.throws(() => [...readRpmDatabase(place)], { code: "packages-rpmdb" });
  rmSync(join(place, "rpmdb.sqlite"));
  using other = new DatabaseSync(join(place, "rpmdb.sqlite"));
  other.exec("CREATE TABLE Packages(hnum, blob); INSERT INTO Packages VALUES(1, x'8080')");
  assert.throws(() => [...readRpmDatabase(place)], { name: "AtomicError" });
});
