// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostsReport } from "../../../src/gear/index.ts";
import { renderHosts, renderSettlement } from "../../../src/cli/render/gear-hosts.ts";
import { report as change, shop } from "./change-report.ts";

const style = { terminal: false, color: false, columns: 80, verbose: false };

const report: HostsReport = {
  application: shop,
  kind: "deploy",
  transaction: "t",
  outcome: "done",
  reason: undefined,
  interrupted: false,
  hosts: [
    { host: "web1", report: change, lost: undefined },
    { host: "web2", report: { ...change, from: 7, to: 7, current: 7, outcome: "unchanged" }, lost: undefined },
  ],
};

test("what runs where, what changed, and how to undo it", () => {
  assert.equal(
    renderHosts(report, style),
    `shop runs, and is healthy, on 2 hosts.
  web1  generation 4   was: 3
    started: shop-api.service
    restarted: shop-web.service
    left alone: 1 unit
    image web:1  aaaaaaaaaaaa → bbbbbbbbbbbb
  web2  generation 7   as it was
  Undo:  atomic gear rollback shop --host=web1 --host=web2`,
  );
});

test("what was taken back, and why", () => {
  const back = { ...change, current: 3, outcome: "taken-back" } as const;
  const hosts = [{ host: "web1", report: back, lost: undefined }];
  assert.equal(
    renderHosts({ ...report, outcome: "taken-back", reason: "web1: shop-web.service has failed", hosts }, style),
    `shop did not come through, and was taken back on all hosts.
  web1: shop-web.service has failed
  web1  generation 3   taken back
  Next:  atomic gear logs shop --host=web1`,
  );
});

test("a host that nobody knows of, and what brings it to the others", () => {
  const lost = { host: "web2", report: undefined, lost: "web2: ssh: connect to host web2 port 22: No route to host" };
  const hosts = [{ host: "web1", report: change, lost: undefined }, lost];
  assert.equal(
    renderHosts({ ...report, outcome: "failed", reason: "not all hosts said that they stayed with it", hosts }, style)
      .split("\n")
      .slice(-2)
      .join("\n"),
    `  web2  web2: ssh: connect to host web2 port 22: No route to host
  Next:  atomic gear recover shop --host=web1 --host=web2`,
  );
  const settled = [
    { host: "web1", before: "kept", after: "kept", lost: undefined },
    { host: "web2", before: "back", after: "kept", lost: undefined },
  ] as const;
  assert.equal(
    renderSettlement({ application: shop, decision: "keep", hosts: settled }, style),
    `shop: some hosts had stayed with it, and all do now.
  web1  has it
  web2  has it   was: without it`,
  );
});
