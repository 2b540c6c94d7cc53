// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { newChangelogs, treePackages } from "../../../src/compose/index.ts";
import { type Checksum, Repo } from "../../../src/ostree/index.ts";
import { diffPackages, parseDebianChangelog } from "../../../src/packages/index.ts";
import { makeRpms } from "../rpm/rpms.ts";

let scratch: string;
let repo: Repo;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "changelogs-"));
  execFileSync("ostree", ["init", `--repo=${scratch}/repo`, "--mode=archive"]);
  repo = Repo.open(join(scratch, "repo"));
});
after(() => rmSync(scratch, { recursive: true }));

function commit(root: string): Checksum {
  const args = ["commit", `--repo=${repo.path}`, "--orphan", "--no-xattrs", "--owner-uid=0", "--owner-gid=0", root];
  return execFileSync("ostree", args, { encoding: "utf8" }).trim() as Checksum;
}

/** Name, and what stands at the head and in the text of each entry. */
function told(from: Checksum, to: Checksum): unknown {
  const diff = diffPackages(treePackages(repo, from)!, treePackages(repo, to)!);
  return newChangelogs(repo, from, to, diff).map(({ name, entries }) => [
    name,
    entries.map(({ version, author, time, text }) => [version, author, time, text]),
  ]);
}

test("what is new in RPM packages' changelogs is told as rpm-ostree does", () => {
  const log = (...entries: string[]) => `%changelog\n${entries.join("\n\n")}\n`;
  const [third, second, first] = [
    "* Wed Nov 18 2026 Ann <ann@example.com> - 3-1\n- Mend CVE-2026-3",
    "* Tue Nov 17 2026 Bob <bob@example.com> - 2-1\n- Update\n- Tidy",
    "* Mon Nov 16 2026 Ann <ann@example.com> - 1-1\n- First",
  ];
  const install = (version: string, scripts: string): Checksum => {
    const root = join(scratch, `rpm-${version}`);
    mkdirSync(join(root, "usr/share"), { recursive: true });
    const [path] = makeRpms(join(scratch, `rpms-${version}`), [{ name: "one", version, scripts }]);
    const define = ["--define", "_dbpath /usr/share/rpm", "--define", "_db_backend sqlite"];
    execFileSync("rpm", [`--root=${root}`, ...define, "-i", "--nodeps", "--justdb", path!]);
    return commit(root);
  };
  const [from, to] = [install("1", log(first)), install("3", log(third, second, first))];
  const noon = (day: number) => Date.UTC(2026, 10, day, 12) / 1000;
  assert.deepEqual(told(from, to), [
    [
      "one",
      [
        [undefined, "Ann <ann@example.com> - 3-1", noon(18), "- Mend CVE-2026-3"],
        [undefined, "Bob <bob@example.com> - 2-1", noon(17), "- Update\n- Tidy"],
      ],
    ],
  ]);
});

test("what is new in Debian packages' changelogs is told up to the version of before", () => {
  const entry = (version: string, text: string) =>
    `one (${version}) trixie; urgency=medium\n\n  * ${text}\n\n -- Ann <ann@example.com>  Tue, 17 Nov 2026 12:00:00 +0000\n`;
  const tree = (version: string, changelog: string): Checksum => {
    const root = join(scratch, `deb-${version}`);
    mkdirSync(join(root, "usr/share/doc/one"), { recursive: true });
    mkdirSync(join(root, "usr/lib/sysimage/dpkg"), { recursive: true });
    const status = `Package: one\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`;
    writeFileSync(join(root, "usr/lib/sysimage/dpkg/status"), status);
    writeFileSync(join(root, "usr/share/doc/one/changelog.Debian.gz"), gzipSync(changelog));
    return commit(root);
  };
  const all = [entry("1.3-1", "Mend CVE-2026-3"), entry("1.2-1", "Update"), entry("1.1-1", "First")];
  const to = tree("1.3-1", all.join("\n"));
  const time = Date.UTC(2026, 10, 17, 12) / 1000;
  const mended = ["1.3-1", "Ann <ann@example.com>", time, "* Mend CVE-2026-3"];
  const updated = ["1.2-1", "Ann <ann@example.com>", time, "* Update"];
  assert.deepEqual(told(tree("1.1-1", all[2]!), to), [["one", [mended, updated]]]);
  assert.deepEqual(told(tree("1.0-1", all[2]!), to), [["one", [mended]]], "the newest, when the old one is not in it");
});

test("a changelog's strange lines belong to no entry", () => {
  assert.deepEqual(parseDebianChangelog("garbage\n -- a <b>  c\none (1) x; u=l\n"), []);
  const long = `one (1) x; u=l\n -- ${"<".repeat(100_000)}\n -- A <a@b>  no date\n`;
  assert.deepEqual(parseDebianChangelog(long)[0]?.time, undefined);
});
