// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../base/index.ts";
import type { Application, Container } from "../../model.ts";
import { isSelinuxEnabled } from "../label.ts";
import { extractModule, thisPolicyHost } from "./host.ts";
import { generatedType, policyNeeds } from "./needs.ts";
import { type PolicyHost, renderPolicy } from "./render-policy.ts";

/** A module of one container. */
export interface ContainerPolicy {
  readonly container: string;
  readonly module: string;
  readonly cil: string;
}

/** Above the distribution's modules, which are at 100, and what administrators install by default at 400 goes above these. */
const priority = "300";

function asksForPolicy({ security }: Container): boolean {
  return security.selinuxType === generatedType;
}

/** The modules of an application's containers that ask for a type of their own. */
export function applicationPolicies(application: Application, host: PolicyHost): ContainerPolicy[] {
  return application.containers.filter(asksForPolicy).map((container) => {
    const needs = policyNeeds(application, container);
    return { container: container.name, module: needs.type, cil: renderPolicy(needs, host) };
  });
}

/** Has the kernel know the types that an application's units name, before they start. Returns what was loaded. */
export async function loadPolicies(application: Application): Promise<string[]> {
  if (!isSelinuxEnabled() || !application.containers.some(asksForPolicy)) return [];
  return installPolicies(await hostPolicies(application));
}

/** Those of this host. */
export async function hostPolicies(application: Application): Promise<ContainerPolicy[]> {
  return applicationPolicies(application, await thisPolicyHost());
}

/** Loads what is not loaded so already, as one change of the policy. Returns the names of the modules that were loaded. */
export async function installPolicies(policies: readonly ContainerPolicy[]): Promise<string[]> {
  const changed: ContainerPolicy[] = [];
  for (const policy of policies) if ((await extractModule(policy.module)) !== policy.cil) changed.push(policy);
  if (changed.length === 0) return [];
  const directory = mkdtempSync(join(tmpdir(), "atomic-policy-"));
  try {
    const files = changed.map(({ module, cil }) => {
      const path = join(directory, `${module}.cil`);
      writeFileSync(path, cil);
      return path;
    });
    await run("semodule", ["-X", priority, ...files.flatMap((path) => ["-i", path])]);
  } finally {
    rmSync(directory, { recursive: true });
  }
  return changed.map(({ module }) => module);
}
