// SPDX-License-Identifier: Apache-2.0
/** Why each package is in a solution. */
import { packageRule } from "./causes.ts";
import type { Dependency } from "./dependencies.ts";
import { conjunctive } from "./normal-form.ts";
import { type Id } from "./pool.ts";
import type { Search } from "./search.ts";

export type RpmReason =
  | { readonly kind: "requested"; readonly text: string }
  | { readonly kind: "requires" | "recommends" | "supplements"; readonly by: Id; readonly dependency: Dependency }
  | { readonly kind: "update"; readonly of: Id }
  | { readonly kind: "policy" };

export function reasonOf(search: Search, id: Id): RpmReason {
  const { state } = search;
  const { jobOf, jobs } = state;
  const asked = requesting(search, id);
  if (asked !== undefined) return { kind: "requested", text: asked };
  const clause = state.sat.reasonOf(id);
  const rule = clause === undefined ? state.decisions.get(id)?.rule : state.sat.causeOf(clause);
  if (rule === undefined || rule === 0) return weakReason(search, id) ?? requiring(search, id) ?? { kind: "policy" };
  const job = jobOf.get(rule);
  if (job !== undefined) return { kind: "requested", text: jobs[job]!.text };
  const { sections, pool } = state;
  if (sections.package.has(rule)) {
    const { owner, dependency, kind } = packageRule(state, rule);
    if (dependency && owner !== id && (kind === "requires" || kind === "recommends"))
      return { kind, by: owner, dependency };
  }
  for (const section of [sections.update, sections.feature]) {
    if (section.has(rule)) return { kind: "update", of: pool.installed[rule - section.start]! };
  }
  return requiring(search, id) ?? weakReason(search, id) ?? { kind: "policy" };
}

function requesting({ state }: Search, id: Id): string | undefined {
  for (const at of new Set(state.jobOf.values())) {
    const job = state.jobs[at]!;
    if (job.action === "install" && job.packages.includes(id)) return job.text;
  }
  return undefined;
}

/** The first chosen package that needs it, in the order of decisions. */
function requiring(search: Search, id: Id): RpmReason | undefined {
  return relating(search, id, "requires");
}

function weakReason(search: Search, id: Id): RpmReason | undefined {
  const recommended = relating(search, id, "recommends");
  if (recommended !== undefined) return recommended;
  const { pool } = search.state;
  for (const dependency of pool.relation(id, "supplements")) {
    if (!search.weak.isMet(dependency)) continue;
    const by = pool.providers(dependency).find((other) => other > 1 && search.isChosen(other));
    if (by !== undefined) return { kind: "supplements", by, dependency };
  }
  return undefined;
}

function relating(search: Search, id: Id, kind: "requires" | "recommends"): RpmReason | undefined {
  const { pool, sat } = search.state;
  for (const literal of sat.trail) {
    const by = literal >> 1;
    if ((literal & 1) === 1 || by < 2 || by === id) continue;
    const dependency = pool.relation(by, kind).find((one) => meets(search, one, id));
    if (dependency !== undefined) return { kind, by, dependency };
  }
  return undefined;
}

function meets({ state }: Search, one: Dependency, id: Id): boolean {
  if (!one.complex) return state.pool.providers(one).includes(id);
  const blocks = conjunctive(state.pool, one);
  return typeof blocks !== "boolean" && blocks.some((block) => block.includes(id));
}

/** As a phrase: "asked for as bash", "required by bash-5.1-1.x86_64: libc.so.6". */
export function tellReason({ state }: Search, reason: RpmReason): string {
  const { pool } = state;
  switch (reason.kind) {
    case "requested":
      return `asked for as ${reason.text}`;
    case "requires":
      return `required by ${pool.nevra(reason.by)}: ${reason.dependency.text}`;
    case "recommends":
      return `recommended by ${pool.nevra(reason.by)}: ${reason.dependency.text}`;
    case "supplements":
      return `supplements ${pool.nevra(reason.by)}: ${reason.dependency.text}`;
    case "update":
      return `in the place of ${pool.nevra(reason.of)}`;
    case "policy":
      return "by policy";
  }
}
