// SPDX-License-Identifier: Apache-2.0
/** The service manager and the engines of later releases of Debian, by the same tests: each on a root that mmdebstrap makes. */
import { spawnSync } from "node:child_process";
import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/base/index.ts";

const packages =
  "systemd dbus podman runc netavark aardvark-dns catatonit nftables iptables iproute2 procps curl docker.io docker-cli docker-registry skopeo jq busybox-static";
const tests = [
  "systemd/systemd.test.ts",
  "engine/engine.test.ts",
  "engine/pull.test.ts",
  "quadlet/machine.test.ts",
  "quadlet/deploy.test.ts",
  "unit/run.test.ts",
  "unit/run-docker.test.ts",
];
/** The program, unbuilt, which units run. */
const program = ["package.json", "src", ...["fengari", "openpgp", "yaml"].map((name) => `node_modules/${name}`)];

for (const release of ["trixie", "forky"])
  test(`the systemd, podman and Docker of ${release}`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "atomic-release-"));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const root = join(directory, "root");
    const include = `--include=${packages.replaceAll(" ", ",")}`;
    // A copy of the archive may be older than its lists are valid; nothing here is kept.
    const options = ["--variant=minbase", include, "--quiet", '--aptopt=Acquire::Check-Valid-Until "false"'];
    await run("mmdebstrap", [...options, release, root, "http://deb.debian.org/debian"]);
    // A registry that stands still is a program of Node.js.
    mkdirSync(join(root, dirname(process.execPath)), { recursive: true });
    copyFileSync(process.execPath, join(root, process.execPath));
    const checkout = join(import.meta.dirname, "../..");
    for (const path of program) {
      cpSync(join(checkout, path), join(root, checkout, path), { recursive: true, dereference: true });
    }
    const files = tests.map((file) => join(import.meta.dirname, file));
    const env: NodeJS.ProcessEnv = { ...process.env, ATOMIC_TEST_ROOT: root };
    // Else its tests would report to this runner.
    delete env["NODE_TEST_CONTEXT"];
    const flags = ["--disable-warning=ExperimentalWarning", "--test", "--test-reporter=spec"];
    const { status, stdout } = spawnSync(process.execPath, [...flags, ...files], { env, encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });
