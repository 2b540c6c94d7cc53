// SPDX-License-Identifier: Apache-2.0
import type { RenderedInstance } from "../../generation/model.ts";
import { type Name, parseName } from "../../name.ts";
import type { QuadletService } from "../convert/index.ts";
import { installedInstance } from "../install.ts";
import { containerName } from "../names.ts";
import type { QuadletSet } from "../quadlet-set.ts";
import type { Manifest } from "./manifest.ts";

/** The containers of a service; none of a template that nothing makes an instance of. */
export function instancesOf(
  service: QuadletService,
  set: QuadletSet,
  manifests: readonly Manifest[],
): Omit<RenderedInstance, "id">[] {
  const { file } = service;
  const unit = installedInstance(service);
  if (unit === undefined) return [];
  if (file.kind === "container") {
    const image = set.imageReference(file.filled("Image") ?? file.filled("Rootfs")!);
    const health = file.filled("HealthCmd");
    const hasHealthCheck = health !== undefined && health !== "none";
    return [{ unit, container: expandName(containerName(file), unit), image, hasHealthCheck }];
  }
  return manifests
    .flatMap(({ containers }) => containers)
    .map(({ name, image, hasHealthCheck }) => ({ unit, container: name, image: String(image.value), hasHealthCheck }));
}

/** The specifiers of systemd.unit(5) that come from the unit's name; others stay. */
function expandName(name: string, unit: string): string {
  const stem = unit.replace(/\.service$/, "");
  const [prefix = "", instance = ""] = stem.split("@");
  const values: Readonly<Record<string, string>> = { n: unit, N: stem, p: prefix, i: instance, I: instance, "%": "%" };
  return name.replace(/%(.)/g, (whole, letter: string) => values[letter] ?? whole);
}

/** A name of an instance for each service, made of the unit's; what is the same then is counted. */
export function nameInstances(instances: readonly Omit<RenderedInstance, "id">[]): RenderedInstance[] {
  const taken = new Set<Name>();
  const byUnit = Map.groupBy(instances, ({ unit }) => unit);
  return instances.map((instance) => {
    const several = byUnit.get(instance.unit)!.length > 1;
    const base = nameOf(several ? instance.container : instance.unit.replace(/\.service$/, ""));
    let id = parseName(base, "an instance");
    for (let number = 2; taken.has(id); number++) id = parseName(`${base.slice(0, 58)}-${number}`, "an instance");
    taken.add(id);
    return { id, ...instance };
  });
}

/** What a name may be made of, of any text. */
export function nameOf(text: string): string {
  const letters = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return letters.slice(0, 63).replace(/^-+|-+$/g, "") || "quadlet";
}
