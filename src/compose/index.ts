// SPDX-License-Identifier: Apache-2.0
export { hostArchitecture } from "./architecture.ts";
export * from "./container/index.ts";
export { composeJson } from "./compose-json.ts";
export { composeTree } from "./compose-tree.ts";
export {
  type CommitDifference,
  compareCommits,
  type FileDifference,
  newChangelogs,
  type PackageChangelog,
  type Release,
  treePackages,
} from "./diff/index.ts";
export { composeError } from "./errors.ts";
export { composeExtensions, type ExtensionsOptions, type ExtensionsResult } from "./extensions/index.ts";
export { type Distribution, distributions, type ShippedFiles, startingFiles, writeStartingFiles } from "./init.ts";
export {
  importLocalPackage,
  type Layered,
  type LayerOptions,
  layerPackages,
  type LayerRepositories,
  type LayerWish,
  type LocalPackage,
  type RemoteReplacement,
} from "./layered/index.ts";
export {
  type Finding,
  type Lint,
  lintCommit,
  lintDirectory,
  type LintReport,
  lints,
  allLints,
  lintTreefile,
  type Severity,
} from "./lint/index.ts";
export {
  decodeLockfile,
  encodeLockfile,
  type LockedPackage,
  type Lockfile,
  lockTreefile,
  packageLocks,
  readLockfiles,
} from "./lockfile/index.ts";
export type { ComposeOptions, ComposeResult } from "./model.ts";
export { type Resolution, resolvePackages, aptSources } from "./resolve.ts";
export { resolveRpmTreefile, rootRpmSources } from "./rpm/resolve.ts";
export { verifyDownloaded } from "./rpm/verify-downloaded.ts";
export { debianArchitecture } from "./architecture.ts";
export {
  commitRoot,
  type CommitRootOptions,
  type CommitRootResult,
  composeRootfs,
  installRoot,
  type InstallOptions,
  type InstallResult,
  postprocessRoot,
  type RootfsOptions,
} from "./split/index.ts";
export { loadTreefile, parseTreefile, type TreefileOptions } from "./treefile/load.ts";
export type { AccountCheck, AddedFile, AptEntry, RemoveRule, RepoPackages, Treefile } from "./treefile/model.ts";
