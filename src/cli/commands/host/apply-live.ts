// SPDX-License-Identifier: Apache-2.0
import type { LiveResult } from "../../../host/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderLive } from "../../render/host-live.ts";
import { openForChange } from "./shared.ts";

interface LiveReport extends Partial<LiveResult> {
  readonly changed: boolean;
}

export default defineCommand({
  path: ["host", "apply-live"],
  summary: "Apply the version that boots next to the running system",
  description:
    "Lays a read-only overlay over /usr and brings it, and what nobody has changed below /etc, to the version that boots next. By default only what adds packages is applied. No service is started or restarted, and the kernel stays. A reboot takes the overlay away.",
  examples: [
    { command: "atomic host apply-live", text: "Use what was installed without a reboot:" },
    { command: "atomic host apply-live --reset", text: "Back to the version that was booted:" },
  ],
  options: [
    { name: "target", value: "COMMIT", help: "Apply this commit of the repository" },
    { name: "reset", help: "Go back to the booted version" },
    { name: "allow-replacement", help: "Also where packages are removed or exchanged" },
  ],
  json: true,
  async run(invocation): Promise<LiveReport> {
    const [target, reset] = [invocation.value("target"), invocation.flag("reset")];
    if (target !== undefined && reset) throw cliError("usage", "Cannot specify both --target and --reset");
    const sysroot = await openForChange(invocation, "apply-live", { sharedMounts: true });
    const { applyLive } = await import("../../../host/index.ts");
    const request = {
      ...(target === undefined ? {} : { target }),
      reset,
      allowReplacement: invocation.flag("allow-replacement"),
    };
    const result = await applyLive(sysroot, request, invocation.progress);
    return { changed: result !== undefined, ...result };
  },
  render: ({ changed, ...result }, style) =>
    changed ? renderLive(result as LiveResult, style) : "No changes: the running system has this version's files.",
});
