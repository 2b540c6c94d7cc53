// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { EtcDrift, EtcForecast } from "../../../../host/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { forecastLines } from "../../../render/host-change.ts";
import { openSysroot, sysrootOption } from "../shared.ts";

interface DriftReport {
  readonly changes: readonly EtcDrift[];
  /** With what boots next, or was downloaded. */
  readonly pending: EtcForecast | undefined;
  readonly patch: string;
}

const marks = { modified: "M", removed: "D", added: "A" } as const;

export default defineCommand({
  path: ["host", "etc", "diff"],
  summary: "Show how /etc differs from what the version shipped",
  description:
    "M was changed, A was added, D was removed on this machine. Files that resets leave are marked. When another version boots next, it is told which of the changes collide with it.",
  examples: [
    { command: "atomic host etc diff", text: "All changes:" },
    { command: "atomic host etc diff --patch ssh/sshd_config", text: "What was changed in a file:" },
  ],
  arguments: [{ name: "PATH", optional: true, repeat: true }],
  options: [
    sysrootOption,
    { name: "deployment", value: "DEPLOYMENT", help: "Of this one (default: the booted, else the first)" },
    { name: "patch", short: "p", help: "Print the changes of files as diff(1) does" },
  ],
  json: true,
  async run(invocation): Promise<DriftReport> {
    const sysroot = await openSysroot(invocation);
    const { checkEtcPath, etcDirectories, etcDrift, pendingEtc } = await import("../../../../host/index.ts");
    const deployment = await chosenDeployment(sysroot, invocation);
    const changes = etcDrift(sysroot, deployment, invocation.args.map(checkEtcPath));
    const patch = invocation.flag("patch") ? patchOf(etcDirectories(sysroot, deployment), changes) : "";
    return { changes, pending: pendingEtc(sysroot), patch };
  },
  render({ changes, pending, patch }) {
    if (patch !== "") return patch;
    const lines = changes.map(({ path, kind, kept }) => `${marks[kind]}    ${path}${kept ? "    (kept)" : ""}`);
    const collisions = pending === undefined ? 0 : pending.overridden.length + pending.conflicts.length;
    return [
      ...(lines.length === 0 ? ["/etc is as the version shipped it."] : lines),
      ...(collisions === 0 ? [] : ["With the version that boots next:", ...forecastLines(pending!)]),
    ].join("\n");
  },
});

export async function chosenDeployment(sysroot: Awaited<ReturnType<typeof openSysroot>>, invocation: Invocation) {
  const { chooseDeployment } = await import("../../../../host/index.ts");
  const words = invocation.value("deployment");
  return words === undefined ? (sysroot.booted ?? chooseDeployment(sysroot, "0")) : chooseDeployment(sysroot, words);
}

function patchOf(at: { original: string; modified: string }, changes: readonly EtcDrift[]): string {
  return changes
    .map(({ path }) => {
      const names = ["--label", `version/etc/${path}`, "--label", `etc/${path}`];
      const files = [join(at.original, path), join(at.modified, path)];
      const { stdout, error } = spawnSync("diff", ["-uN", "--no-dereference", ...names, ...files], {
        encoding: "utf8",
        maxBuffer: 64 << 20,
      });
      if (error !== undefined) throw error;
      return stdout;
    })
    .join("");
}
