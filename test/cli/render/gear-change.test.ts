// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApplicationHistory, ApplicationStatus } from "../../../src/gear/index.ts";
import type { Style } from "../../../src/cli/command.ts";
import { renderChange } from "../../../src/cli/render/gear-change.ts";
import { renderDiff } from "../../../src/cli/render/gear-diff.ts";
import { renderHistory } from "../../../src/cli/render/gear-history.ts";
import { renderPower } from "../../../src/cli/render/gear-power.ts";
import { renderPreview } from "../../../src/cli/render/gear-preview.ts";
import { renderList, renderStatus } from "../../../src/cli/render/gear-status.ts";
import { name } from "../../gear/application.ts";
import { pin, report, shop, units } from "./change-report.ts";

const style: Style = { terminal: false, color: false, columns: 100, verbose: false };

test("a deployment that came through", () => {
  assert.equal(
    renderChange(report, style),
    `shop: generation 4 runs, and is healthy.   was: 3
  started: shop-api.service
  restarted: shop-web.service
  left alone: 1 unit
  image web:1  aaaaaaaaaaaa → bbbbbbbbbbbb
  No longer kept: generation 1
  Undo:  atomic gear rollback shop 3`,
  );
});

test("a deployment that was taken back", () => {
  const problems = [{ unit: "shop-web.service", what: "has failed (exit code 3)", log: ["no such table: prices"] }];
  const failed = { ...report, outcome: "taken-back", current: 3, reason: "x", problems, pruned: [] } as const;
  assert.equal(
    renderChange(failed, style),
    `shop: generation 4 did not come through, and was taken back. Generation 3 runs again.
  shop-web.service has failed (exit code 3)
    | no such table: prices
  Next:  atomic gear logs shop --since=-10min    atomic gear diff shop 3 4`,
  );
  const missing = [{ unit: "report.service", what: "has failed (signal 9)", log: [] }];
  assert.equal(
    renderChange({ ...failed, outcome: "failed", missing }, style),
    `shop: generation 4 did not come through, and what was before does not run as it did.
  shop-web.service has failed (exit code 3)
    | no such table: prices
  Not as it was before:
    report.service has failed (signal 9)
  Next:  atomic gear logs shop --since=-10min    atomic gear diff shop 3 4`,
  );
});

test("a rollback, a deletion, and nothing to do", () => {
  const back = { ...report, kind: "rollback", from: 4, to: 3, current: 3, pruned: [], images: [] } as const;
  assert.equal(
    renderChange({ ...back, units: { ...units, added: [] } }, style),
    `shop: generation 3 runs, and is healthy.   was: 4
  restarted: shop-web.service
  left alone: 1 unit
  Volumes are not rolled back.
  Undo:  atomic gear rollback shop 4`,
  );
  const gone = { ...report, kind: "delete", to: undefined, current: undefined } as const;
  assert.equal(renderChange(gone, style), "shop is deleted. Its volumes are kept.");
  const same = "shop: generation 4 runs already; nothing had to be done.";
  assert.equal(renderChange({ ...report, outcome: "unchanged" }, style), same);
});

test("starting and stopping", () => {
  const done = { application: shop, verb: "restart", units: ["shop-web.service"], problems: [] } as const;
  assert.equal(renderPower(done, style), "shop: 1 unit restarted.");
  const problems = [{ unit: "shop-web.service", what: "has failed (timeout)", log: [] }];
  assert.equal(
    renderPower({ ...done, problems }, style),
    "shop: 1 of 1 unit could not be restarted.\n  shop-web.service has failed (timeout)",
  );
});

const lines = [
  { mark: " ", text: "[Service]" },
  { mark: "-", text: "MemoryMax=1G" },
  { mark: "+", text: "MemoryMax=2G" },
  ...Array.from({ length: 5 }, (_, index) => ({ mark: " ", text: `Line=${index}` }) as const),
  { mark: "+", text: "Last=1" },
] as const;

test("a diff is as diff -u prints it", () => {
  const diff = {
    application: "shop",
    from: 3,
    to: 4,
    units,
    images: report.images,
    source: [{ name: "shop.yaml", lines: [{ mark: "+", text: "application: shop" }] as const }],
    files: [{ name: "shop-web.service", lines }],
  };
  assert.equal(
    renderDiff(diff, style),
    `shop: generation 3 → 4

  image web:1  aaaaaaaaaaaa → bbbbbbbbbbbb

--- /dev/null
+++ source/shop.yaml
@@ -0,0 +1,1 @@
+application: shop

--- shop-web.service
+++ shop-web.service
@@ -1,7 +1,8 @@
 [Service]
-MemoryMax=1G
+MemoryMax=2G
 Line=0
 Line=1
 Line=2
 Line=3
 Line=4
+Last=1`,
  );
});

test("a preview says what would be done, and that nothing was", () => {
  const rendered = {} as Parameters<typeof renderPreview>[0]["rendered"];
  const preview = {
    application: shop,
    from: undefined,
    rendered,
    units: { added: ["shop-web.service"], changed: [], removed: [], same: [] },
    images: [{ reference: "web:1", from: undefined, to: undefined }],
    files: [{ name: "shop-web.service", lines: [{ mark: "+", text: "[Service]" }] as const }],
    commands: ["podman pull web:1", "systemctl start shop-web.service"],
    unknown: ["web:1"],
  };
  assert.equal(
    renderPreview(preview, style),
    `shop: first generation
  image web:1 is not here yet; its digest is known when it is pulled

--- /dev/null
+++ shop-web.service
@@ -0,0 +1,1 @@
+[Service]

Would be done:
  podman pull web:1
  systemctl start shop-web.service

Nothing was changed.`,
  );
});

const status: ApplicationStatus = {
  application: shop,
  tenant: undefined,
  generation: 4,
  state: "running",
  deployedAt: 1_700_000_000_000,
  deployedBy: "root",
  message: "new prices",
  change: undefined,
  failure: "shop-web.service has failed (exit code 3)",
  instances: [
    {
      id: name("web"),
      unit: "shop-web.service",
      container: "shop-web",
      image: "web:1",
      pinned: pin("a"),
      state: "active",
      subState: "running",
      since: 1_700_000_000_000,
      restarts: 2,
      memoryBytes: 12_000_000,
      health: "healthy",
      ports: [{ protocol: "tcp", address: "127.0.0.1", port: 8080, unit: "shop-web.service" }],
    },
  ],
  hosts: {
    known: [
      { host: { checksum: "a".repeat(64), version: "13.3" }, generation: 3, proven: true, failure: undefined },
      { host: { checksum: "b".repeat(64), version: undefined }, generation: 4, proven: false, failure: undefined },
    ],
    waiting: { generation: 5, host: { checksum: "c".repeat(64), version: "13.5" } },
  },
  edited: ["shop-web.service"],
};

test("status and list", () => {
  assert.equal(
    renderStatus([status], style, 0),
    `shop  generation 4  deployed 2023-11-14 22:13:20 UTC by root
  "new prices"
  the last change did not come through: shop-web.service has failed (exit code 3)
  shop-web.service is not as it was deployed
  goes with the host: 13.3 (generation 3), bbbbbbbbbbbb (generation 4, not yet healthy there)
  generation 5 waits for the host 13.5
  web  active (running), healthy  2023-11-14 22:13:20 UTC, 2 restarts, 12.0 MB, port 127.0.0.1:8080  web:1 (aaaaaaaaaaaa)`,
  );
  assert.equal(
    renderList([status], style, 0),
    `APPLICATION  GENERATION  STATE    UP   TENANT  DEPLOYED
shop         4           running  1/1  -       2023-11-14 22:13:20 UTC`,
  );
});

test("history has the generations that are kept and what happened", () => {
  const who = { by: "root", command: "atomic gear deploy shop.yaml" };
  const history: ApplicationHistory = {
    application: shop,
    current: 3,
    generations: [
      {
        number: 3,
        state: "running",
        deployedAt: 1_700_000_000_000,
        deployedBy: "root",
        message: "new prices",
        source: "/srv/shop.yaml",
        images: [{ reference: "web:1", pinned: pin("a") }],
      },
    ],
    events: [
      {
        at: 1_700_000_100_000,
        kind: "deploy",
        from: 3,
        to: 4,
        outcome: "taken-back",
        reason: "it was interrupted",
        ...who,
      },
      { at: 1_700_000_000_000, kind: "deploy", from: undefined, to: 3, outcome: "done", reason: undefined, ...who },
    ],
  };
  assert.equal(
    renderHistory(history, style),
    `shop: generations kept
* 3  running  2023-11-14 22:13:20 UTC  root
      "new prices"
      web:1  aaaaaaaaaaaa

Changes
  2023-11-14 22:15:00 UTC  deploy 3 → 4  taken back  root: atomic gear deploy shop.yaml
      it was interrupted
  2023-11-14 22:13:20 UTC  deploy - → 3  done  root: atomic gear deploy shop.yaml`,
  );
});
