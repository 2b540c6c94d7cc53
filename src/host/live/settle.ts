// SPDX-License-Identifier: Apache-2.0
/** What a boot would do for the files that have come: accounts, directories in /run and /var, systemd's view of units. */
import { run } from "../../base/index.ts";
import type { TreeChange } from "../../ostree/index.ts";

export type RunProgram = (program: string, args: readonly string[]) => Promise<unknown>;

/** No service is started or restarted. @returns what went wrong: the files are there all the same */
export async function settleLive(
  root: string,
  changes: readonly TreeChange[],
  runProgram: RunProgram = run,
): Promise<string[]> {
  const elsewhere = root === "/" ? [] : [`--root=${root}`];
  const touches = (directory: string) =>
    changes.some(({ path }) => [`/usr/lib/${directory}/`, `/usr/etc/${directory}/`].some((at) => path.startsWith(at)));
  const steps: [program: string, args: readonly string[]][] = [
    ...(touches("sysusers.d") ? [["systemd-sysusers", elsewhere] as [string, string[]]] : []),
    // As rpm-ostree limits it (`rerun_tmpfiles`): nothing else of the machine is set anew.
    ["systemd-tmpfiles", [...elsewhere, "--create", "--prefix=/run", "--prefix=/var"]],
    ...(touches("systemd/system") && root === "/" ? [["systemctl", ["daemon-reload"]] as [string, string[]]] : []),
  ];
  const problems: string[] = [];
  for (const [program, args] of steps) {
    try {
      await runProgram(program, args);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  return problems;
}

/** Services whose units are others now: they run on with what they were started with. */
export function changedServices(changes: readonly TreeChange[]): string[] {
  const units = /^\/usr\/(?:lib|etc)\/systemd\/system\/([^/]+\.service)$/;
  const names = changes.flatMap(({ path, before, after }) =>
    before === undefined || after === undefined ? [] : (units.exec(path)?.[1] ?? []),
  );
  return [...new Set(names)].toSorted();
}
