// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { EtcChange } from "../../../../host/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { openSysroot, osOption, requireStateroot, sysrootOption } from "./shared.ts";

export default defineCommand<readonly EtcChange[]>({
  path: ["ostree", "admin", "config-diff"],
  summary: "Diff current /etc configuration versus default",
  options: [sysrootOption, osOption],
  async run(invocation) {
    const sysroot = await openSysroot(invocation);
    const named = invocation.value("os");
    const stateroot = requireStateroot(sysroot, named);
    const deployment = named === undefined ? sysroot.booted : sysroot.mergeDeployment(stateroot);
    if (deployment === undefined) throw cliError("usage", `No deployment for OS '${stateroot}'`);
    const { diffEtc } = await import("../../../../host/index.ts");
    const directory = sysroot.directory(deployment);
    return diffEtc(join(directory, "usr/etc"), join(directory, "etc"));
  },
  render(changes) {
    const kinds = [
      ["modified", "M"],
      ["removed", "D"],
      ["added", "A"],
    ] as const;
    return kinds
      .flatMap(([kind, letter]) =>
        changes.filter((change) => change.kind === kind).map(({ path }) => `${letter}    ${path}`),
      )
      .join("\n");
  },
});
