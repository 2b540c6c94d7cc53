// SPDX-License-Identifier: Apache-2.0
import { unitEssence } from "./installed.ts";
import type { Rendered } from "./model.ts";

/** What becomes of units, by name, sorted. */
export interface UnitChanges {
  readonly added: readonly string[];
  /** Restarted. */
  readonly changed: readonly string[];
  /** Stopped and deleted. */
  readonly removed: readonly string[];
  /** Left alone. */
  readonly same: readonly string[];
}

export interface ImageChange {
  readonly reference: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export function compareUnits(from: Rendered | undefined, to: Rendered | undefined): UnitChanges {
  const names = [...new Set([...(from?.units.keys() ?? []), ...(to?.units.keys() ?? [])])].sort();
  const kindOf = (name: string): keyof UnitChanges => {
    const [before, after] = [from, to].map((rendered) => rendered && unitEssence(rendered, name));
    if (before === undefined) return "added";
    if (after === undefined) return "removed";
    return before === after ? "same" : "changed";
  };
  const kinds = Map.groupBy(names, kindOf);
  const [added = [], changed = [], removed = [], same = []] = (["added", "changed", "removed", "same"] as const).map(
    (kind) => kinds.get(kind),
  );
  return { added, changed, removed, same };
}

/** Images of which another one runs than before, by reference. */
export function compareImages(from: Rendered | undefined, to: Rendered | undefined): ImageChange[] {
  const pins = (rendered: Rendered | undefined) =>
    new Map((rendered?.images ?? []).map(({ reference, pinned }) => [reference, pinned]));
  const [before, after] = [pins(from), pins(to)];
  const references = [...new Set([...before.keys(), ...after.keys()])].sort();
  return references.flatMap((reference) => {
    const change = { reference, from: before.get(reference), to: after.get(reference) };
    return change.from === change.to && before.has(reference) && after.has(reference) ? [] : [change];
  });
}

/** Whether both would leave the same on the host. */
export function isSameRendering(from: Rendered | undefined, to: Rendered): boolean {
  if (from === undefined) return false;
  const { added, changed, removed } = compareUnits(from, to);
  if (added.length + changed.length + removed.length > 0) return false;
  const key = ({ files, start, images, ports, instances }: Rendered) =>
    JSON.stringify([[...files].sort(([a], [b]) => (a < b ? -1 : 1)), start, images, ports, instances]);
  return key(from) === key(to);
}
