// SPDX-License-Identifier: Apache-2.0
/** Groups of packages in requests: `@ID`, `@NAME`, and `@^ID` for an environment of groups (dnf(8), "Specifying Groups"). */
import { closestNames } from "../../../base/index.ts";
import { packageError } from "../../errors.ts";
import type { Comps, GroupPackage, PackageGroup } from "../../repomd/comps.ts";
import type { Job } from "./job.ts";
import { conjunctive } from "./normal-form.ts";
import type { Pool } from "./pool.ts";

/** dnf's Base._finalize_comps_trans: a job for each package that is mandatory, default, or conditional. */
export function groupJobs(pool: Pool, comps: Comps, text: string, best: boolean): Job[] {
  const members = groupsOf(comps, text).flatMap(({ packages }) => packages.filter(({ kind }) => kind !== "optional"));
  return members.flatMap((one) => memberJob(pool, one, text, best));
}

/** None for a package that no repository has: groups name many that not every system has. */
function memberJob(pool: Pool, { name, requires }: GroupPackage, text: string, best: boolean): Job[] {
  const named = pool.named(name);
  if (named.length === 0) return [];
  if (requires === undefined) {
    const packages = [...new Set([...named, ...named.flatMap((id) => pool.obsoletersOf(id))])].sort((a, b) => a - b);
    const fixed = new Set(["architecture", "evr"] as const);
    return [{ action: "install", packages, optional: true, best, fixed, text }];
  }
  const condition = pool.table.conditional("if", pool.table.of({ name }), pool.table.of({ name: requires }));
  const rules = conjunctive(pool, condition);
  if (typeof rules === "boolean") return [];
  return [{ action: "install", packages: pool.providers(pool.table.of({ name })), rules, best, text }];
}

function groupsOf(comps: Comps, text: string): readonly PackageGroup[] {
  const isEnvironment = text.startsWith("@^");
  const wanted = text.slice(isEnvironment ? 2 : 1);
  const fits = (one: { readonly id: string; readonly name: string }) => one.id === wanted || one.name === wanted;
  const group = isEnvironment ? undefined : comps.groups.find(fits);
  if (group !== undefined) return [group];
  const environment = comps.environments.find(fits);
  if (environment !== undefined) {
    return environment.groups.flatMap((id) => comps.groups.filter((one) => one.id === id));
  }
  const closest = closestNames(
    [...comps.groups, ...comps.environments].map(({ id }) => id),
    wanted,
  );
  throw packageError("unknown", `no group of packages is called ${wanted}`, {
    hint: closest.length > 0 ? `did you mean @${closest.join(", @")}?` : "check the spelling, and the repositories",
  });
}
