// SPDX-License-Identifier: Apache-2.0
import type { Distribution } from "../../../compose/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { shippedFiles } from "../../shipped.ts";

interface Started {
  readonly directory: string;
  readonly treefile: string;
  readonly files: readonly string[];
}

export default defineCommand<Started>({
  path: ["compose", "init"],
  summary: "Write a treefile to start a container host with",
  description:
    "Writes a treefile for the distribution's current release, its repositories with their keys, and the units that the host " +
    "needs to finish updates. Nothing that is there is changed.",
  examples: [{ command: "atomic compose init --from=fedora myhost", text: "Start a Fedora host in myhost/" }],
  arguments: [{ name: "DIR", optional: true }],
  options: [{ name: "from", value: "DISTRIBUTION", help: "fedora, centos, rhel or debian" }],
  json: true,
  async run(invocation) {
    const { distributions, startingFiles, writeStartingFiles } = await import("../../../compose/index.ts");
    const from = invocation.value("from");
    if (!isOneOf(distributions, from)) {
      const words = distributions.join(", ");
      throw cliError("usage", from === undefined ? "no --from given" : `--from=${from}: one of ${words} wanted`, {
        hint: `--from takes ${words}`,
      });
    }
    const directory = invocation.args[0] ?? ".";
    const files = startingFiles(from, shippedFiles());
    writeStartingFiles(directory, files);
    const [treefile = ""] = files.keys();
    return { directory, treefile, files: [...files.keys()] };
  },
  render: ({ directory, treefile, files }) => {
    const path = directory === "." ? treefile : `${directory}/${treefile}`;
    return [
      `Wrote ${files.length} files to ${directory}`,
      "Next:",
      `  atomic compose lint ${path}`,
      `  atomic compose tree ${path} --repo=repo`,
    ].join("\n");
  },
});

function isOneOf(known: readonly Distribution[], word: string | undefined): word is Distribution {
  return known.some((one) => one === word);
}
