// SPDX-License-Identifier: Apache-2.0
import type { Command } from "../../../command.ts";
import { argument } from "../open-repo.ts";
import { changeSysroot, sysrootOption, sysrootPath } from "./shared.ts";

/** `os-init` and `stateroot-init` are one verb. */
export function initStaterootCommand(name: string): Command<string> {
  return {
    path: ["ostree", "admin", name],
    summary: "Initialize empty state for given operating system",
    arguments: [{ name: "STATEROOT", optional: true }],
    options: [sysrootOption],
    async run(invocation) {
      const { ensureInitialized, initStateroot } = await import("../../../../host/index.ts");
      ensureInitialized(sysrootPath(invocation));
      return changeSysroot(invocation, (sysroot) => {
        const stateroot = argument(invocation, 0, "STATEROOT must be specified");
        initStateroot(sysroot.path, stateroot);
        sysroot.touch();
        return stateroot;
      });
    },
    render: (stateroot) => `ostree/deploy/${stateroot} initialized as OSTree stateroot`,
  };
}
