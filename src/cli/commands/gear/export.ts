// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { writeFileAtomic } from "../../../base/index.ts";
import type { Export, KubernetesOptions, Plan } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { engineOption } from "./engine-option.ts";

interface Exported {
  /** Directory that the files were written to; null where they are printed. */
  readonly output: string | null;
  readonly files: readonly { readonly path: string; readonly mode: number; readonly content: string }[];
  readonly notes: readonly string[];
}

export default defineCommand<Exported>({
  path: ["gear", "export"],
  summary: "Write what a file of containers says in the files of another tool",
  description:
    "FILE is of any kind that `gear deploy` takes. What the other tool cannot be told, and what is to be done there first, is told on standard error; what it lacks and a container needs is refused.",
  examples: [
    { command: "atomic gear export shop.yaml --kubernetes | kubectl apply -f -", text: "To a cluster:" },
    {
      command: "atomic gear export compose.yaml --quadlet --output=/etc/containers/systemd",
      text: "From Compose to Quadlet:",
    },
    {
      command: "atomic gear export shop.yaml --units --output=units",
      text: "The units that a deployment would write:",
    },
  ],
  arguments: [{ name: "FILE" }],
  options: [
    { name: "kubernetes", help: "As Kubernetes' YAML" },
    { name: "quadlet", help: "As Quadlet files, for podman's generator" },
    { name: "units", help: "As systemd's units, as a deployment writes them" },
    { name: "engine", value: "ENGINE", help: "What runs the units' containers: podman (default) or docker" },
    { name: "output", short: "o", value: "DIR", help: "Write the files there instead of printing them" },
    { name: "name", value: "NAME", help: "Name of the application where the file has none; default: the file's" },
    { name: "volume-size", value: "SIZE", help: "What each volume claims of a cluster; default: 1Gi" },
  ],
  json: true,
  async run(invocation): Promise<Exported> {
    const { files, notes } = await exportAs(invocation);
    for (const text of notes) invocation.progress({ type: "note", text });
    const directory = invocation.value("output");
    for (const [path, { content, mode }] of directory === undefined ? [] : files) {
      const target = join(directory!, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileAtomic(target, content, { mode });
    }
    return {
      output: directory === undefined ? null : resolve(directory),
      files: [...files].map(([path, file]) => ({ path, ...file })),
      notes,
    };
  },
  render: ({ output, files }) =>
    output === null ? printed(files) : files.map(({ path }) => join(output, path)).join("\n"),
});

/** Files one after the other, each below its name where there are several. */
function printed(files: Exported["files"]): string {
  const texts = files.map(({ path, content }) => (files.length === 1 ? content : `# ${path}\n${content}`));
  return texts.map((text) => text.replace(/\n$/, "")).join("\n\n");
}

const formats = ["kubernetes", "quadlet", "units"] as const;

async function exportAs(invocation: Invocation): Promise<Export> {
  const [format, ...more] = formats.filter((name) => invocation.flag(name));
  if (format === undefined || more.length > 0) {
    throw cliError("usage", `say as what, once: ${formats.map((name) => `--${name}`).join(", ")}`);
  }
  const { exportKubernetes, exportQuadlet, plan, readDeployment } = await import("../../../gear/index.ts");
  const name = invocation.value("name");
  const { application, naming } = readDeployment(invocation.args[0]!, {
    environment: process.env,
    ...(name !== undefined && { name }),
  });
  if (format === "kubernetes") return exportKubernetes(application, kubernetesOptions(invocation));
  const planned = plan(application, [], naming === undefined ? {} : { naming });
  return format === "quadlet" ? exportQuadlet(planned, "localhost") : unitsOf(invocation, planned);
}

function kubernetesOptions(invocation: Invocation): KubernetesOptions {
  const volumeSize = invocation.value("volume-size");
  if (volumeSize === undefined) return {};
  if (/^[1-9]\d{0,11}(?:[kMGTPE]|[KMGTPE]i)?$/.test(volumeSize)) return { volumeSize };
  throw cliError("usage", `--volume-size: ${JSON.stringify(volumeSize)} is not a size such as 10Gi`);
}

async function unitsOf(invocation: Invocation, planned: Plan): Promise<Export> {
  const { exportUnits } = await import("../../../gear/index.ts");
  const engine = engineOption(invocation);
  const output = invocation.value("output");
  const made = exportUnits(planned, "localhost", engine, resolve(output ?? "/"));
  if (output === undefined && [...made.files.keys()].some((path) => path.includes("/"))) {
    throw cliError("usage", "the units use files, which must be somewhere: say --output=DIR");
  }
  return made;
}
