// SPDX-License-Identifier: Apache-2.0
import type { Sysroot } from "../../../../host/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { changeSysroot, indexedDeployment, parseIndex, sysrootOption } from "./shared.ts";

interface Pinned {
  readonly index: number;
  readonly changed: boolean;
  readonly pinned: boolean;
}

export default defineCommand<readonly Pinned[]>({
  path: ["ostree", "admin", "pin"],
  summary:
    'Change the "pinning" state of a deployment, INDEX can be >= 0 or one of booted, pending or rollback strings',
  arguments: [{ name: "INDEX", optional: true, repeat: true }],
  options: [sysrootOption, { name: "unpin", short: "u", help: "Unset pin" }],
  async run(invocation) {
    if (invocation.args.length === 0) throw cliError("usage", "INDEX must be specified");
    const pinned = !invocation.flag("unpin");
    const { setPinned } = await import("../../../../host/index.ts");
    return changeSysroot(invocation, async (sysroot) => {
      const done: Pinned[] = [];
      for (const words of invocation.args) {
        const index = deploymentIndex(sysroot, words);
        const changed = await setPinned(sysroot, indexedDeployment(sysroot, index), pinned);
        done.push({ index, changed, pinned });
      }
      return done;
    });
  },
  render: (done) =>
    done
      .map(
        ({ index, changed, pinned }) =>
          `Deployment ${index} is ${changed ? "now" : "already"} ${pinned ? "pinned" : "unpinned"}`,
      )
      .join("\n"),
});

function deploymentIndex(sysroot: Sysroot, words: string): number {
  if (words !== "booted" && words !== "pending" && words !== "rollback") return parseIndex(words);
  const { booted, deployments } = sysroot;
  const slots = booted === undefined ? undefined : { booted, ...sysroot.pendingAndRollback(booted.stateroot) };
  const found = slots?.[words];
  if (found === undefined) throw cliError("usage", `Deployment type not found: ${words}`);
  return deployments.indexOf(found);
}
