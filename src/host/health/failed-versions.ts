// SPDX-License-Identifier: Apache-2.0
/** `ostree/health.json`: versions that were tried and did not come up, which updates pass over. */
import { join } from "node:path";
import { readTextIfExists, writeFileAtomic } from "../../base/index.ts";
import { type Checksum, isChecksum } from "../../ostree/index.ts";
import type { Sysroot } from "../sysroot.ts";

export interface FailedVersion {
  readonly checksum: Checksum;
  readonly version?: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** Why, as far as it is known. */
  readonly reason: string;
}

export interface HealthRecord {
  readonly failed: readonly FailedVersion[];
  /** What was wrong with the version that is on trial, noted before the reboot. */
  readonly trouble?: { readonly checksum: Checksum; readonly reason: string };
}

/** Of the oldest nobody asks any more. */
const longest = 50;

const path = ({ path: sysroot }: Sysroot) => join(sysroot, "ostree/health.json");

/** What cannot be read counts as nothing: status and updates must work. */
export function readHealthRecord(sysroot: Sysroot): HealthRecord {
  const text = readTextIfExists(path(sysroot));
  if (text === undefined) return { failed: [] };
  try {
    const { failed, trouble } = JSON.parse(text) as Partial<HealthRecord>;
    const known = (Array.isArray(failed) ? failed : []).filter((one) => isChecksum(String(one.checksum)));
    return { failed: known, ...(typeof trouble?.reason === "string" ? { trouble } : {}) };
  } catch {
    return { failed: [] };
  }
}

export function failedVersion(sysroot: Sysroot, checksum: Checksum): FailedVersion | undefined {
  return readHealthRecord(sysroot).failed.find((one) => one.checksum === checksum);
}

/** Remembers a version that was rolled back. */
export function recordFailure(sysroot: Sysroot, failure: FailedVersion): void {
  const others = readHealthRecord(sysroot).failed.filter(({ checksum }) => checksum !== failure.checksum);
  write(sysroot, { failed: [failure, ...others].slice(0, longest) });
}

export function recordTrouble(sysroot: Sysroot, trouble: HealthRecord["trouble"]): void {
  const { failed } = readHealthRecord(sysroot);
  write(sysroot, { failed, ...(trouble === undefined ? {} : { trouble }) });
}

/** Forgets failures of versions: by version, or the beginning of a checksum. @returns those that were forgotten */
export function forgetFailures(sysroot: Sysroot, names: readonly string[]): FailedVersion[] {
  const record = readHealthRecord(sysroot);
  const named = ({ version, checksum }: FailedVersion) =>
    names.some((name) => name === version || (name.length >= 4 && checksum.startsWith(name)));
  const forgotten = record.failed.filter(named);
  if (forgotten.length > 0) write(sysroot, { ...record, failed: record.failed.filter((one) => !named(one)) });
  return forgotten;
}

function write(sysroot: Sysroot, record: HealthRecord): void {
  writeFileAtomic(path(sysroot), `${JSON.stringify(record, undefined, 2)}\n`);
}
