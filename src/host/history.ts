// SPDX-License-Identifier: Apache-2.0
/**
 * What ran when, and who asked for it: the journal has a message for each deployment, ours or rpm-ostree's
 * (`write_history`), and one for each boot, ostree-prepare-root's. They are matched as rpm-ostree does (its history.rs).
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { run, writeJournal } from "../base/index.ts";
import { commitVersion } from "./commit-metadata.ts";
import { type Deployment, deploymentPath } from "./model.ts";
import { originImage, originRefspec } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";

const bootMessage = "7170336a73ba4601bad31af888aa0df7";
const deployMessage = "9bddbda177cd44d891b1b561a8a0ce9e";

/** A deployment that was made, and when it was booted; keys and units are those of `rpm-ostree ex history --json`. */
export interface HistoryEntry {
  readonly deployment: {
    readonly osname: string;
    readonly checksum: string;
    readonly version?: string;
    readonly origin?: string;
  };
  readonly "deployment-create-timestamp": number;
  readonly "deployment-create-command-line"?: string;
  /** Boots of it without another in between; 0: it was made and never booted. */
  readonly "boot-count": number;
  readonly "first-boot-timestamp"?: number;
  readonly "last-boot-timestamp"?: number;

  /** Who asked for it. */
  readonly agent?: string;
}

/** One line of `journalctl -o json`. */
export type JournalRecord = Readonly<Record<string, unknown>>;

/** Tells the journal of a deployment; a failure to do so is none of the deployment. */
export async function recordDeployment(sysroot: Sysroot, deployment: Deployment): Promise<void> {
  if (sysroot.running?.run !== "/run") return;
  const { commandLine = "", agent = "" } = sysroot.initiator ?? {};
  const { ctimeMs, dev, ino } = lstatSync(join(sysroot.path, deploymentPath(deployment)));
  const fields = {
    MESSAGE_ID: deployMessage,
    MESSAGE: `Created new deployment /${deploymentPath(deployment)}`,
    DEPLOYMENT_PATH: `/${deploymentPath(deployment)}`,
    DEPLOYMENT_TIMESTAMP: Math.floor(ctimeMs / 1000),
    DEPLOYMENT_DEVICE: dev,
    DEPLOYMENT_INODE: ino,
    DEPLOYMENT_CHECKSUM: deployment.checksum,
    DEPLOYMENT_REFSPEC: originImage(deployment.origin) ?? originRefspec(deployment.origin) ?? "",
    DEPLOYMENT_VERSION: commitVersion(sysroot.repo, deployment.checksum) ?? "",
    COMMAND_LINE: commandLine,
    AGENT: agent,
  };
  if (!(await writeJournal(fields))) sysroot.onMessage("the journal could not be told of the deployment");
}

/** @param all also what was never booted */
export async function readHistory(all: boolean): Promise<HistoryEntry[]> {
  const filter = [`MESSAGE_ID=${bootMessage}`, "+", `MESSAGE_ID=${deployMessage}`];
  const { stdout } = await run("journalctl", ["--quiet", "--system", "--no-pager", "--output=json", ...filter]);
  const records = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as JournalRecord]));
  return matchHistory(records, all);
}

/** @param records in the order of time; @returns the newest first */
export function matchHistory(records: readonly JournalRecord[], all = false): HistoryEntry[] {
  const entries: MutableEntry[] = [];
  let last: MutableEntry | undefined;
  for (const [index, record] of records.entries()) {
    if (record["MESSAGE_ID"] === deployMessage) {
      if (all) entries.push(...made(record));
      continue;
    }
    const deployed = records
      .slice(0, index)
      .findLast((one) => one["MESSAGE_ID"] === deployMessage && isSame(one, record));
    const [entry] = deployed === undefined ? [] : made(deployed);
    if (entry === undefined) continue;
    const continues = last !== undefined && sameEntry(last, entry);
    const present = continues ? last : entries.find((one) => one["boot-count"] === 0 && sameEntry(one, entry));
    const counted = present ?? entry;
    if (present === undefined) entries.push(entry);
    countBoot(counted, record);
    last = counted;
  }
  return entries.toReversed();
}

type MutableEntry = { -readonly [Key in keyof HistoryEntry]: HistoryEntry[Key] };

function countBoot(entry: MutableEntry, record: JournalRecord): void {
  const time = Math.floor(Number(text(record, "__REALTIME_TIMESTAMP") ?? 0) / 1e6);
  entry["boot-count"]++;
  entry["first-boot-timestamp"] ??= time;
  entry["last-boot-timestamp"] = time;
}

const nodeKeys = ["DEPLOYMENT_PATH", "DEPLOYMENT_DEVICE", "DEPLOYMENT_INODE"] as const;

/** The path alone may be that of an earlier deployment of the same commit. */
function isSame(one: JournalRecord, other: JournalRecord): boolean {
  return nodeKeys.every((key) => text(one, key) !== undefined && text(one, key) === text(other, key));
}

function sameEntry(one: MutableEntry, other: MutableEntry): boolean {
  const key = "deployment-create-timestamp";
  return one[key] === other[key] && one.deployment.checksum === other.deployment.checksum;
}

/** None for a message that is not complete. */
function made(record: JournalRecord): MutableEntry[] {
  const found = /\/ostree\/deploy\/([^/]+)\/deploy\/([0-9a-f]{64})\.\d+$/.exec(text(record, "DEPLOYMENT_PATH") ?? "");
  const timestamp = Number(text(record, "DEPLOYMENT_TIMESTAMP") ?? Number.NaN);
  if (found === null || !Number.isSafeInteger(timestamp)) return [];
  const [version, origin, commandLine, agent] = [
    "DEPLOYMENT_VERSION",
    "DEPLOYMENT_REFSPEC",
    "COMMAND_LINE",
    "AGENT",
  ].map((key) => text(record, key));
  const [, osname = "", checksum = ""] = found;
  return [
    {
      deployment: {
        osname,
        checksum,
        ...(version === undefined ? {} : { version }),
        ...(origin === undefined ? {} : { origin }),
      },
      "deployment-create-timestamp": timestamp,
      ...(commandLine === undefined ? {} : { "deployment-create-command-line": commandLine }),
      "boot-count": 0,
      ...(agent === undefined ? {} : { agent }),
    },
  ];
}

/** A field's text; journalctl has arrays of bytes for what is no text, and null for what is too long. */
function text(record: JournalRecord, key: string): string | undefined {
  const value = record[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}
