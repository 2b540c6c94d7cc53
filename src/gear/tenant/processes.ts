// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, unlessErrno } from "../../base/index.ts";
import { tenantSliceUnit } from "../unit/index.ts";
import { labelLevel, levelOf } from "./categories.ts";
import { processLabel } from "./levels-in-use.ts";
import type { Tenant } from "./model.ts";

export interface TenantProcess {
  readonly pid: number;
  /** In a container; if not, it is the engine's, as its monitor is. */
  readonly contained: boolean;
  readonly label: string | undefined;
}

/** Control groups of containers: podman's in a unit and outside (libpod's `cgroupSplit`, `createContainerScope`), docker's. */
const containerGroup = /\/(libpod-payload-|libpod-(?!conmon)|docker-|docker\/|crio-(?!conmon))[0-9a-f]{64}/;

/** The processes of a tenant's slice. */
export function tenantProcesses(root: string, { name }: Pick<Tenant, "name">): TenantProcess[] {
  const part = `/${tenantSliceUnit(name)}/`;
  return listDirectory(join(root, "proc")).flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const directory = join(root, "proc", entry);
    const group = unlessErrno(["ENOENT", "ESRCH"], () => readFileSync(join(directory, "cgroup"), "utf8")) ?? "";
    if (!group.includes(part)) return [];
    return [{ pid: Number(entry), contained: containerGroup.test(group), label: processLabel(directory) }];
  });
}

/** Processes in a tenant's containers that do not have its level: nothing keeps them from other tenants, or others from them. */
export function strayProcesses(root: string, tenant: Tenant): TenantProcess[] {
  const level = levelOf(tenant.categories);
  return tenantProcesses(root, tenant).filter(({ contained, label }) => contained && !hasLevel(label, level));
}

/** A container may have a category of its own besides its tenant's: `s0:c100,c200,c7` is within. */
function hasLevel(label: string | undefined, level: string): boolean {
  const found = label === undefined ? undefined : labelLevel(label);
  const [sensitivity, categories = ""] = level.split(":");
  const [foundSensitivity, foundCategories = ""] = found?.split(":") ?? [];
  const has = new Set(foundCategories.split(","));
  return foundSensitivity === sensitivity && categories.split(",").every((one) => has.has(one));
}
