// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Name } from "../../../src/gear/index.ts";
import { noPackageChanges, type PackageDiff } from "../../../src/packages/index.ts";
import type { Checksum } from "../../../src/ostree/index.ts";
import type { Style } from "../../../src/cli/command.ts";
import { type DeployReport, renderDeployed } from "../../../src/cli/render/host-change.ts";
import { renderUpdate, type UpdateReport } from "../../../src/cli/render/host-upgrade.ts";

const terminal: Style = { terminal: true, color: false, columns: 100, verbose: false };
const pipe: Style = { ...terminal, terminal: false };
const checksum = (digit: string) => digit.repeat(64) as Checksum;

const packages: PackageDiff = {
  upgraded: Array.from({ length: 13 }, (_, index) => ({
    name: `p${index + 1}`,
    architecture: "amd64",
    from: "1",
    to: "2",
  })),
  downgraded: [],
  removed: [{ name: "old", version: "1", architecture: "all" }],
  added: [{ name: "crun", version: "1.26-1", architecture: "amd64" }],
};

const report: UpdateReport = {
  refspec: "site:debian/13",
  from: { checksum: checksum("1"), version: "13.1", timestamp: 1 },
  to: { checksum: checksum("2"), version: "13.2", timestamp: 2 },
  changed: true,
  packages,
  advisories: [
    {
      id: "DSA-1",
      kind: "security",
      severity: "critical",
      packages: ["p1-2.amd64"],
      cves: [{ title: "CVE-2026-1", url: "https://cve/1" }],
    },
    { id: "BUG-1", kind: "bugfix", severity: "unknown", packages: [], cves: [] },
  ],
  download: 12_000_000,
  disk: 30_000_000,
  etc: {
    modified: 1,
    removed: 0,
    added: 2,
    overridden: ["motd"],
    conflicts: [{ path: "a", savedAs: "a.atomic-save" }],
  },
  mode: "preview",
  deployed: undefined,
  command: "atomic host upgrade",
};

const deployed: DeployReport = {
  stateroot: "debian",
  checksum: checksum("2"),
  serial: 0,
  version: "13.2",
  swap: "staged",
  etc: undefined,
  softReboot: false,
  rebooting: false,
  canUndo: true,
  refusedBy: [],
  where: "",
};

test("a preview on a terminal is cut, in a pipe it is whole", () => {
  const text = renderUpdate(report, terminal);
  assert.equal(
    text,
    `13.1 → 13.2   site:debian/13
  Upgraded (13)
    p1   1 → 2
    p2   1 → 2
    p3   1 → 2
    p4   1 → 2
    p5   1 → 2
    p6   1 → 2
    p7   1 → 2
    p8   1 → 2
    p9   1 → 2
    p10  1 → 2
    … 3 more (-v)
  Removed (1)
    old  1
  Added (1)
    crun  1.26-1
  Security advisories (1): 1 critical
    DSA-1  critical   p1-2.amd64
      CVE-2026-1
  1 other advisory
  Download: 12.0 MB, 30.0 MB on the disk
  /etc: 1 changed, 2 added, 0 removed by you; all will be kept.
    /etc/motd is changed in the new version, too; yours stays
    /etc/a is of another kind in the new version; yours will be /etc/a.atomic-save
Nothing was changed. Apply with:  atomic host upgrade`,
  );
  assert.match(renderUpdate(report, pipe), /p13 {2}1 → 2\n {2}Removed/);
});

test("where packages are layered the base's are told as such, and newer ones beside them", () => {
  const layered = [{ name: "tool", architecture: "amd64", from: "1", to: "2" }];
  const told = renderUpdate({ ...report, layered }, pipe);
  assert.match(told, /\n {2}Upgraded beside the base \(1\)\n {4}tool {2}1 → 2\n/);
  const same = { ...report, layered, to: report.from, packages: noPackageChanges, advisories: [], download: undefined };
  assert.equal(
    renderUpdate({ ...same, mode: "check" }, pipe),
    `13.1   site:debian/13
No package changes in the base.
Layered packages: 1 upgraded.
Apply with:  atomic host upgrade`,
  );
});

test("of the many CVEs of a kernel a terminal has the first", () => {
  const cves = Array.from({ length: 12 }, (_, at) => ({ title: `CVE-2026-${1000 + at}`, url: `https://cve/${at}` }));
  const many = { ...report, advisories: [{ ...report.advisories[0]!, cves }] };
  assert.match(renderUpdate(many, terminal), /\n {6}CVE-2026-1009\n {6}… 2 more \(-v\)\n {2}Download/);
  assert.match(renderUpdate(many, pipe), /\n {6}CVE-2026-1011\n {2}Download/);
});

test("no update, a check, a download, unknown packages", () => {
  assert.equal(renderUpdate({ ...report, changed: false }, pipe), "No update: 13.1 is the newest of site:debian/13.");
  assert.equal(
    renderUpdate({ ...report, mode: "check" }, pipe),
    `13.1 → 13.2   site:debian/13
13 upgraded, 1 removed, 1 added.
Security advisories: 1 critical.
  Download: 12.0 MB, 30.0 MB on the disk
Apply with:  atomic host upgrade`,
  );
  assert.match(renderUpdate({ ...report, mode: "download" }, pipe), /Downloaded\. .*--cache-only$/);
  assert.match(renderUpdate({ ...report, packages: undefined }, pipe), /not known before the download/);
  assert.match(renderUpdate({ ...report, download: undefined }, pipe), /size of the download is not announced/);
});

test("what was done says what boots next and how to undo it", () => {
  assert.equal(
    renderUpdate({ ...report, mode: "apply", deployed }, pipe),
    `13.1 → 13.2   site:debian/13
13 upgraded, 1 removed, 1 added.
Security advisories: 1 critical.
Downloaded 12.0 MB, 30.0 MB on the disk.
13.2 (222222222222) is staged. It boots next; the running system is untouched until then.
  /etc: 1 changed, 2 added, 0 removed by you; all will be kept.
    /etc/motd is changed in the new version, too; yours stays
    /etc/a is of another kind in the new version; yours will be /etc/a.atomic-save
  Reboot now:  systemctl reboot        Undo:  atomic host cleanup --pending`,
  );
  const etc = {
    modified: 1,
    removed: 0,
    added: 2,
    paths: [],
    conflicts: [{ path: "a", savedAs: "a.atomic-save" }],
    policy: "kept",
  } as const;
  assert.equal(
    renderDeployed({ ...deployed, version: undefined, swap: "menu", etc, where: " --sysroot /mnt" }),
    `222222222222 boots next.
  /etc: 1 changed, 2 added, 0 removed by you, all kept.
  The SELinux policy could not be rebuilt; yours is used as it is.
  /etc/a is of another kind in the new version; yours is /etc/a.atomic-save
  Undo:  atomic host rollback --sysroot /mnt`,
  );
  assert.equal(
    renderDeployed({ ...deployed, swap: "menu", canUndo: false, where: " --sysroot /mnt" }),
    "13.2 (222222222222) boots next.",
  );
});

test("an application that asks for another version of the host is told with what to do", () => {
  const refusal = {
    application: "shop" as Name,
    generation: 3,
    hostVersion: "<13.2",
    source: "/srv/shop.yaml",
  };
  assert.equal(
    renderDeployed({ ...deployed, refusedBy: [refusal] }),
    `13.2 (222222222222) is staged. It boots next; the running system is untouched until then.
  shop asks for a host of version <13.2: with this one it counts as not healthy, for which the host goes back.
    With a file that is for 13.2:  atomic gear deploy /srv/shop.yaml --with-host
  Reboot now:  systemctl reboot        Undo:  atomic host cleanup --pending`,
  );
});
