// SPDX-License-Identifier: Apache-2.0
/** podman's own generators, of Debian trixie and forky, make services of what is written as Quadlet files, without a word. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { exportQuadlet, plan, readApplication } from "../../../src/gear/index.ts";
import { AptJudge } from "../../packages/apt-judge.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-quadlet-"));
after(() => rmSync(work, { recursive: true }));

const directory = join(work, "files");
const shop = readApplication(join(import.meta.dirname, "../../../examples/shop.yaml"));
const { files } = exportQuadlet(plan(shop, []), "localhost");
for (const [path, { content }] of files) {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), content);
}

for (const suite of ["trixie", "forky"]) {
  test(`the generator of ${suite}`, async () => {
    const debian = { uri: "http://deb.debian.org/debian", suite, components: ["main"], architecture: "amd64" };
    const apt = await AptJudge.make(join(work, `${suite}-apt`), [debian]);
    const root = join(work, suite);
    mkdirSync(root);
    execFileSync("dpkg-deb", ["-x", await apt.download("podman", root), root]);
    const { stdout, stderr, status } = spawnSync(
      join(root, "usr/libexec/podman/quadlet"),
      ["-dryrun", "-no-kmsg-log"],
      { env: { QUADLET_UNIT_DIRS: directory }, encoding: "utf8" },
    );
    assert.equal(status, 0, stderr);
    const told = stderr.split("\n").filter((line) => line !== "" && !/: Loading source unit file /.test(line));
    assert.deepEqual(told, []);
    const services = [...stdout.matchAll(/^---(.*)---$/gm)].map(([, name]) => name).toSorted();
    assert.deepEqual(services, [
      "shop-db.service",
      "shop-network.service",
      "shop-proxy.service",
      "shop-web-1.service",
      "shop-web-2.service",
      "shop.data-volume.service",
    ]);
    assert.ok(
      stdout.includes(`src=${directory}/shop-proxy.files/0`) ||
        stdout.includes(`source=${directory}/shop-proxy.files/0`),
    );
  });
}
