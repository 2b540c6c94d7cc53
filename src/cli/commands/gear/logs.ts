// SPDX-License-Identifier: Apache-2.0
import type { Rendered, RenderedInstance } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { generationNumber } from "./generation-number.ts";
import { runAttached } from "./run-attached.ts";
import { rootOption } from "./root-option.ts";
import { runningGeneration } from "./shared.ts";
import { streamOverHosts } from "./stream-over-hosts.ts";

export default streamOverHosts(
  defineCommand({
    path: ["gear", "logs"],
    summary: "Show what an application, or instances of it, wrote to the journal",
    description: "With deployments, rollbacks and their reasons among it. Options are journalctl's.",
    examples: [
      { command: "atomic gear logs shop --follow", text: "Watch it:" },
      { command: "atomic gear logs shop web --since=-1h", text: "The last hour of one instance:" },
      { command: "atomic gear logs shop --generation=4 --output=json", text: "One generation's, for programs:" },
    ],
    arguments: [{ name: "APPLICATION" }, { name: "INSTANCE", optional: true, repeat: true }],
    options: [
      { name: "follow", short: "f", help: "Go on with new lines as they come" },
      { name: "lines", short: "n", value: "N", help: "The last N lines" },
      { name: "since", short: "S", value: "TIME", help: "From this time on, as journalctl takes it" },
      { name: "until", short: "U", value: "TIME", help: "Up to this time" },
      { name: "boot", short: "b", help: "Of this boot only" },
      { name: "generation", value: "N", help: "Of this generation only" },
      { name: "output", short: "o", value: "FORMAT", help: "journalctl's: short (default), cat, json, ..." },
      rootOption,
    ],
    async run(invocation) {
      const { application, generation } = await runningGeneration(invocation);
      const rendered = generation?.rendered;
      const instances = invocation.args.slice(1).map((id) => instanceOf(rendered, id));
      const namespace = rendered?.tenant === undefined ? [] : [`--namespace=+${rendered.tenant}`];
      return runAttached("journalctl", [
        ...namespace,
        ...journalOptions(invocation),
        ...matches(application, instances, invocation),
      ]);
    },
    exitCode: (code) => code,
  }),
);

export function instanceOf(rendered: Rendered | undefined, id: string): RenderedInstance {
  const found = rendered?.instances.find((instance) => instance.id === id);
  if (found !== undefined) return found;
  const known = rendered?.instances.map((instance) => instance.id).join(", ") ?? "";
  throw cliError("usage", `there is no instance ${id}`, known === "" ? {} : { hint: `there are: ${known}` });
}

function journalOptions(invocation: Invocation): string[] {
  const values = ["lines", "since", "until", "output"].flatMap((name) => {
    const value = invocation.value(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  return [...values, ...["follow", "boot"].filter((name) => invocation.flag(name)).map((name) => `--${name}`)];
}

/** By the fields of our units; Docker's own entries, which are not of a unit of ours, by the container's name. */
function matches(application: string, instances: readonly RenderedInstance[], invocation: Invocation): string[] {
  const generation = generationNumber(invocation.value("generation"));
  const own = [`ATOMIC_APP=${application}`, ...(generation === undefined ? [] : [`ATOMIC_GENERATION=${generation}`])];
  if (instances.length === 0) return own;
  return instances.flatMap(({ unit, container }, index) => [
    ...(index === 0 ? [] : ["+"]),
    ...own,
    `_SYSTEMD_UNIT=${unit}`,
    ...(generation === undefined ? ["+", `CONTAINER_NAME=${container}`] : []),
  ]);
}
