// SPDX-License-Identifier: Apache-2.0
/** What the `[ex-integrity]` keys ask for. The kernels that tests run on mostly lack fs-verity, which is where `maybe` differs. */
import assert from "node:assert/strict";
import { appendFileSync, closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { enableVerity, measureVerity } from "../../src/base/index.ts";
import { fsVerityDigest } from "../../src/formats/index.ts";
import { Repo } from "../../src/ostree/index.ts";
import { commitDirectory, temporary } from "./fixture.ts";

const policies: readonly (readonly [string, string])[] = [
  ["", "no"],
  ["[ex-integrity]\nfsverity=maybe", "maybe"],
  ["[ex-integrity]\nfsverity=true", "yes"],
  ["[ex-integrity]\ncomposefs=maybe", "maybe"],
  ["[ex-integrity]\ncomposefs=yes", "maybe"],
  ["[ex-integrity]\ncomposefs=yes\nfsverity=no", "no"],
  ["[ex-fsverity]\nopportunistic=true", "maybe"],
  ["[ex-fsverity]\nrequired=true", "yes"],
];

function repoWith(scratch: string, config: string): Repo {
  const { path } = Repo.init(join(scratch, `repo-${readdirSync(scratch).length}`), "bare");
  appendFileSync(join(path, "config"), `${config}\n`);
  return Repo.open(path);
}

test("the keys, and those of before", () => {
  using scratch = temporary();
  for (const [config, expected] of policies) {
    assert.equal(repoWith(scratch.path, config).settings.fsverity, expected, config);
  }
  assert.throws(() => repoWith(scratch.path, "[ex-integrity]\nfsverity=perhaps"), /Invalid tri-state value: perhaps/);
});

test("objects get fs-verity where the file system has it; required, a commit fails without", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), "content");
  writeFileSync(join(scratch.path, "probe"), "content");
  const probe = openSync(join(scratch.path, "probe"), "r");
  const supported = enableVerity(probe);
  if (supported) assert.deepEqual(measureVerity(probe), fsVerityDigest(Buffer.from("content")));
  else assert.equal(measureVerity(probe), "unsupported");
  closeSync(probe);
  await commitDirectory(repoWith(scratch.path, "[ex-integrity]\nfsverity=maybe"), tree, "main");
  const required = repoWith(scratch.path, "[ex-integrity]\nfsverity=yes");
  if (supported) return void (await commitDirectory(required, tree, "main"));
  const message = "fsverity required but filesystem does not support it";
  await assert.rejects(commitDirectory(required, tree, "main"), { code: "ostree-unsupported", message });
  assert.deepEqual([...required.objects()], []);
});
