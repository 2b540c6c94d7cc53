// SPDX-License-Identifier: Apache-2.0
import type { Unlocked } from "../../../../host/index.ts";

/** A deployment as `ostree admin status --json` has it; what is only in the text comes last. */
export interface AdminDeployment {
  readonly checksum: string;
  readonly stateroot: string;
  readonly refspec: string | null;
  readonly serial: number;
  readonly index: number;
  readonly booted: boolean;
  readonly pending: boolean;
  readonly rollback: boolean;
  readonly "finalization-locked": boolean;
  readonly "soft-reboot-target": boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  readonly unlocked: Unlocked;
  readonly version?: string;
  readonly "source-title"?: string;

  readonly "no-origin"?: boolean;
  readonly signatures?: readonly string[];
}

/** The lines of one deployment, in stock's words (`deployment_print_status`). */
export function statusText(deployment: AdminDeployment): string {
  const { booted, stateroot, checksum, serial, version, unlocked, pinned, refspec, signatures } = deployment;
  const title = deployment["source-title"];
  const origin = refspec === null ? "origin: <unknown origin type>" : `origin refspec: ${refspec}`;
  const details = [
    ...(version === undefined ? [] : [`Version: ${version}`]),
    ...(unlocked === "none" ? [] : [`Unlocked: ${unlocked}`]),
    ...(pinned ? ["Pinned: yes"] : []),
    ...(deployment["no-origin"] === true
      ? ["origin: none"]
      : [origin, ...(title === undefined ? [] : [`\`- ${title}`])]),
  ];
  return [
    `${booted ? "*" : " "} ${stateroot} ${checksum}.${serial}${stateText(deployment)}`,
    ...details.map((line) => `    ${line}`),
    ...(signatures ?? []),
  ].join("\n");
}

function stateText(deployment: AdminDeployment): string {
  const states = [
    deployment["finalization-locked"] && "finalization locked",
    deployment.staged && "staged",
    deployment.pending && "pending",
    deployment.rollback && "rollback",
  ];
  const state = states.find((text) => text !== false);
  const soft = deployment["soft-reboot-target"] ? " (soft-reboot)" : "";
  return `${state === undefined ? "" : ` (${state})`}${soft}`;
}
