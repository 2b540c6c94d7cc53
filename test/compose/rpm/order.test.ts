// SPDX-License-Identifier: Apache-2.0
// Packages that require each other at random, in loops too, are ordered as the stock rpm orders them.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { orderForInstall } from "../../../src/compose/rpm/order.ts";
import { treeRpm } from "../../../src/compose/rpm/package.ts";
import { makeDirectoryNode } from "../../../src/compose/tree.ts";
import { readRpm } from "../../../src/packages/index.ts";

/** mulberry32 */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

// Weak dependencies order other than up to rpm 4.18 since they are no longer taken for plain ones.
const kinds = [
  "Requires",
  "Requires",
  "Requires",
  "Requires(pre)",
  "Requires(post)",
  "Requires(preun)",
  "Requires(posttrans)",
  "Requires(meta)",
];

function makeSpec(seed: number, count: number): string {
  const pick = random(seed);
  const name = () => `p${pick(count)}`;
  const dependency = () => {
    switch (pick(9)) {
      case 0:
        return `(${name()} or ${name()})`;
      case 1:
        return `(${name()} if ${name()} else ${name()})`;
      case 2:
        return `/usr/share/order/${name()}`;
      case 3:
        return `shared${pick(4)}`;
      default:
        return name();
    }
  };
  const parts = Array.from({ length: count }, (_, index) => {
    const lines = Array.from({ length: pick(4) }, () => `${kinds[pick(kinds.length)]}: ${dependency()}`);
    const preamble = [`Provides: shared${pick(4)}`, ...lines].join("\n");
    return `%package -n p${index}\nSummary: x\n${preamble}\n%description -n p${index}\n%files -n p${index}\n/usr/share/order/p${index}\n`;
  });
  const touch = `mkdir -p %{buildroot}/usr/share/order; for i in $(seq 0 ${count - 1}); do touch %{buildroot}/usr/share/order/p$i; done`;
  return `Name: main\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\nAutoReqProv: no\n%description\n${parts.join("")}%install\n${touch}\n`;
}

for (const seed of [2, 3, 4]) {
  test(`packages of seed ${seed} come in rpm's order`, async (t) => {
    const scratch = mkdtempSync(join(tmpdir(), "atomic-order-"));
    t.after(() => rmSync(scratch, { recursive: true }));
    const count = 40;
    writeFileSync(join(scratch, "main.spec"), makeSpec(seed, count));
    const define = [
      "--define",
      `_topdir ${scratch}`,
      "--define",
      `_rpmdir ${scratch}`,
      "--define",
      "_binary_payload w1.gzdio",
    ];
    execFileSync("rpmbuild", ["-bb", "--quiet", ...define, join(scratch, "main.spec")], { stdio: "ignore" });
    const paths = Array.from({ length: count }, (_, index) => join(scratch, `noarch/p${index}-1-1.noarch.rpm`));
    mkdirSync(join(scratch, "root"));
    const args = ["--root", join(scratch, "root"), "--dbpath", "/db", "-ivv", "--test", "--nosignature", ...paths];
    const { stderr } = spawnSync("rpm", args, { encoding: "utf8", maxBuffer: 64 << 20 });
    const theirs = [...stderr.matchAll(/^D:\s+\d+\s+-?\d+\s+-?\d+\s+\d+\s+\+(p\d+)-1-1/gm)].map(([, name]) => name);
    assert.equal(theirs.length, count, stderr.slice(-2000));
    const packages = [];
    for (const path of paths) {
      using rpm = await readRpm(path, { allowUnsigned: true });
      packages.push(treeRpm(rpm, makeDirectoryNode()));
    }
    assert.deepEqual(
      orderForInstall(packages).map(({ name }) => name),
      theirs,
    );
  });
}
