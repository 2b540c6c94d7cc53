// SPDX-License-Identifier: Apache-2.0
/** comps.xml: groups of packages and environments of groups (libcomps). */
import type { ByteSource } from "../../base/index.ts";
import { parseXml, type XmlAttributes, type XmlHandler } from "../../formats/index.ts";

export type GroupPackageKind = "mandatory" | "default" | "optional" | "conditional";

export interface GroupPackage {
  readonly name: string;
  readonly kind: GroupPackageKind;
  /** The package that must be there too, of a conditional one. */
  readonly requires?: string;
}

export interface PackageGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly packages: readonly GroupPackage[];
}

export interface PackageEnvironment {
  readonly id: string;
  readonly name: string;
  /** Ids of groups: those that are always part of it, and those that may be. */
  readonly groups: readonly string[];
  readonly optional: readonly string[];
}

export interface Comps {
  readonly groups: readonly PackageGroup[];
  readonly environments: readonly PackageEnvironment[];
}

export function parseComps(source: ByteSource, what: string): Comps {
  const reader = new CompsReader();
  parseXml(source, reader, what);
  return reader;
}

/** Groups of one id are one, as dnf takes those of several repositories: what the later ones have besides is added. */
export function mergeComps(all: readonly Comps[]): Comps {
  const groups = new Map<string, PackageGroup>();
  const environments = new Map<string, PackageEnvironment>();
  for (const group of all.flatMap((one) => one.groups)) {
    const known = groups.get(group.id);
    const packages = [...(known?.packages ?? []), ...group.packages];
    const merged = [...new Map(packages.map((one) => [one.name, one])).values()];
    groups.set(group.id, { ...(known ?? group), packages: merged });
  }
  for (const one of all.flatMap((each) => each.environments)) {
    const known = environments.get(one.id);
    environments.set(one.id, {
      ...(known ?? one),
      groups: [...new Set([...(known?.groups ?? []), ...one.groups])],
      optional: [...new Set([...(known?.optional ?? []), ...one.optional])],
    });
  }
  return { groups: [...groups.values()], environments: [...environments.values()] };
}

class CompsReader implements XmlHandler, Comps {
  readonly groups: PackageGroup[] = [];
  readonly environments: PackageEnvironment[] = [];
  #id = "";
  #name = "";
  #description = "";
  #packages: GroupPackage[] = [];
  #lists: Record<"grouplist" | "optionlist", string[]> = { grouplist: [], optionlist: [] };
  #list: "grouplist" | "optionlist" | undefined;
  #kind: GroupPackageKind = "mandatory";
  #requires: string | undefined;
  #translated = false;

  start(name: string, attributes: XmlAttributes): void {
    if (name === "group" || name === "environment" || name === "category") this.#reset();
    else if (name === "grouplist" || name === "optionlist") this.#list = name;
    else if (name === "packagereq") {
      // libcomps: what is not known is mandatory.
      const type = attributes.get("type") ?? "mandatory";
      this.#kind = type === "default" || type === "optional" || type === "conditional" ? type : "mandatory";
      this.#requires = attributes.get("requires");
    } else this.#translated = attributes.get("xml:lang") !== undefined;
  }

  end(name: string, text: string): void {
    if (name === "id") this.#id = text.trim();
    else if (name === "name" && !this.#translated) this.#name = text.trim();
    else if (name === "description" && !this.#translated) this.#description = text.trim();
    else if (name === "packagereq") this.#package(text.trim());
    else if (name === "groupid" && this.#list !== undefined) this.#lists[this.#list].push(text.trim());
    else if (name === "group") this.#group();
    else if (name === "environment") this.#environment();
  }

  #reset(): void {
    this.#id = this.#name = this.#description = "";
    this.#packages = [];
    this.#lists = { grouplist: [], optionlist: [] };
    this.#list = undefined;
  }

  #package(name: string): void {
    if (name === "") return;
    const requires = this.#requires;
    this.#packages.push({ name, kind: this.#kind, ...(requires === undefined ? {} : { requires }) });
  }

  #group(): void {
    this.groups.push({ id: this.#id, name: this.#name, description: this.#description, packages: this.#packages });
  }

  #environment(): void {
    const { grouplist, optionlist } = this.#lists;
    this.environments.push({ id: this.#id, name: this.#name, groups: grouplist, optional: optionlist });
  }
}
