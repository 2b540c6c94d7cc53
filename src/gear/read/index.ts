// SPDX-License-Identifier: Apache-2.0
export { gearKeys, gearSchema } from "./gear/index.ts";
export type { ReadOptions } from "./kind.ts";
export { parseApplication, readApplication } from "./read-application.ts";
