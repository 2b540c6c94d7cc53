// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { writeFileAtomic } from "../../../base/index.ts";
import type { Export } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";

interface Exported {
  /** Directory that the files were written to; null where they are printed. */
  readonly output: string | null;
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly notes: readonly string[];
}

export default defineCommand<Exported>({
  path: ["gear", "export"],
  summary: "Write what a file of containers says in the files of another tool",
  description:
    "FILE is of any kind that `gear deploy` takes. What the other tool cannot be told, and what is to be done there first, is told on standard error; what it lacks and a container needs is refused.",
  examples: [
    { command: "atomic gear export shop.yaml --kubernetes | kubectl apply -f -", text: "To a cluster:" },
    { command: "atomic gear export docker-compose.yml --kubernetes --output=k8s", text: "From Compose, into files:" },
  ],
  arguments: [{ name: "FILE" }],
  options: [
    { name: "kubernetes", help: "As Kubernetes' YAML" },
    { name: "output", short: "o", value: "DIR", help: "Write the files there instead of printing them" },
    { name: "name", value: "NAME", help: "Name of the application where the file has none; default: the file's" },
    { name: "volume-size", value: "SIZE", help: "What each volume claims of a cluster; default: 1Gi" },
  ],
  json: true,
  async run(invocation): Promise<Exported> {
    const { files, notes } = await exportAs(invocation);
    for (const text of notes) invocation.progress({ type: "note", text });
    const directory = invocation.value("output");
    for (const [path, content] of directory === undefined ? [] : files) {
      const target = join(directory!, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileAtomic(target, content);
    }
    return {
      output: directory === undefined ? null : resolve(directory),
      files: [...files].map(([path, content]) => ({ path, content })),
      notes,
    };
  },
  render: ({ output, files }) =>
    output === null
      ? files.map(({ content }) => content.replace(/\n$/, "")).join("\n")
      : files.map(({ path }) => join(output, path)).join("\n"),
});

async function exportAs(invocation: Invocation): Promise<Export> {
  const { exportKubernetes, readApplication } = await import("../../../gear/index.ts");
  if (!invocation.flag("kubernetes")) throw cliError("usage", "say as what: --kubernetes");
  const [name, volumeSize] = [invocation.value("name"), invocation.value("volume-size")];
  if (volumeSize !== undefined && !/^[1-9]\d{0,11}(?:[kMGTPE]|[KMGTPE]i)?$/.test(volumeSize)) {
    throw cliError("usage", `--volume-size: ${JSON.stringify(volumeSize)} is not a size such as 10Gi`);
  }
  const application = readApplication(invocation.args[0]!, {
    environment: process.env,
    ...(name !== undefined && { name }),
  });
  return exportKubernetes(application, volumeSize === undefined ? {} : { volumeSize });
}
