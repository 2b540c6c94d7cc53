// SPDX-License-Identifier: Apache-2.0
/** The content of a commit by what brought it: a package, the initramfs, or neither (rpm-ostree, rust/src/container.rs). */
import { type Checksum, openTree, type PlacedObjects, type Repo } from "../../ostree/index.ts";
import { packageFiles, PathResolver } from "./package-files.ts";

export interface Component {
  /** A package's name; what manifests of one build tell the next. */
  readonly name: string;
  /** Components of one source change together. */
  readonly source: string;
  readonly objects: Checksum[];
  /** Bytes. */
  size: number;
  /** It is another in every build. */
  readonly alwaysChanges: boolean;
}

/** rpm-ostree's names, so that either goes on with the packing of the other's builds. */
const [unpackagedName, initramfsName] = ["rpmostree-unpackaged-content", "initramfs"];

/**
 * Every object belongs to one component, also where packages have a file alike: to the first by name, so that the same
 * packages give the same division.
 */
export function componentsOf(repo: Repo, commit: Checksum, objects: PlacedObjects): Component[] {
  const owners = pathOwners(repo, commit);
  const sources = new Map([...owners.values()].map(({ name, source }) => [name, source]));
  const components = new Map<string, Component>();
  for (const [checksum, { size, paths }] of objects) {
    const name = paths.map((path) => owners.get(path)?.name ?? ownerless(path)).toSorted()[0]!;
    let component = components.get(name);
    if (component === undefined) {
      const alwaysChanges = name === unpackagedName || name === initramfsName;
      component = { name, source: sources.get(name) ?? name, objects: [], size: 0, alwaysChanges };
      components.set(name, component);
    }
    component.objects.push(checksum);
    component.size += size;
  }
  return [...components.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function pathOwners(repo: Repo, commit: Checksum): Map<string, { readonly name: string; readonly source: string }> {
  const resolver = new PathResolver(openTree(repo, commit));
  const owners = new Map<string, { readonly name: string; readonly source: string }>();
  for (const { name, source, paths } of packageFiles(repo, commit).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    for (const path of paths) {
      const place = resolver.resolve(path);
      if (!owners.has(place)) owners.set(place, { name, source });
    }
  }
  return owners;
}

/** The kernel is moved beside its modules by the compose; it changes when the initramfs does. */
function ownerless(path: string): string {
  return /^\/usr\/lib\/modules\/[^/]+\/(initramfs\.img|vmlinuz)$/.test(path) ? initramfsName! : unpackagedName!;
}
