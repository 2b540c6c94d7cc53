// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { openTreefile } from "./shared.ts";

interface Postprocessed {
  readonly rootfs: string;
  /** False where it was done before. */
  readonly changed: boolean;
}

export default defineCommand<Postprocessed>({
  path: ["compose", "postprocess"],
  summary: "Make a deployment's tree of a directory with installed packages",
  description:
    "Makes the initramfs, empties /var into tmpfiles.d, moves accounts, kernel, /etc and the package database to where a " +
    "deployment has them. The directory may come from `compose install` or from a package manager. A second time does nothing.",
  examples: [
    { command: "atomic compose postprocess work/rootfs host.yaml", text: "As the treefile says" },
    { command: "atomic compose postprocess root", text: "With the defaults, on what dnf --installroot=root made" },
  ],
  arguments: [{ name: "ROOTFS" }, { name: "TREEFILE", optional: true }],
  options: [
    { name: "unified-core", hidden: true, help: "Taken for rpm-ostree's sake: there is no other way" },
    { name: "ex-unified-core", hidden: true, help: "As --unified-core" },
  ],
  json: true,
  async run(invocation) {
    const [rootfs, treefile] = invocation.args;
    if (rootfs === undefined) throw cliError("usage", "no ROOTFS given");
    const { postprocessRoot } = await import("../../../compose/index.ts");
    const wanted = treefile === undefined ? undefined : await openTreefile({ ...invocation, args: [treefile] });
    return { rootfs, changed: await postprocessRoot(rootfs, wanted, invocation.progress) };
  },
  render: ({ rootfs, changed }) => (changed ? `rootfs: ${rootfs}` : "No changes"),
});
