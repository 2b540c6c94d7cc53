// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { importBatch } from "../../../src/compose/packages/import-batch.ts";
import { trimImports, useImports } from "../../../src/compose/packages/trim-imports.ts";
import { Repo } from "../../../src/ostree/index.ts";
import { makeDeb } from "../archive.ts";

const scratch = mkdtempSync(join(tmpdir(), "trim-"));
after(() => rmSync(scratch, { recursive: true }));

test("imported packages that no compose has used for a month are forgotten, with what only they have", async () => {
  const repo = Repo.init(join(scratch, "repo"), "bare");
  const now = Date.now() / 1000;
  for (const name of ["old", "used", "new"]) {
    const files = { "/usr/share/common": { content: "common" }, [`/usr/share/${name}`]: { content: name } };
    const path = makeDeb(scratch, { name, files });
    const [commit] = await importBatch([{ format: "deb", path, sha256: "0".repeat(64) }], repo);
    repo.setRef(`pkg/${name}/1`, commit!);
    if (name !== "new") utimesSync(join(repo.path, `refs/heads/pkg/${name}/1`), now, now - 40 * 86_400);
  }
  useImports(repo, ["pkg/used/1"]);
  trimImports(repo, now);
  assert.deepEqual([...repo.listRefs().keys()].toSorted(), ["pkg/new/1", "pkg/used/1"]);
  execFileSync("ostree", ["fsck", "-q", `--repo=${repo.path}`]);
  const contents = execFileSync("sh", ["-c", "cat objects/*/*.file"], { cwd: repo.path }).toString();
  assert.deepEqual(
    ["old", "used", "new", "common"].filter((text) => contents.includes(text)),
    ["used", "new", "common"],
  );
});
