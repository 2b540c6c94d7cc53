// SPDX-License-Identifier: Apache-2.0
/** What clients ask of the host's package repositories (rpmostreed-os.cxx: `os_handle_search` and the methods beside it). */
import { errorReply } from "../../bus/index.ts";
import type { GVariantValue, Variant } from "../../formats/index.ts";
import { type OfferedPackage, parseEvr, searchPackages } from "../../packages/index.ts";
import { hostError } from "../errors.ts";
import { configRoot, loadPackageLists, type PackageLists } from "../layers/package-lists.ts";
import { hostRepositories } from "../layers/repositories.ts";
import { busErrors } from "./bus-error.ts";
import type { Handler } from "./object-tree.ts";
import type { HostService } from "./service.ts";
import type { Dictionary } from "./variants.ts";

export function packageReads(service: HostService, stateroot: string): Record<string, Handler> {
  const lists = () => loadPackageLists(service.openSysroot(), { stateroot });
  const perName =
    (find: (from: PackageLists, name: string) => readonly OfferedPackage[], keyed: boolean): Handler =>
    async ({ inputs }) => {
      const from = await lists();
      const names = inputs[0] as readonly string[];
      return [names.flatMap((name) => find(from, name).map((one) => packageVariant(one, keyed ? name : undefined)))];
    };
  return {
    ListRepos: async () => [await repositoryVariants(service, stateroot)],
    WhatProvides: perName((from, name) => from.providing(name), false),
    GetPackages: perName((from, name) => from.named(name), true),
    Search: async ({ inputs }) => {
      const words = inputs[0] as readonly string[];
      if (words.length === 0) throw errorReply(busErrors.failed, "Must specify a term for search");
      const { both, name, summary } = searchPackages((await lists()).all(), words);
      const group = (key: string, found: readonly OfferedPackage[]) => found.map((one) => packageVariant(one, key));
      return [[...group("match_group_a", both), ...group("match_group_b", name), ...group("match_group_c", summary)]];
    },
  };
}

/** `os_add_package_info_to_builder` */
function packageVariant(one: OfferedPackage, key: string | undefined): Dictionary {
  const { name, version, architecture, summary, repository } = one;
  const evr = parseEvr(version);
  const texts = {
    ...(key === undefined ? {} : { key }),
    name,
    version: evr.version,
    arch: architecture,
    nevra: `${name}-${version}.${architecture}`,
    evr: version,
    summary,
    reponame: repository,
  };
  return new Map<string, Variant>([
    ...Object.entries(texts).map(([field, value]) => [field, { type: "s", value }] as const),
    ["epoch", { type: "t", value: BigInt(evr.epoch) }],
  ]);
}

async function repositoryVariants(service: HostService, stateroot: string): Promise<GVariantValue[]> {
  const used = await usedRepositories(service, stateroot);
  return used.map(({ id, description }) => {
    const flag = (value: boolean) => ({ type: "b", value });
    return new Map<string, Variant>([
      ["id", { type: "s", value: id }],
      ["description", { type: "s", value: description }],
      // dnf_repo_is_devel, dnf_repo_is_source
      ["is-devel", flag(/-(debuginfo|debugsource|devel)$/.test(id))],
      ["is-source", flag(id.endsWith("-source"))],
      ["is-enabled", flag(true)],
    ]);
  });
}

/** They come with the commits of the branch where the version has no database of packages. */
async function usedRepositories(service: HostService, stateroot: string) {
  const root = configRoot(service.openSysroot(), stateroot);
  const found = await unlessUnsupported(() => hostRepositories(root));
  if (found === undefined) return [];
  const { repositories } = found;
  if (repositories.format === "rpm")
    return repositories.sources.map(({ id, name }) => ({ id, description: name ?? id }));
  return repositories.sources.map(({ uri, suite, components }) => ({
    id: `${uri} ${suite}`,
    description: [uri, suite, ...components].join(" "),
  }));
}

/** Undefined for a host that has no package repositories. */
export async function unlessUnsupported<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (hostError.is(error, "not-supported")) return undefined;
    throw error;
  }
}
