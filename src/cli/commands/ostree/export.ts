// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from "node:fs";
import { writeAll } from "../../../base/index.ts";
import { defineCommand } from "../../command.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand({
  path: ["ostree", "export"],
  summary: "Stream COMMIT to stdout in tar format",
  examples: [
    { command: "atomic ostree export main -o main.tar", text: "To a file" },
    { command: "atomic ostree export main --subpath=usr/share | tar t", text: "A part, through a pipe" },
  ],
  arguments: [{ name: "COMMIT", optional: true }],
  options: [
    repoOption,
    { name: "no-xattrs", help: "Skip output of extended attributes" },
    { name: "subpath", value: "PATH", help: "Checkout sub-directory PATH" },
    { name: "prefix", value: "PATH", help: "Add PATH as prefix to archive pathnames" },
    { name: "output", short: "o", value: "PATH", help: "Output to PATH" },
  ],
  async run(invocation) {
    const rev = argument(invocation, 0, "A COMMIT argument is required");
    const { exportArchive } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const [subpath, prefix, output] = ["subpath", "prefix", "output"].map((name) => invocation.value(name));
    const pieces = exportArchive(repo, rev, {
      xattrs: !invocation.flag("no-xattrs"),
      ...(subpath === undefined ? {} : { subpath }),
      ...(prefix === undefined ? {} : { prefix }),
    });
    const fd = output === undefined ? 1 : openSync(output, "w");
    try {
      for await (const piece of pieces) writeAll(fd, piece);
    } finally {
      if (output !== undefined) closeSync(fd);
    }
  },
});
