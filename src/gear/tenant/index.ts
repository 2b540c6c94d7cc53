// SPDX-License-Identifier: Apache-2.0
export { addTenant, type AddedTenant, type TakenByOthers, type TenantLimits } from "./add.ts";
export { type Categories, levelOf } from "./categories.ts";
export { checkTenant, type TenantCheck } from "./check.ts";
export { type DeletedTenant, deleteTenant } from "./delete.ts";
export { journalService } from "./journal.ts";
export { engineVolume } from "./engine-volume.ts";
export { fileLabel, isSelinuxEnabled } from "./label.ts";
export { type Labelled } from "./label-tree.ts";
export { levelsInUse } from "./levels-in-use.ts";
export type * from "./model.ts";
export { type OwnTenant, withOwnTenant } from "./own-tenant.ts";
export { tenantSettings } from "./tenant-settings.ts";
export { type ContainerPolicy, hostPolicies, installPolicies, loadPolicies } from "./policy/index.ts";
export { TenantStore } from "./store.ts";
export { usersInUse } from "./users-in-use.ts";
export { createVolume, labelVolume } from "./volume.ts";
