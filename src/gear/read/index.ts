// SPDX-License-Identifier: Apache-2.0
export { gearKeys, gearSchema } from "./gear/index.ts";
export type { Deployment, ReadOptions } from "./kind.ts";
export { parseApplication, parseDeployment, readApplication, readDeployment } from "./read-application.ts";
