// SPDX-License-Identifier: Apache-2.0
export { describeOutcome, expectDone } from "./expect-done.ts";
export type * from "./model.ts";
export { connectSystemd } from "./systemd.ts";
