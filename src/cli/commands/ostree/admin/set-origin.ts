// SPDX-License-Identifier: Apache-2.0
import type { Deployment, Sysroot } from "../../../../host/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { argument, integerOption, keyValue } from "../open-repo.ts";
import { changeSysroot, indexedDeployment, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "set-origin"],
  summary: "Set Origin and create a new origin file",
  arguments: [
    { name: "REMOTENAME", optional: true },
    { name: "URL", optional: true },
    { name: "BRANCH", optional: true },
  ],
  options: [
    sysrootOption,
    { name: "set", short: "s", value: "KEY=VALUE", repeat: true, help: "Set config option KEY=VALUE for remote" },
    { name: "index", value: "INDEX", help: "Operate on the deployment INDEX, starting from zero" },
  ],
  async run(invocation) {
    const missing = "REMOTENAME and URL must be specified";
    const [remote, url] = [argument(invocation, 0, missing), argument(invocation, 1, missing)];
    const { originRefspec, setOriginRefspec } = await import("../../../../host/index.ts");
    const { addRemote, parseRefSpec } = await import("../../../../ostree/index.ts");
    await changeSysroot(invocation, (sysroot) => {
      const deployment = chosenDeployment(sysroot, invocation);
      const set = new Map(invocation.values("set").map(keyValue));
      addRemote(sysroot.repo, remote, { url, set, ifNotExists: true });
      const refspec = originRefspec(deployment.origin);
      const branch = invocation.args[2] ?? (refspec === undefined ? undefined : parseRefSpec(refspec).ref);
      if (branch === undefined) throw cliError("usage", "No host refspec found, branch is required");
      setOriginRefspec(sysroot, deployment, `${remote}:${branch}`);
    });
  },
});

function chosenDeployment(sysroot: Sysroot, invocation: Invocation): Deployment {
  const index = integerOption(invocation, "index") ?? -1;
  return index === -1 ? sysroot.requireBooted() : indexedDeployment(sysroot, index);
}
