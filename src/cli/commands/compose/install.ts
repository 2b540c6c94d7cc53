// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { InstallResult, Treefile } from "../../../compose/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderInstalled } from "../../render/compose.ts";
import { openTreefile } from "./shared.ts";
import { installOptions, leaveMarks, openRepo, readInstallOptions } from "./tree-options.ts";

export default defineCommand<InstallResult | Treefile["flattened"]>({
  path: ["compose", "install"],
  summary: "Install a treefile's packages into a directory",
  description:
    "The first step of `compose tree`: DESTDIR/rootfs has the packages' files, with the treefile's changes made. It can be " +
    "changed there before `compose postprocess` and `compose commit`. The repository is where the last release is looked up.",
  examples: [
    { command: "atomic compose install host.yaml work --repo=repo", text: "Leaves the tree in work/rootfs" },
    {
      command: "atomic compose install host.yaml work --repo=repo --postprocess",
      text: "And makes a deployment of it",
    },
  ],
  arguments: [{ name: "TREEFILE" }, { name: "DESTDIR" }],
  options: [...installOptions, { name: "postprocess", help: "Also do what `compose postprocess` does" }],
  json: true,
  async run(invocation) {
    const written = await openTreefile(invocation);
    if (invocation.flag("print-only")) return written.flattened;
    const [, destination] = invocation.args;
    if (destination === undefined)
      throw cliError("usage", "no DESTDIR given", { hint: "DESTDIR/rootfs gets the tree" });
    const { installRoot } = await import("../../../compose/index.ts");
    const repo = await openRepo(invocation);
    const treefile = invocation.flag("disable-selinux") ? { ...written, selinux: false } : written;
    const options = { ...(await readInstallOptions(invocation, repo)), treefile, repo };
    const postprocess = invocation.flag("postprocess");
    const result = await installRoot(
      { ...options, rootfs: join(destination, "rootfs"), postprocess },
      invocation.progress,
    );
    await leaveMarks(invocation, repo, result);
    return result;
  },
  render: (result) => (isInstalled(result) ? renderInstalled(result) : JSON.stringify(result, undefined, 2)),
});

function isInstalled(result: InstallResult | Treefile["flattened"]): result is InstallResult {
  return "inputHash" in result;
}
