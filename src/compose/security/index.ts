// SPDX-License-Identifier: Apache-2.0
export { describeSecurity } from "./describe.ts";
export { loadTracker } from "./load-tracker.ts";
export { releaseOfArchive, releaseOfTree } from "./release.ts";
export type { BinaryPackage } from "./source-security.ts";
