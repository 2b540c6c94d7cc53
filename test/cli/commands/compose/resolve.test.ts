// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { buildRpms } from "../../../packages/repomd/fixture.ts";

const entry = resolve(import.meta.dirname, "../../../../src/cli/atomic.ts");
let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "resolve-cli-"));
  buildRpms(
    [
      { name: "app", version: "2", fields: ["Requires: libapp >= 2", "Recommends: app-doc", "Obsoletes: ancient < 2"] },
      { name: "libapp", version: "2", fields: ["Epoch: 1"] },
      { name: "app-doc", version: "2" },
      { name: "other", version: "2", fields: ["Conflicts: libapp"] },
      { name: "broken", version: "2", fields: ["Requires: nobody(has) >= 3"] },
    ],
    join(scratch, "repo"),
  );
  execFileSync("createrepo_c", ["--quiet", join(scratch, "repo")]);
  buildRpms(
    [
      { name: "libapp", version: "1" },
      { name: "stays", version: "1" },
      { name: "ancient", version: "1" },
    ],
    join(scratch, "old"),
  );
  const rpms = ["libapp", "stays", "ancient"].map((name) => join(scratch, `old/${name}-1-1.noarch.rpm`));
  const place = ["--root", join(scratch, "root"), "--define", "_dbpath /usr/lib/sysimage/rpm"];
  execFileSync("rpm", [...place, "--justdb", "--install", "--nosignature", ...rpms]);
});
after(() => rmSync(scratch, { recursive: true }));

const atomic = (...args: string[]) => program(...args, "--repofrompath=base,repo");

function program(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const argv = ["--disable-warning=ExperimentalWarning", entry, "compose", ...args, "--cachedir=cache"];
  execFile(process.execPath, argv, { cwd: scratch }, (error, stdout, stderr) => {
    resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
  });
  return promise;
}

type Printed = { install: { nevra: string; reason: string; why: string }[] };

test("a request is listed with the reason for each package", async () => {
  const { code, stdout } = await atomic("resolve", "app", "--json");
  assert.equal(code, 0);
  const { install } = JSON.parse(stdout) as Printed;
  assert.deepEqual(
    install.map(({ nevra, reason, why }) => [nevra, reason, why]),
    [
      ["app-2-1.noarch", "user", "asked for as app"],
      ["app-doc-2-1.noarch", "weak-dependency", "recommended by app-2-1.noarch: app-doc"],
      ["libapp-1:2-1.noarch", "dependency", "required by app-2-1.noarch: libapp >= 2"],
    ],
  );
});

test("what is recommended, and what is excluded, stays away", async () => {
  for (const option of ["--no-recommends", "--exclude=*-doc"]) {
    const { stdout } = await atomic("resolve", "app", option, "--json");
    const names = (JSON.parse(stdout) as Printed).install.map(({ nevra }) => nevra);
    assert.deepEqual(names, ["app-2-1.noarch", "libapp-1:2-1.noarch"], option);
  }
});

test("why a package is in is told from it to the request", async () => {
  const { stdout } = await atomic("explain", "libapp", "app");
  assert.equal(
    stdout,
    "libapp-1:2-1.noarch: required by app-2-1.noarch: libapp >= 2\napp-2-1.noarch: asked for as app\n",
  );
});

test("what cannot be installed together is explained", async () => {
  const { code, stdout, stderr } = await atomic("resolve", "app", "other");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /error\[packages-unsolvable\]/);
  for (const line of [
    "app is asked for",
    "package app-2-1.noarch requires libapp >= 2, which libapp-1:2-1.noarch provides",
    "package other-2-1.noarch conflicts with libapp provided by libapp-1:2-1.noarch",
  ]) {
    assert.ok(stderr.includes(`  - ${line}\n`), stderr);
  }
});

test("what nobody provides is named, and so is what was excluded", async () => {
  const missing = await atomic("resolve", "broken");
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /nothing provides nobody\(has\) >= 3 needed by broken-2-1\.noarch/);
  const excluded = await atomic("resolve", "app", "--exclude=libapp");
  assert.equal(excluded.code, 1);
  assert.match(
    excluded.stderr,
    /nothing provides libapp >= 2 needed by app-2-1\.noarch; libapp-1:2-1\.noarch would, but it is excluded/,
  );
});

test("a misspelt name gets a guess", async () => {
  const { code, stderr } = await atomic("resolve", "libap");
  assert.equal(code, 1);
  assert.match(stderr, /did you mean libapp\?/);
});

test("on an installed system the changes are told: what is updated, and what goes", async () => {
  const { code, stdout } = await atomic("resolve", "app", "--no-recommends", "--installed=root", "--json");
  assert.equal(code, 0);
  const { install, update, erase } = JSON.parse(stdout) as Printed & {
    update: { nevra: string; replaces: string }[];
    erase: string[];
  };
  const names = install.map(({ nevra }) => nevra);
  assert.deepEqual(names, ["app-2-1.noarch"]);
  assert.deepEqual(
    update.map(({ nevra, replaces }) => [nevra, replaces]),
    [["libapp-1:2-1.noarch", "libapp-1-1.noarch"]],
  );
  assert.deepEqual(erase, ["ancient-1-1.noarch"]);
});

test("a root without database and missing arguments are refused clearly", async () => {
  assert.match((await atomic("resolve", "app", "--installed=repo")).stderr, /there is no database of packages/);
  assert.equal((await atomic("resolve")).code, 2);
});

test("a treefile of RPM packages is resolved from the .repo files beside it", async () => {
  writeFileSync(join(scratch, "local.repo"), `[local]\nname=local\nbaseurl=file://${scratch}/repo\ngpgcheck=0\n`);
  writeFileSync(join(scratch, "host.yaml"), "repos: [local]\npackages: [app]\nexclude-packages: [app-doc]\nref: a\n");
  const { code, stdout, stderr } = await program("resolve", "host.yaml", "--json");
  assert.equal(code, 0, stderr);
  const names = (JSON.parse(stdout) as Printed).install.map(({ nevra }) => nevra);
  assert.deepEqual(names, ["app-2-1.noarch", "libapp-1:2-1.noarch"]);
});
