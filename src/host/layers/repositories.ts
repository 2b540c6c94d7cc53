// SPDX-License-Identifier: Apache-2.0
/** Where a host has packages from: what is in /etc of one of its deployments, with the keys there. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fnmatchPattern, listDirectory, readTextIfExists } from "../../base/index.ts";
import type { LayerRepositories } from "../../compose/index.ts";
import { findRpmDatabase } from "../../packages/index.ts";
import { hostError } from "../errors.ts";
import { readAptSources } from "./apt-sources.ts";

export interface HostRepositories {
  readonly repositories: LayerRepositories;
  /** What the files ask for and is not done. */
  readonly warnings: readonly string[];
}

export interface RepositoryOptions {
  /** Ids of repositories that are used although they are not enabled, and the reverse; globs. RPM only. */
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
  /** What `$releasever` stands for; default: VERSION_ID of the deployment. */
  readonly releasever?: string;
}

const dpkgPlaces = ["usr/lib/sysimage/dpkg", "usr/share/dpkg", "var/lib/dpkg"];

/** @param root directory of a deployment, whose own /etc counts */
export async function hostRepositories(root: string, options: RepositoryOptions = {}): Promise<HostRepositories> {
  if (dpkgPlaces.some((place) => existsSync(join(root, place, "status")))) return debRepositories(root);
  if (findRpmDatabase(root) !== undefined) return rpmRepositories(root, options);
  throw hostError("not-supported", `${root} has no database of packages, neither dpkg's nor rpm's`, {
    hint: "packages can be layered on versions that were composed of packages",
  });
}

/** The composer is much to load for a command that asks for a status: it is loaded when it is needed. */
const composer = () => import("../../compose/index.ts");

async function debRepositories(root: string): Promise<HostRepositories> {
  const { debianArchitecture, hostArchitecture } = await composer();
  const sources = readAptSources(root, debianArchitecture(hostArchitecture()));
  const pins = [
    "etc/apt/preferences",
    ...listDirectory(join(root, "etc/apt/preferences.d")).map((name) => `etc/apt/preferences.d/${name}`),
  ];
  const warnings = pins
    .filter((path) => /^Pin:/m.test(readTextIfExists(join(root, path)) ?? ""))
    .map((path) => `/${path}: pins are not heeded`);
  return { repositories: { format: "deb", sources }, warnings };
}

async function rpmRepositories(
  root: string,
  { enable = [], disable = [], releasever }: RepositoryOptions,
): Promise<HostRepositories> {
  const { hostArchitecture, rootRpmSources } = await composer();
  const basearch = hostArchitecture();
  const { sources, warnings } = rootRpmSources(root, { basearch, releasever });
  for (const pattern of [...enable, ...disable]) {
    if (!sources.some(({ id }) => fits(pattern, id)))
      throw hostError("no-repository", `Unknown repository '${pattern}'`);
  }
  const isOn = (id: string, enabled: boolean) =>
    enable.some((one) => fits(one, id)) || (enabled && !disable.some((one) => fits(one, id)));
  const used = sources.filter(({ id, enabled = true }) => isOn(id, enabled));
  return { repositories: { format: "rpm", sources: used }, warnings };
}

function fits(pattern: string, id: string): boolean {
  return fnmatchPattern(pattern).test(id);
}
