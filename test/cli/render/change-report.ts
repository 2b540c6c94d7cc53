// SPDX-License-Identifier: Apache-2.0
/** What a deployment came to, for tests of what is shown of it. */
import type { ChangeReport } from "../../../src/gear/index.ts";
import { name } from "../../gear/application.ts";

export const shop = name("shop");
export const pin = (digit: string) => `docker.io/library/web@sha256:${digit.repeat(64)}`;
export const units = {
  added: ["shop-api.service"],
  changed: ["shop-web.service"],
  removed: [],
  same: ["shop-db.service"],
};

export const report: ChangeReport = {
  application: shop,
  kind: "deploy",
  from: 3,
  to: 4,
  current: 4,
  outcome: "done",
  interrupted: false,
  reason: undefined,
  problems: [],
  missing: [],
  units,
  images: [{ reference: "web:1", from: pin("a"), to: pin("b") }],
  pruned: [1],
};
