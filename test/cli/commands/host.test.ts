// SPDX-License-Identifier: Apache-2.0
// The verbs on a system root in a directory, as an installer uses them. Needs root.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../../src/base/index.ts";
import { commitTree, ref, scratch } from "../../host/fixture.ts";

const program = [...process.execArgv, join(import.meta.dirname, "../../../src/cli/atomic.ts"), "host"];

test("from an empty directory to two versions and back", async (t) => {
  const root = scratch(t);
  const path = join(root, "sysroot");
  mkdirSync(path);
  const host = async (verb: string, ...args: string[]) => {
    const accept = [0, 1, 2, 77];
    return run(process.execPath, [...program, verb, "--sysroot", path, "--quiet", ...args], { accept });
  };
  assert.match((await host("status")).stderr, /error\[host-not-a-sysroot\].*\n.*hint: atomic host init/);
  assert.match((await host("init", "debian")).stdout, /is a system root/);
  assert.match((await host("init", "../evil")).stderr, /error\[host-bad-stateroot\]/);
  const repo = join(path, "ostree/repo");
  commitTree(repo, root, { version: "13.1", timestamp: "2026-11-01T00:00:00Z" });
  const first = await host(
    "deploy",
    "--stateroot",
    "debian",
    "--karg",
    "root=LABEL=root",
    "--origin",
    `site:${ref}`,
    ref,
  );
  assert.match(first.stdout, /^13\.1 \([0-9a-f]{12}\) boots next\.\n$/);
  const second = commitTree(repo, root, { version: "13.2", kernel: "2" });
  assert.match((await host("deploy", "--karg-append", "quiet", second)).stdout, /13\.2 .* boots next/);
  assert.equal((await host("kargs")).stdout, "root=LABEL=root quiet\n");
  assert.match((await host("kargs", "--delete=splash")).stderr, /error\[host-no-karg\]: no kernel argument splash/);
  assert.equal((await host("kargs", "--append-if-missing=quiet", "--unchanged-exit-77")).code, 77);
  assert.match((await host("pin", "1")).stdout, /is pinned\. {3}Undo: {2}atomic host unpin 1/);
  assert.match((await host("unpin", "7")).stderr, /error\[host-no-deployment\]: no deployment 7/);
  const rolled = JSON.parse((await host("rollback", "--json")).stdout) as { next: { version: string } };
  assert.equal(rolled.next.version, "13.1");
  const status = JSON.parse((await host("status", "--json")).stdout) as {
    deployments: { version: string; pinned: boolean }[];
  };
  assert.deepEqual(
    status.deployments.map(({ version, pinned }) => [version, pinned]),
    [
      ["13.1", true],
      ["13.2", false],
    ],
  );
  assert.match((await host("cleanup", "--rollback")).stdout, /Removed deployment debian/);
  assert.match((await host("deploy", "14.0")).stderr, /error\[/);
  assert.match((await host("finalize-staged")).stdout, /Nothing is staged/);
});
