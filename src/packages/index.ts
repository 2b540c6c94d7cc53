// SPDX-License-Identifier: Apache-2.0
export {
  type ChangelogEntry,
  debianChangelogPaths,
  newRpmEntries,
  parseDebianChangelog,
  readDebianChangelog,
  readRpmChangelogs,
} from "./changelog.ts";
export { distributionUrl } from "./apt/fetch-release.ts";
export { downloadPackages, type DownloadPackagesOptions } from "./apt/download.ts";
export { defaultKeyrings, type Keyring, loadKeyring, parseKeyring } from "./keyring.ts";
export { loadApt, type LoadAptOptions } from "./apt/load.ts";
export { stanzaSource } from "./deb/at-hand.ts";
export { solveUpon, type UponRequest, type UponSolution } from "./deb/solve-upon.ts";
export { DebPackage, type IndexedSource, PackageSet, type RelationField } from "./apt/package-set.ts";
export { type DebFile, readDeb } from "./deb/read-deb.ts";
export {
  formatGroup,
  formatRelation,
  parseRelations,
  type Relation,
  type RelationGroup,
  satisfiesVersion,
} from "./deb/relation.ts";
export { explainChoice, type InstallRequest, type Solution, solve, type SolvedPackage } from "./deb/solve.ts";
export { changelogFixes } from "./deb/security/changelog-fixes.ts";
export { fixesBetween, type VersionFixes } from "./deb/security/fixes-between.ts";
export { advisorySeverities, type SecurityFix, type SourceSecurity } from "./deb/security/model.ts";
export { readTracker, type TrackerFixes } from "./deb/security/read-tracker.ts";
export { decodeSourceSecurity, encodeSourceSecurity, sourceSecurityKey } from "./deb/security/source-security.ts";
export { sourcesOf } from "./deb/source-packages.ts";
export { type InstalledPackage, readDpkgStatus } from "./deb/status.ts";
export { compareDebianVersions, type DebianVersion, parseDebianVersion } from "./deb/version.ts";
export { missingLocks } from "./deb/locks.ts";
export {
  diffPackages,
  isEmptyDiff,
  noPackageChanges,
  type PackageChange,
  type PackageDiff,
  type PackageList,
} from "./diff-packages.ts";
export { packageDiffRows, type PackageDiffRow } from "./diff-rows.ts";
export type { Digest } from "./digest.ts";
export { packageError } from "./errors.ts";
export { inspectPackage } from "./inspect/inspect.ts";
export type { InspectedFile, InspectedPackage, InspectedScript, InspectedSignature } from "./inspect/model.ts";
export type { AptSource, PackageId, PackageLock, PackageLocks, SourceInfo } from "./model.ts";
export type { ModuleRequest } from "./repomd/active-modules.ts";
export { AvailableRpm } from "./repomd/available-rpm.ts";
export type { Comps, GroupPackage, PackageEnvironment, PackageGroup } from "./repomd/comps.ts";
export { downloadRpms, type DownloadRpmsOptions } from "./repomd/download.ts";
export { loadRepositoryKeys, type RepositoryKeys } from "./repomd/gpg-keys.ts";
export { fetchRepomd } from "./repomd/fetch-repomd.ts";
export { loadRepomd, type LoadRepomdOptions } from "./repomd/load.ts";
export type { LoadedRepository } from "./repomd/loaded-repository.ts";
export { profilePackages, streamsOf } from "./repomd/module-profiles.ts";
export type { RepositoryConnection, RepositoryInfo, RpmSource } from "./repomd/model.ts";
export { RpmPackageSet } from "./repomd/package-set.ts";
export type { InstalledRpm, RpmFileState } from "./rpm/database/installed-header.ts";
export { type PackageFiles, readInstalledFiles } from "./rpm/database/installed-files.ts";
export { packageOfHeader, readInstalledPackages } from "./rpm/database/installed-package.ts";
export { databasePlaces, findRpmDatabase, readRpmDatabase } from "./rpm/database/open.ts";
export { changeSqliteDatabase, writeSqliteDatabase } from "./rpm/database/sqlite.ts";
export { parseRepoFile, readRepoFiles, type RepoFile } from "./repomd/repo-file.ts";
export type { Advisory, AdvisoryReference } from "./repomd/updateinfo.ts";
export { type RepoVariables, repoVariables, substituteVariables, type VariableOptions } from "./repomd/variables.ts";
export {
  dependenciesOverlap,
  dependencyOf,
  formatDependency,
  isRich,
  parseDependency,
  rangesOverlap,
  sense as rpmSense,
} from "./rpm/dependency.ts";
export type { RpmDigest } from "./rpm/digests.ts";
export { fileFlag, type RpmFileInfo, type RpmFileTable } from "./rpm/file-table.ts";
export type { HeaderDependency } from "./rpm/header-dependencies.ts";
export type { RpmHeader } from "./rpm/header.ts";
export {
  type Evr,
  type RpmDependency,
  type RpmOperator,
  type RpmPackage,
  type RpmRelation,
  rpmRelations,
} from "./rpm/model.ts";
export { parseRich, type RichExpression } from "./rpm/rich.ts";
export type { RpmEntry } from "./rpm/payload.ts";
export { missingRpmLocks } from "./rpm/solve/locks.ts";
export type { RpmRequest } from "./rpm/solve/request.ts";
export { explainRpm, resolveRpms, type RpmChange, type RpmSolution, type SolvedRpm } from "./rpm/solve/resolve.ts";
export { decodeRpmHead, headOfInstalled, type RpmHead } from "./rpm/read-head.ts";
export { readRpm, type ReadRpmOptions, type RpmFile } from "./rpm/read-rpm.ts";
export type { RpmScript, RpmScriptKind, RpmScriptText, RpmTrigger, RpmTriggerMoment } from "./rpm/scripts.ts";
export type { SignaturePolicy } from "./rpm/signature/key.ts";
export type { SigningKey } from "./rpm/signature/signing-keys.ts";
export type { RpmSignature } from "./rpm/signature/verify.ts";
export {
  newestOffers,
  type OfferedPackage,
  offeredDebs,
  offeredRpms,
  searchPackages,
  type SearchMatches,
} from "./search.ts";
export { cacheLimits, type CacheLimits, trimCache, useEntry } from "./trim-cache.ts";
export { signatureTag, tag as rpmTag } from "./rpm/tags.ts";
export { compareEvr, formatEvr, type Nevra, parseEvr, parseNevra } from "./rpm/version.ts";
