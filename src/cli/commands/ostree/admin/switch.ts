// SPDX-License-Identifier: Apache-2.0
import type { Sysroot } from "../../../../host/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { argument } from "../open-repo.ts";
import { changeSysroot, osOption, rebootIfAsked, sysrootOption } from "./shared.ts";
import { kexecOption } from "./upgrade.ts";

export default defineCommand<string>({
  path: ["ostree", "admin", "switch"],
  summary: "Construct new tree from REFSPEC and deploy it",
  arguments: [{ name: "REFSPEC", optional: true }],
  options: [sysrootOption, { name: "reboot", short: "r", help: "Reboot after switching trees" }, kexecOption, osOption],
  async run(invocation) {
    const refspec = argument(invocation, 0, "REFSPEC must be specified");
    return changeSysroot(invocation, (sysroot) => switchTo(sysroot, refspec, invocation));
  },
  render: (old) => `Deleting ref '${old}'`,
});

/** @returns the refspec that was followed, whose ref is deleted */
async function switchTo(sysroot: Sysroot, wanted: string, invocation: Invocation): Promise<string> {
  const { openUpgrader, originFromRefspec, originRefspec } = await import("../../../../host/index.ts");
  const upgrader = openUpgrader(sysroot, invocation.value("os"), { ignoreUnconfigured: true });
  const old = originRefspec(upgrader.origin)!;
  const next = await newRefspec(old, wanted);
  if (next === old) throw cliError("usage", `Old and new refs are equal: ${next}`);
  upgrader.setOrigin(originFromRefspec(next));
  // There need be no order in time between the branches.
  await upgrader.pull({ allowOlder: true, offline: false }, invocation.progress);
  await upgrader.deploy({ stage: false, kexec: invocation.flag("kexec") }, invocation.progress);
  sysroot.repo.setRef(old, undefined);
  await rebootIfAsked(invocation, sysroot);
  return old;
}

/** `REMOTE:` changes only the remote, a bare ref keeps it. */
async function newRefspec(old: string, wanted: string): Promise<string> {
  const { parseRefSpec } = await import("../../../../ostree/index.ts");
  const { remote, ref } = parseRefSpec(old);
  if (wanted.endsWith(":")) return `${wanted}${ref}`;
  const next = parseRefSpec(wanted);
  const from = next.remote ?? remote;
  return from === undefined ? next.ref : `${from}:${next.ref}`;
}
