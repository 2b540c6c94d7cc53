// SPDX-License-Identifier: Apache-2.0
export { type DebFile, readDeb } from "./deb/read-deb.ts";
export { type InstalledPackage, readDpkgStatus } from "./deb/status.ts";
export { compareDebianVersions, type DebianVersion, parseDebianVersion } from "./deb/version.ts";
export { packageError } from "./errors.ts";
