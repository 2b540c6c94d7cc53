// SPDX-License-Identifier: Apache-2.0
/** urpm_reorder: packages for a kernel or a language that is there come before others of their kind. */
import type { Id } from "./pool.ts";
import type { State } from "./state.ts";

const chosenScore = 4;
const installedScore = 3;
const englishScore = 2;
const plainScore = 1;

export function localeOrder(state: State, candidates: readonly Id[]): Id[] {
  const scores = new Map(candidates.map((id) => [id, score(state, id)]));
  return [...candidates].sort((a, b) => scores.get(b)! - scores.get(a)!);
}

function score(state: State, id: Id): number {
  const { pool } = state;
  const kernel = kernelOf(pool.name(id));
  const byKernel = kernel === undefined ? plainScore : presence(state, kernel, plainScore);
  if (byKernel !== plainScore) return byKernel;
  let found = plainScore;
  for (const { text } of pool.relation(id, "requires")) {
    const locale = /locales-[^ ]*/.exec(text.startsWith("(") ? "" : text)?.[0];
    if (locale === undefined) continue;
    if (!locale.startsWith("locales-en")) return presence(state, text.split(" ")[0]!, 0);
    found = englishScore;
  }
  return found;
}

/** The name of the kernel that a package of kernel modules, or of a kernel's headers, is for. */
function kernelOf(name: string): string | undefined {
  const devel = /^(kernel-.*?)-devel(-.*)$/.exec(name);
  if (devel) return `${devel[1]}${devel[2]}`;
  const modules = /-kernel-(\d\.[^-]*)-([^-]*)-(.*)$/.exec(name);
  return modules ? `kernel-${modules[2]}-${modules[1]}-${modules[3]}` : undefined;
}

function presence(state: State, name: string, none: number): number {
  let found = none;
  for (const id of state.pool.providers(state.pool.table.of({ name }))) {
    if (state.sat.assignment[id]! > 0) return chosenScore;
    if (state.pool.isInstalled(id)) found = installedScore;
  }
  return found;
}
