// SPDX-License-Identifier: Apache-2.0
export { type UsedPort } from "./allocate-host-ports.ts";
export { type InstanceNaming } from "./choose-instances.ts";
export type * from "./model.ts";
export { placedInstances, plan, type PlanOptions } from "./plan.ts";
