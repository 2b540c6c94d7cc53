// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { formatTmpfilesLine, type TmpfilesLine, tmpfilesPaths } from "../../src/formats/index.ts";

const names = ["plain", "with space", "100%", 'quo"te', "it's", "back\\slash", "ümlaut", "%h"];

test("systemd-tmpfiles makes what the lines say, whatever the names", () => {
  const root = mkdtempSync(join(tmpdir(), "tmpfiles-"));
  try {
    mkdirSync(join(root, "source"));
    writeFileSync(join(root, "source/file"), "content\n");
    const lines: TmpfilesLine[] = names.flatMap((name) => [
      { type: "d", path: `/var/${name}`, mode: 0o42775, user: "0", group: "7" },
      { type: "L", path: `/var/${name}/link`, argument: `../to ${name}` },
      { type: "C", path: `/var/${name}/copy`, mode: 0o600, user: "5", group: "6", argument: "/source/file" },
    ]);
    const text = lines.map((line) => `${formatTmpfilesLine(line)}\n`).join("");
    writeFileSync(join(root, "test.conf"), text);
    execFileSync("systemd-tmpfiles", ["--create", `--root=${root}`, join(root, "test.conf")]);
    for (const name of names) {
      const directory = lstatSync(join(root, "var", name));
      assert.equal(directory.mode & 0o7777, 0o2775, name);
      assert.equal(directory.gid, 7);
      assert.equal(readlinkSync(join(root, "var", name, "link")), `../to ${name}`);
      assert.equal(readFileSync(join(root, "var", name, "copy"), "utf8"), "content\n");
      assert.equal(lstatSync(join(root, "var", name, "copy")).uid, 5);
    }
    assert.deepEqual(
      tmpfilesPaths(text),
      lines.map(({ path }) => path),
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("paths of lines as distributions write them", () => {
  const text = "# comment\nd! /var/lib/x/ 0755\n\nL+ /run/y - - - - ../z\n  q /var/tmp 1777 root root 30d\nnonsense\n";
  assert.deepEqual(tmpfilesPaths(text), ["/var/lib/x", "/run/y", "/var/tmp"]);
});
