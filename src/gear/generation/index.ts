// SPDX-License-Identifier: Apache-2.0
export { changeEnvironment, type EnvironmentChange, previewEnvironment } from "./change-environment.ts";
export { environmentOf, type EnvironmentVariable, unitsOfContainer } from "./environment.ts";
export { type ChangeResult } from "./change.ts";
export { type ImageChange, type UnitChanges } from "./compare.ts";
export { portsInUse } from "./conflicts.ts";
export { checkUpdates, type ImageCheck, type UpdateCheck } from "./check-updates.ts";
export { checkWithHost, type HostCheck } from "./check-with-host.ts";
export { deleteApplication } from "./delete.ts";
export {
  type ChangeReport,
  currentGeneration,
  deploy,
  type DeployRequest,
  type Placement as ApplicationPlacement,
} from "./deploy.ts";
export { type DiffLine, diffRendered, diffSources, type FileDiff, type RenderedDiff } from "./diff.ts";
export { systemctlManager } from "./early-manager.ts";
export { type EarlyManager, type Followed, followHost } from "./follow-host.ts";
export { type HostRefusal, hostRefusals } from "./host-refusals.ts";
export { type ApplicationHistory, applicationHistory } from "./history.ts";
export { recoverApplication, withApplication } from "./locked.ts";
export { type Recovery } from "./recover.ts";
export type * from "./model.ts";
export { type PullPolicy } from "./pin-images.ts";
export { placeUnit } from "./place-units.ts";
export { power, type PowerReport, type PowerRequest } from "./power.ts";
export { type DeployPreview, previewDeploy } from "./preview.ts";
export { type Problem } from "./problem.ts";
export { rollback, type RollbackRequest } from "./rollback.ts";
export { applicationStatus, type ApplicationStatus, type InstanceStatus } from "./status.ts";
export { GenerationStore } from "./store.ts";
export { type Clock, type Journal, type Surroundings, systemClock, systemJournal } from "./surroundings.ts";
export { updateApplication, type UpdateRequest } from "./update.ts";
export { pledgedFor } from "./pledge.ts";
