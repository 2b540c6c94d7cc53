// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { listDirectory, run } from "../../base/index.ts";
import { gearError } from "../errors.ts";

/** What a journal is called that is no tenant's. */
export const hostJournal = "host";

export interface VerifiedFile {
  readonly journal: string;
  /** Of a journal of which there is none: the directory. */
  readonly path: string;
  /**
   * `verified`: as it was written, in the range that is sealed. `unsealed`: it is whole, and nothing says who wrote it. `no-key`: it
   * is sealed, and was not verified. `failed`: it was changed or is damaged, or the key is another journal's.
   */
  readonly state: "verified" | "unsealed" | "no-key" | "failed";
  /** Milliseconds since the epoch, whole seconds; undefined where nothing is sealed (yet). */
  readonly sealed: { readonly from: number; readonly to: number } | undefined;
  /** In journalctl's words. */
  readonly reason: string | undefined;
}

/**
 * Verifies every file of the journals below a directory with the verification key of each.
 * @param keys by journal: `host`, or a tenant's name
 */
export async function verifyJournals(
  keys: ReadonlyMap<string, string>,
  directory = "/var/log/journal",
): Promise<VerifiedFile[]> {
  const verified: VerifiedFile[] = [];
  for (const name of listDirectory(directory).toSorted()) {
    const journal = /^[0-9a-f]{32}(?:\.([a-z0-9-]+))?$/.exec(name);
    if (journal === null) continue;
    const files = listDirectory(join(directory, name)).filter((file) => /\.journal~?$/.test(file));
    const owner = journal[1] ?? hostJournal;
    for (const file of files.toSorted()) verified.push(await verifyFile(owner, join(directory, name, file), keys));
  }
  const isThere = (journal: string) => verified.some((file) => file.journal === journal);
  const gone = [...keys.keys()].filter((journal) => !isThere(journal));
  return [...verified, ...gone.map((journal) => failed(journal, directory, "it has a key, and no file is there"))];
}

async function verifyFile(journal: string, path: string, keys: ReadonlyMap<string, string>): Promise<VerifiedFile> {
  // journalctl takes a pattern, so that another file would be verified.
  if (/[*?[\]{}\\]/.test(basename(path))) return failed(journal, path, "journald gives no file such a name");
  const key = keys.get(journal);
  const given = key === undefined ? [] : [`--verify-key=${key}`];
  const env = { LC_ALL: "C", TZ: "UTC", SYSTEMD_COLORS: "0" };
  const { code, stdout, stderr } = await run("journalctl", ["--verify", ...given, `--file=${path}`], {
    env,
    accept: [0, 1],
  });
  const said = `${stdout}\n${stderr}`;
  // ENOKEY, of a file that has seals.
  const noKey = key === undefined && said.includes("(Required key not available)");
  if (noKey) return { journal, path, state: "no-key", sealed: undefined, reason: undefined };
  if (code !== 0) return failed(journal, path, reasonOf(said));
  const { isSealed, begun } = await readHeader(path);
  if (!isSealed && key !== undefined && begun > sealedSince(key))
    return failed(journal, path, "it has no seals, though it was begun after sealing was");
  const state = !isSealed ? "unsealed" : key === undefined ? "no-key" : "verified";
  return { journal, path, state, sealed: state === "verified" ? sealedRange(said) : undefined, reason: undefined };
}

const failed = (journal: string, path: string, reason: string): VerifiedFile => ({
  journal,
  path,
  state: "failed",
  sealed: undefined,
  reason,
});

/** @returns `begun`: microseconds since the epoch */
export async function readHeader(path: string): Promise<{ readonly isSealed: boolean; readonly begun: number }> {
  const { stdout } = await run("journalctl", ["--header", `--file=${path}`], { env: { LC_ALL: "C" }, accept: [0, 1] });
  const begun = /^Head realtime timestamp: .*\(([0-9a-f]+)\)$/m.exec(stdout)?.[1] ?? "0";
  return { isSealed: /^Compatible flags:.*\bSEALED\b/m.test(stdout), begun: Number.parseInt(begun, 16) };
}

/** Of `SEED/START-INTERVAL`, in microseconds, START counted in intervals (journalctl's setup_keys). */
function sealedSince(key: string): number {
  const [start = 0, interval = 0] = key
    .split("/")[1]!
    .split("-")
    .map((number) => Number.parseInt(number, 16));
  return (start + 1) * interval;
}

/** `=> Validated from Mon 2026-11-23 18:50:36 UTC to Mon 2026-11-23 18:51:29 UTC, final 3.08s entries not sealed.` */
function sealedRange(said: string): { readonly from: number; readonly to: number } | undefined {
  const time = "\\w{3} (\\d{4}-\\d\\d-\\d\\d) (\\d\\d:\\d\\d:\\d\\d) UTC";
  const found = new RegExp(`=> Validated from ${time} to ${time}`).exec(said);
  if (found === null) return undefined;
  const [, fromDay, fromTime, toDay, toTime] = found;
  return { from: Date.parse(`${fromDay}T${fromTime}Z`), to: Date.parse(`${toDay}T${toTime}Z`) };
}

/** Its words on what is wrong come before the line with the file's name. */
function reasonOf(said: string): string {
  const lines = said.split(/[\n\r]/).map((line) => line.trim());
  const about = lines.filter(
    (line) => line !== "" && !/^(?:PASS|FAIL|File corruption|=>)/.test(line) && !line.includes("%"),
  );
  return (about[0] ?? lines.find((line) => line.startsWith("FAIL")) ?? "it does not verify").slice(0, 300);
}

/** More than one line for each tenant that a host may have. */
const keysLimit = 1 << 20;

/**
 * Verification keys as `seal` prints them, `JOURNAL KEY` a line.
 * @throws gear-bad-journal, which never has a part of a key
 */
export function parseVerificationKeys(text: string): Map<string, string> {
  if (text.length > keysLimit) throw gearError("bad-journal", "the verification keys are larger than 1 MiB");
  const keys = new Map<string, string>();
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const found = /^([a-z0-9-]{1,63})\s+([0-9a-f-]+\/[0-9a-f]+-[0-9a-f]+)\s*$/.exec(line);
    if (found === null) throw gearError("bad-journal", `line ${at + 1} of the verification keys is not JOURNAL KEY`);
    keys.set(found[1]!, found[2]!);
  }
  return keys;
}

/** Whether there is such a directory, so that none is not taken for one that verifies. */
export function requireJournals(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw gearError("bad-journal", `${directory} is no directory with journals`);
}
