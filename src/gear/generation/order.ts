// SPDX-License-Identifier: Apache-2.0

/**
 * Names of units, each after those of them that its `After=` has and that have it in `Before=` (systemd.unit(5)), else by name.
 * systemd orders jobs that are queued together; queued in this order, none begins before it knows of one that goes first. A
 * cycle, which systemd breaks by its own choice, is left as it comes.
 */
export function orderUnits(names: Iterable<string>, texts: ReadonlyMap<string, string>): string[] {
  const wanted = [...new Set(names)].sort();
  const after = new Map(wanted.map((name) => [name, new Set(namesIn(texts.get(name), "After"))]));
  for (const name of wanted) {
    for (const later of namesIn(texts.get(name), "Before")) after.get(later)?.add(name);
  }
  const ordered = new Set<string>();
  const visiting = new Set<string>();
  const visit = (name: string) => {
    if (ordered.has(name) || visiting.has(name)) return;
    visiting.add(name);
    for (const earlier of after.get(name) ?? []) if (after.has(earlier)) visit(earlier);
    ordered.add(name);
  };
  wanted.forEach(visit);
  return [...ordered];
}

function namesIn(text: string | undefined, key: "After" | "Before"): string[] {
  const lines = (text ?? "").replaceAll("\\\n", " ").matchAll(new RegExp(`^${key}=(.*)$`, "gm"));
  return [...lines].flatMap(([, value]) => value!.split(/\s+/).filter((word) => word !== ""));
}
