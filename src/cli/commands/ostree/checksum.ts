// SPDX-License-Identifier: Apache-2.0
import { lstatSync } from "node:fs";
import { defineCommand } from "../../command.ts";
import { argument } from "./open-repo.ts";

export default defineCommand<{ checksum: string }>({
  path: ["ostree", "checksum"],
  summary: "Checksum a file or directory",
  json: true,
  arguments: [{ name: "PATH", optional: true }],
  options: [{ name: "ignore-xattrs", help: "Don't include xattrs in checksum" }],
  async run(invocation) {
    const path = argument(invocation, 0, "A filename must be given");
    const { checksumDiskFile } = await import("../../../ostree/index.ts");
    return { checksum: checksumDiskFile(path, lstatSync(path), { xattrs: !invocation.flag("ignore-xattrs") }) };
  },
  render: ({ checksum }) => checksum,
});
