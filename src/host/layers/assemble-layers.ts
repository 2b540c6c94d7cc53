// SPDX-License-Identifier: Apache-2.0
/** Makes the commit that an origin asks for: a base with the packages of this host. */
import { join } from "node:path";
import { AtomicError, type ProgressListener, readTextIfExists } from "../../base/index.ts";
import type { Layered, LayerOptions, LayerWish } from "../../compose/index.ts";
import type { Keyfile } from "../../formats/index.ts";
import type { Checksum } from "../../ostree/index.ts";
import { commitVersion, isLayered, tryLoadCommit } from "../commit-metadata.ts";
import { hostError } from "../errors.ts";
import type { Deployment } from "../model.ts";
import type { Sysroot } from "../sysroot.ts";
import { type HostRepositories, hostRepositories, type RepositoryOptions } from "./repositories.ts";
import { readWish } from "./wish.ts";

export interface AssembleRequest {
  readonly base: Checksum;
  readonly origin: Keyfile | undefined;
  /** What would boot next otherwise: what it was made of is not made again. */
  readonly current: Deployment;
  readonly repositories?: RepositoryOptions;
  readonly cacheOnly?: boolean;
  readonly downloadOnly?: boolean;
  readonly dryRun?: boolean;
  /** Make it anew though the same was asked for before. */
  readonly remake?: boolean;
  /** Leave out what cannot be layered on this base; it stays requested. */
  readonly skipBroken?: boolean;
}

export interface AssembledLayers extends Layered {
  /** Requests that were left out, with the reason. */
  readonly skipped: readonly { readonly request: string; readonly reason: string }[];
}

/** For indices and downloads; `cleanup --repomd` empties it. */
export function layerCache({ path }: Sysroot, stateroot: string): string {
  return join(path, "ostree/deploy", stateroot, "var/cache/atomic");
}

/** The caller holds the lock. Throws `host-broken-layers`, with the solver's words, when it cannot be done on this base. */
export async function assembleLayers(
  sysroot: Sysroot,
  request: AssembleRequest,
  progress: ProgressListener,
): Promise<AssembledLayers> {
  const wish = readWish(request.origin);
  const options = await layerOptions(sysroot, request, wish, progress);
  try {
    return { ...(await layer({ ...options, ...wish }, progress)), skipped: [] };
  } catch (error) {
    if (!isBroken(error)) throw error;
    if (request.skipBroken !== true) throw brokenLayers(sysroot, request, error);
    return layerTheRest(options, wish, progress);
  }
}

/** For a host that only has an initramfs made: it may have no package database at all. */
const none: HostRepositories = { repositories: { format: "deb", sources: [] }, warnings: [] };

type CommonOptions = Omit<LayerOptions, keyof LayerWish>;

async function layerOptions(
  sysroot: Sysroot,
  request: AssembleRequest,
  wish: LayerWish,
  progress: ProgressListener,
): Promise<CommonOptions> {
  const { hostArchitecture } = await import("../../compose/index.ts");
  const { current, base } = request;
  const merge = sysroot.mergeDeployment(current.stateroot) ?? current;
  const root = sysroot.directory(merge);
  const { repositories, warnings } =
    singleRequests(wish).length > 0 ? await hostRepositories(root, request.repositories) : none;
  for (const text of warnings) progress({ type: "warning", text });
  const account = (name: string) => readTextIfExists(join(root, "etc", name)) ?? "";
  return {
    repo: sysroot.repo,
    base,
    repositories,
    basearch: hostArchitecture(),
    cacheDir: layerCache(sysroot, current.stateroot),
    workDir: join(sysroot.repo.path, "tmp/atomic-layers"),
    hostAccounts: { passwd: account("passwd"), group: account("group") },
    ...(isLayered(tryLoadCommit(sysroot.repo, current.checksum)) ? { previous: current.checksum } : {}),
    hostEtc: join(root, "etc"),
    remake: request.remake ?? false,
    offline: request.cacheOnly ?? false,
    downloadOnly: request.downloadOnly ?? false,
    dryRun: request.dryRun ?? false,
  };
}

/** Only here: the composer is much to load for a command that asks for a status. */
async function layer(options: LayerOptions, progress: ProgressListener): Promise<Layered> {
  const { layerPackages } = await import("../../compose/index.ts");
  return layerPackages(options, progress);
}

/** What another base, or other repositories, may mend. */
function isBroken(error: unknown): error is AtomicError {
  return (
    error instanceof AtomicError &&
    ["packages-unsolvable", "packages-unknown", "compose-file-conflict", "compose-missing-layer"].includes(error.code)
  );
}

function brokenLayers({ repo }: Sysroot, { base, skipBroken }: AssembleRequest, cause: AtomicError): Error {
  // Of a file in two packages the composer would leave one out, which a host cannot.
  const own = cause.code === "compose-file-conflict" ? "--force-replacefiles  lets a package file win" : cause.hint;
  const hint =
    skipBroken === undefined
      ? own
      : "atomic host uninstall PACKAGE  takes one back; --skip-broken-layers  leaves it out of this version";
  const version = commitVersion(repo, base) ?? base.slice(0, 12);
  return hostError("broken-layers", `the packages cannot be layered on ${version}: ${cause.message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}

/** Takes one request after the other, and leaves those out with which there is no solution. */
async function layerTheRest(
  options: CommonOptions,
  wish: LayerWish,
  progress: ProgressListener,
): Promise<AssembledLayers> {
  const skipped: { request: string; reason: string }[] = [];
  let kept: LayerWish = {
    ...wish,
    packages: [],
    local: [],
    fileOverride: [],
    remove: [],
    replace: [],
    replaceFrom: [],
  };
  for (const { request, add } of singleRequests(wish)) {
    const more = add(kept);
    try {
      await layer({ ...options, ...more, dryRun: true }, progress);
      kept = more;
    } catch (error) {
      if (!isBroken(error)) throw error;
      skipped.push({ request, reason: error.message });
      progress({ type: "warning", text: `${request} is left out: ${error.message}` });
    }
  }
  return { ...(await layer({ ...options, ...kept }, progress)), skipped };
}

function singleRequests(wish: LayerWish): { request: string; add: (to: LayerWish) => LayerWish }[] {
  const named = (key: "packages" | "remove") =>
    wish[key].map((name) => ({ request: name, add: (to: LayerWish) => ({ ...to, [key]: [...to[key], name] }) }));
  const local = (key: "local" | "fileOverride" | "replace") =>
    wish[key].map((one) => ({ request: one.nevra, add: (to: LayerWish) => ({ ...to, [key]: [...to[key], one] }) }));
  const remote = wish.replaceFrom.flatMap(({ repository, packages }) =>
    packages.map((name) => ({
      request: name,
      add: (to: LayerWish) => ({ ...to, replaceFrom: [...to.replaceFrom, { repository, packages: [name] }] }),
    })),
  );
  return [
    ...named("remove"),
    ...remote,
    ...local("replace"),
    ...local("local"),
    ...local("fileOverride"),
    ...named("packages"),
  ];
}
