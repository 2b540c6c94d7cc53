// SPDX-License-Identifier: Apache-2.0
/** What `compose tree` and `compose install` have in common: packages are chosen and imported, then something is made of them. */
import { join } from "node:path";
import { lockFile, makeDirectories, type ProgressListener, removeTree } from "../base/index.ts";
import type { Checksum } from "../ostree/index.ts";
import { debFormat } from "./deb-format.ts";
import type { PackageFormat } from "./format.ts";
import { gather, type Inputs, type Ready, versionOf } from "./gather.ts";
import type { ComposeOptions } from "./model.ts";
import { rpmFormat } from "./rpm/rpm-format.ts";
import { makeWorkspace, requireRoot, type Workspace } from "./sandbox.ts";
import { trimComposeCache } from "./trim-cache.ts";
import type { Treefile } from "./treefile/model.ts";
import { requireSupported } from "./treefile/supported.ts";
import { nextVersion } from "./version.ts";

const formats: Readonly<Record<Treefile["format"], PackageFormat>> = { deb: debFormat, rpm: rpmFormat };

export function formatOf({ format }: Pick<Treefile, "format">): PackageFormat {
  return formats[format];
}

/** What is there to make a tree of. */
export interface Build {
  readonly format: PackageFormat;
  readonly inputs: Inputs & Ready;
  /** Removed afterwards. */
  readonly workspace: Workspace;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly version?: string;
}

/** `made` is absent where nothing changed, and of a compose that only chooses or downloads. */
export interface Built<T> {
  readonly inputs: Inputs;
  readonly made?: T;
}

/** @param make is called with the packages where the input is not that of the last commit */
export async function build<T>(
  options: ComposeOptions,
  progress: ProgressListener,
  make: (build: Build) => Promise<T>,
): Promise<Built<T>> {
  const { treefile, cacheDir } = options;
  requireSupported(treefile);
  requireRoot();
  for (const text of treefile.warnings) progress({ type: "warning", text });
  makeDirectories(cacheDir);
  using _ = lockFile(join(cacheDir, ".lock"));
  const format = formatOf(treefile);
  const { ready, ...inputs } = await gather(options, format, progress);
  if (ready === undefined) return { inputs };
  const timestamp = options.timestamp ?? inputs.timestamp;
  const version = options.version ?? automaticVersion(options, inputs.previous, timestamp);
  const workspace = makeWorkspace(join(cacheDir, "work"), treefile.basearch, options.scriptTimeout);
  try {
    const given = { format, inputs: { ...inputs, ...ready }, workspace, timestamp };
    const made = await make({ ...given, ...(version !== undefined && { version }) });
    trimComposeCache(cacheDir, Date.now() / 1000);
    return { inputs, made };
  } finally {
    if (options.keepWorkspace !== true) removeTree(workspace.path);
  }
}

function automaticVersion(
  { treefile, repo, previousVersion }: ComposeOptions,
  previous: Checksum | undefined,
  timestamp: number,
): string | undefined {
  if (treefile.versionPrefix === undefined) return undefined;
  const last = previousVersion ?? (previous === undefined ? undefined : versionOf(repo, previous).version);
  return nextVersion(treefile.versionPrefix, treefile.versionSuffix ?? ".", last, timestamp);
}
