// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { listDirectory, run, unlessErrno } from "../../base/index.ts";

const anyStatus = Array.from({ length: 256 }, (_, code) => code);
const directories = ["usr/lib/atomic/reboot.d", "etc/atomic/reboot.d"];

/** Who said no, and why. */
export interface RebootRefusal {
  readonly program: string;
  readonly reason: string;
}

export interface RebootQuestion {
  readonly version: string | undefined;
  readonly checksum: string;
}

/**
 * Asks the host's programs whether it may reboot now: a lock of the fleet, a backup under way, users who are logged in.
 * All that are executable in `usr/lib/atomic/reboot.d` and `etc/atomic/reboot.d`, in the order of their names; of one name
 * that in /etc counts, and one that is not executable there masks it. The first that exits with another status than 0, or
 * takes too long, says no: its last line is the reason.
 */
export async function askBeforeReboot(
  root: string,
  question: RebootQuestion,
  timeoutSeconds: number,
): Promise<RebootRefusal | undefined> {
  for (const program of rebootHooks(root)) {
    const refusal = await ask(program, question, timeoutSeconds);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function rebootHooks(root: string): string[] {
  const paths = new Map<string, string>();
  for (const directory of directories)
    for (const name of listDirectory(join(root, directory))) paths.set(name, join(root, directory, name));
  return [...paths].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, path]) => (isExecutable(path) ? [path] : []));
}

function isExecutable(path: string): boolean {
  return unlessErrno(["EACCES", "ENOENT"], () => accessSync(path, constants.X_OK) ?? true) === true;
}

async function ask(
  program: string,
  question: RebootQuestion,
  timeoutSeconds: number,
): Promise<RebootRefusal | undefined> {
  const env = { ATOMIC_VERSION: question.version ?? "", ATOMIC_CHECKSUM: question.checksum };
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const { code, stdout, stderr } = await run(program, [], { env, signal, accept: anyStatus });
    if (code === 0) return undefined;
    const last = `${stdout}\n${stderr}`.trim().split("\n").at(-1) ?? "";
    return { program, reason: last === "" ? `exit status ${code}` : last.slice(0, 500) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { program, reason: signal.aborted ? `no answer within ${timeoutSeconds} s` : problem };
  }
}
