// SPDX-License-Identifier: Apache-2.0
import type { InstallResult } from "../../../compose/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { executablePath } from "../../executable.ts";
import { renderInstalled } from "../../render/compose.ts";
import { cacheDir, composeOptions, lockfileOptions, openTreefile, readLocks } from "./shared.ts";
import { sourceDate } from "./tree-options.ts";

export default defineCommand<InstallResult>({
  path: ["compose", "rootfs"],
  summary: "Compose the root of a container image from a treefile",
  description:
    "Writes the finished tree into DEST, which must not be there: without labels, which whoever deploys the image makes, and " +
    "with /etc at /etc. For `FROM scratch` and `COPY`.",
  examples: [{ command: "atomic compose rootfs host.yaml root", text: "Then COPY root / in a Containerfile" }],
  arguments: [{ name: "MANIFEST" }, { name: "DEST" }],
  options: [
    ...composeOptions,
    {
      name: "source-root",
      value: "ROOT",
      help: "Take .repo files, their variables and keys, and the release number from this root",
    },
    { name: "source-root-rw", value: "ROOT", help: "As --source-root: nothing in it need be changed" },
    { name: "layer-repo", value: "REPO", help: "Take the refs of ostree-layers from there" },
    { name: "ostree-repo", value: "REPO", hidden: true, help: "As --layer-repo: nothing is written to it" },
    ...lockfileOptions,
    {
      name: "executable",
      value: "FILE",
      help: "Put this self-contained atomic program into the tree; default: itself",
    },
  ],
  json: true,
  async run(invocation) {
    const treefile = await openTreefile(invocation);
    const [, rootfs] = invocation.args;
    if (rootfs === undefined) throw cliError("usage", "no DEST given");
    const [plain, writable] = [invocation.value("source-root"), invocation.value("source-root-rw")];
    if (plain !== undefined && writable !== undefined) {
      throw cliError("usage", "--source-root and --source-root-rw exclude each other");
    }
    const sourceRoot = plain ?? writable;
    const executable = invocation.value("executable") ?? (await executablePath(invocation.progress));
    const layers = invocation.value("layer-repo") ?? invocation.value("ostree-repo");
    const { Repo } = await import("../../../ostree/index.ts");
    const { composeRootfs } = await import("../../../compose/index.ts");
    return composeRootfs(
      {
        treefile,
        rootfs,
        cacheDir: cacheDir(invocation),
        offline: invocation.flag("cache-only"),
        ...(sourceRoot !== undefined && { sourceRoot }),
        ...(layers !== undefined && { layerRepo: Repo.open(layers) }),
        ...(executable !== undefined && { executable }),
        ...(await readLocks(invocation)),
        ...sourceDate(),
      },
      invocation.progress,
    );
  },
  render: renderInstalled,
});
