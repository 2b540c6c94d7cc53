// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Deployment, planDeployments, type RetainOptions } from "../../src/host/index.ts";
import type { Checksum } from "../../src/ostree/index.ts";

function deployment(name: string, changes: Partial<Deployment> = {}): Deployment {
  return {
    stateroot: "debian",
    checksum: name.padEnd(64, "0") as Checksum,
    serial: 0,
    bootChecksum: "b",
    kernelArgs: [],
    entryName: undefined,
    extraFields: [],
    overlayInitrds: [],
    origin: undefined,
    booted: false,
    staged: false,
    finalizationLocked: false,
    pinned: false,
    unlocked: "none",
    softRebootTarget: false,
    ...changes,
  };
}

const [added, pending, booted, behind] = [
  deployment("a"),
  deployment("b"),
  deployment("c", { booted: true }),
  deployment("d"),
];
const pinned = deployment("e", { pinned: true });
const other = deployment("f", { stateroot: "fedora" });
const plan = (list: Deployment[], merge: Deployment | undefined, options?: RetainOptions) =>
  planDeployments(list, added!, merge, options)
    .map(({ checksum }) => checksum.replace(/0+$/, ""))
    .join("");

// The expectations were checked against `ostree admin deploy` with the options of the same names.
test("of its stateroot only the booted, the merge and pinned deployments stay", () => {
  assert.equal(plan([pending!, booted!, behind!, pinned, other], booted), "acef");
  assert.equal(plan([pending!, behind!, other], pending), "abf");
  assert.equal(plan([], undefined), "a");
  assert.equal(plan([pending!, behind!], undefined), "a", "without a merge nothing of it is needed");
});

test("pending, rollback and all are kept when asked for", () => {
  const list = [pending!, booted!, behind!];
  assert.equal(plan(list, booted, { pending: true }), "abc");
  assert.equal(plan(list, booted, { rollback: true }), "acd");
  assert.equal(plan(list, booted, { all: true }), "abcd");
  assert.equal(plan([pending!, behind!], undefined, { rollback: true }), "abd");
});

test("not as default: behind the booted, else behind the merge deployment, else last", () => {
  assert.equal(plan([pending!, booted!, behind!], booted, { notDefault: true, all: true }), "bcad");
  assert.equal(plan([pending!, behind!], pending, { notDefault: true, all: true }), "bad");
  assert.equal(plan([other], undefined, { notDefault: true }), "fa");
});

test("what was staged goes", () => {
  assert.equal(plan([deployment("s", { staged: true }), booted!], booted), "ac");
});
