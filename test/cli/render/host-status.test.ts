// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeploymentStatus, SignatureTuple, Status } from "../../../src/host/index.ts";
import type { Style } from "../../../src/cli/command.ts";
import { renderHostStatus } from "../../../src/cli/render/host-status.ts";

const now = 1_795_168_800;
const day = 86_400;
const terminal: Style = { terminal: true, color: false, columns: 100, verbose: false };
const pipe: Style = { ...terminal, terminal: false };

function deployment(version: string, age: number, changes: Partial<DeploymentStatus>): DeploymentStatus {
  const checksum = version.replaceAll(".", "").padEnd(64, "0");
  return {
    id: `debian-${checksum}.0`,
    osname: "debian",
    serial: 0,
    checksum,
    "base-checksum": checksum,
    version,
    timestamp: now - age,
    origin: "site:debian/13/x86_64/container-host",
    booted: false,
    staged: false,
    pinned: false,
    unlocked: "none",
    "finalization-locked": false,
    "requested-packages": [],
    "requested-local-packages": [],
    "requested-local-fileoverride-packages": [],
    "requested-base-removals": [],
    "requested-base-local-replacements": [],
    packages: [],
    "base-removals": [],
    "base-local-replacements": [],
    "base-remote-replacements": {},
    "regenerate-initramfs": false,
    "base-commit-meta": {},
    "gpg-enabled": true,
    "kernel-arguments": "root=LABEL=root rw",
    "boot-checksum": "ab".repeat(32),
    default: false,
    rollback: false,
    ...changes,
  };
}

function signature(valid: boolean, missing: boolean): SignatureTuple {
  return [valid, false, false, false, missing, "ABCD", 1, 0, "", "", "Debian Atomic", "a@b"];
}

const status: Status = {
  deployments: [
    deployment("13.3", 4 * day, { staged: true, default: true }),
    deployment("13.2", 18 * day, { booted: true, unlocked: "development", signatures: [signature(true, false)] }),
    deployment("13.1", 32 * day, { rollback: true, pinned: true, "pin-name": "known-good" }),
  ],
  transaction: null,
  "cached-update": null,
  "update-driver": null,
  schemaVersion: 1,
  sysroot: "/",
};

test("on a terminal: marks, ages, short checksums", () => {
  assert.equal(
    renderHostStatus(status, terminal, now),
    `State: idle

  site:debian/13/x86_64/container-host                staged, boots next
          Version: 13.3 (4 days ago)
           Commit: 133000000000
        Signature: required

● site:debian/13/x86_64/container-host                booted
          Version: 13.2 (18 days ago)
           Commit: 132000000000
        Signature: valid, Debian Atomic
         Unlocked: development

  site:debian/13/x86_64/container-host                rollback, pinned known-good
          Version: 13.1 (1 month ago)
           Commit: 131000000000
        Signature: required`,
  );
});

test("in a pipe: whole checksums and times", () => {
  const text = renderHostStatus({ ...status, deployments: status.deployments.slice(1, 2) }, pipe, now);
  assert.equal(
    text,
    `State: idle

* site:debian/13/x86_64/container-host  booted
          Version: 13.2 (2026-11-02 10:00:00 UTC)
           Commit: ${"132".padEnd(64, "0")}
        Signature: valid, Debian Atomic
         Unlocked: development`,
  );
});

test("a failed update, nothing deployed, verbose", () => {
  const failed: Status = { ...status, deployments: [], "finalize-failure": "no space" };
  assert.equal(
    renderHostStatus(failed, pipe, now),
    "State: idle\nThe last update was not applied: no space\n\n  No deployments.",
  );
  const verbose = renderHostStatus(status, { ...terminal, verbose: true }, now);
  assert.match(verbose, /KernelArgs: root=LABEL=root rw/);
  assert.match(verbose, /Commit: 1330{61}/);
});

test("signatures that are missing or cannot be trusted", () => {
  const text = (signatures: SignatureTuple[]) =>
    renderHostStatus({ ...status, deployments: [deployment("13.1", 0, { signatures })] }, pipe, now);
  assert.match(text([]), /Signature: missing/);
  assert.match(text([signature(false, true)]), /Signature: invalid \(key not known\)/);
  assert.match(text([signature(false, false)]), /Signature: invalid \(bad\)/);
});

test("a known update's advisories are counted, or told one by one", () => {
  const update: NonNullable<Status["cached-update"]> = {
    osname: "debian",
    checksum: "f".repeat(64),
    version: "13.4",
    timestamp: now,
    origin: "site:debian/13/x86_64/container-host",
    "ref-has-new-commit": true,
    advisories: [["DSA-1", 1, 4, ["podman-5.amd64"], { cve_references: [["https://cve/1", "CVE-1"]] }]],
    "update-sha256": "0".repeat(64),
  };
  const known = { ...status, "cached-update": update };
  assert.match(
    renderHostStatus(known, pipe, now),
    /\n\nUpdate 13\.4: 1 critical security advisories \(-a lists them\)$/,
  );
  assert.match(
    renderHostStatus(known, pipe, now, { advisories: true }),
    /Update 13\.4:\n[^]*DSA-1 {2}critical {3}podman-5\.amd64\n +CVE-1$/,
  );
  const busy = { ...status, transaction: ["upgrade", "pid 7", "atomic host upgrade"] };
  assert.match(renderHostStatus(busy, pipe, now), /^State: busy \(pid 7, atomic host upgrade\)/);
});
