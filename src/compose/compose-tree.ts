// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { lockFile, makeDirectories, type ProgressListener, removeTree, silent } from "../base/index.ts";
import type { Checksum } from "../ostree/index.ts";
import { writeTreeCommit } from "./commit.ts";
import { gather, type Inputs, versionOf } from "./gather.ts";
import type { Installable, PackageFormat } from "./format.ts";
import { finishTree } from "./finish.ts";
import { shapeDeployment } from "./layout/index.ts";
import { debFormat } from "./deb-format.ts";
import { incomplete } from "./resolve.ts";
import { rpmFormat } from "./rpm/rpm-format.ts";
import { makeWorkspace, requireRoot } from "./sandbox.ts";
import type { ComposeOptions, ComposeResult } from "./model.ts";
import { trimComposeCache } from "./trim-cache.ts";
import { requireSupported } from "./treefile/supported.ts";
import { nextVersion } from "./version.ts";

const formats: Readonly<Record<"deb" | "rpm", PackageFormat>> = { deb: debFormat, rpm: rpmFormat };

/** Composes a treefile's tree and commits it. */
export async function composeTree(
  options: ComposeOptions,
  progress: ProgressListener = silent,
): Promise<ComposeResult> {
  const { treefile, repo, cacheDir } = options;
  if (treefile.ref === undefined) throw incomplete(treefile, "ref", "ref: debian/13/${basearch}/container-host");
  requireSupported(treefile);
  requireRoot();
  for (const text of treefile.warnings) progress({ type: "warning", text });
  makeDirectories(cacheDir);
  using _ = lockFile(join(cacheDir, ".lock"));
  const format = formats[treefile.format];
  const inputs = await gather(options, format, progress);
  const { installable, hash, previous } = inputs;
  const summary = { ref: treefile.ref, packages: inputs.ids, inputHash: hash };
  if (!inputs.changed) {
    const at = previous === undefined ? {} : { commit: previous, ...versionOf(repo, previous) };
    return { ...summary, ...at, changed: false };
  }
  if (installable === undefined || options.downloadOnly === true) return { ...summary, changed: true };
  const commit = await composeChanged(options, format, { ...inputs, installable }, progress);
  trimComposeCache(cacheDir, Date.now() / 1000);
  return { ...summary, commit, changed: true, ...versionOf(repo, commit) };
}

async function composeChanged(
  options: ComposeOptions,
  format: PackageFormat,
  inputs: Inputs & { readonly installable: Installable },
  progress: ProgressListener,
): Promise<Checksum> {
  const { treefile } = options;
  const workspace = makeWorkspace(join(options.cacheDir, "work"));
  const timestamp = options.timestamp ?? inputs.timestamp;
  const version = options.version ?? automaticVersion(options, inputs.previous, timestamp);
  try {
    const tree = await inputs.installable.install(workspace, options, progress);
    await finishTree(workspace, tree, options, format.environment, progress);
    const layout = shapeDeployment(tree, format.layout, {
      machineidCompat: treefile.machineidCompat,
      tmpIsDir: treefile.tmpIsDir,
      selinux: treefile.selinux,
      readonlyExecutables: treefile.readonlyExecutables,
      bootFiles: treefile.bootLocation === "new",
      etcGroupMembers: treefile.etcGroupMembers,
      ...(treefile.mutateOsRelease !== undefined && { osReleaseBase: treefile.mutateOsRelease }),
      ...(version !== undefined && { version }),
    });
    return await writeTreeCommit(
      options,
      inputs,
      { tree, layout, timestamp, inputHashKey: format.inputHashKey, ...(version !== undefined && { version }) },
      progress,
    );
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
