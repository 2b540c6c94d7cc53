// SPDX-License-Identifier: Apache-2.0
/** A Debian package as a spec file that repacks it. */
import { type Adjustment, adjustmentOf } from "./adjustments.ts";
import { formatFiles } from "./files-section.ts";
import type { DebianPackage, Recipe } from "./model.ts";
import { formatSpecVersion, specConflicts, specDependencies, specVersion } from "./relations.ts";
import { type Offers, scriptlets } from "./scriptlets.ts";
import { accountProvides, accountRequires } from "./sysusers.ts";

export interface ConvertOptions {
  /** Directories that only the base package lists, as Fedora's `filesystem` does. */
  readonly shared: ReadonlySet<string>;
  /** The alternatives of all packages. */
  readonly offers: Offers;
  /** Added to the release: the package as if built once more. */
  readonly rebuild?: string;
}

/** Brings the top-level directories and the links of the merged /usr: is installed before all others. */
export const basePackage = "base-files";

export function convert(deb: DebianPackage, options: ConvertOptions): Recipe {
  const adjustment = adjustmentOf(deb.name);
  const { epoch, version, release } = specVersion(deb.fields["Version"]!);
  const lines = [
    `Name: ${deb.name}`,
    `Version: ${version}`,
    `Release: ${release}${options.rebuild ?? ""}`,
    ...(epoch > 0 ? [`Epoch: ${epoch}`] : []),
    `Summary: ${escapeMacros(summaryOf(deb))}`,
    "License: see the file copyright",
    ...(deb.fields["Architecture"] === "all" ? ["BuildArch: noarch"] : []),
    ...dependencies(deb, adjustment, options.rebuild ?? ""),
    "%description",
    escapeMacros(summaryOf(deb)),
    "%install",
    "dpkg-deb -x %{deb} %{buildroot}",
    ...(adjustment.remove ?? []).map((path) => `rm -r %{buildroot}/${path}`),
    ...(adjustment.install ? [adjustment.install] : []),
    ...scriptlets(deb, adjustment, options.offers),
    "%files",
    "%defattr(-,root,root,-)",
    ...formatFiles(deb, adjustment, deb.name === basePackage ? new Set() : options.shared),
  ];
  return { name: deb.name, spec: `${lines.join("\n")}\n`, epoch: deb.epoch, target: "x86_64", deb };
}

function summaryOf(deb: DebianPackage): string {
  return deb.fields["Description"]?.split("\n")[0]?.trim() || deb.name;
}

function escapeMacros(text: string): string {
  return text.replaceAll("%", "%%");
}

function dependencies(deb: DebianPackage, adjustment: Adjustment, rebuild: string): string[] {
  const field = (name: string) => specDependencies(deb.fields[name] ?? "", `${deb.name}: ${name}`);
  const drop = (one: string) => !(adjustment.drop ?? []).some((name) => one === name || one.startsWith(`${name} `));
  const requires = deb.name === basePackage ? [] : [...field("Pre-Depends"), ...field("Depends")].filter(drop);
  const conflicts = ["Conflicts", "Breaks"].flatMap((name) =>
    specConflicts(deb.fields[name] ?? "", `${deb.name}: ${name}`),
  );
  const own = specVersion(deb.fields["Version"]!);
  const exact = `= ${formatSpecVersion(own)}`;
  return [
    ...(deb.name === basePackage ? [] : [`Requires(pre): ${basePackage}`]),
    ...(deb.name === basePackage ? [] : accountRequires(deb)).map((one) => `Requires(pre): ${one}`),
    ...(adjustment.requires ?? []).map((one) => `Requires(pre): ${one}`),
    ...requires.map((one) => `Requires: ${one}`),
    // A rebuilt package still is what packages of the same source want exactly.
    ...(rebuild === "" ? [] : [`Provides: ${deb.name} ${exact}`]),
    ...[...field("Provides"), ...(adjustment.provides ?? []), ...accountProvides(deb)].map((one) => `Provides: ${one}`),
    ...conflicts.map((one) => `Conflicts: ${one}`),
    ...field("Recommends").map((one) => `Recommends: ${one}`),
    ...field("Suggests").map((one) => `Suggests: ${one}`),
    ...field("Enhances").map((one) => `Enhances: ${one}`),
  ];
}
