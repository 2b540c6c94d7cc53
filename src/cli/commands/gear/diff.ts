// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { type GenerationDiff, renderDiff } from "../../render/gear-diff.ts";
import { generationNumber } from "./generation-number.ts";
import { rootOption } from "./root-option.ts";
import { applicationName } from "./shared.ts";

export default defineCommand({
  path: ["gear", "diff"],
  summary: "Show what differs between two generations of an application",
  description:
    "Images, the file that was deployed, units and other files. Without numbers: the generation that runs with the one before; with A alone: that with the one that runs.",
  examples: [
    { command: "atomic gear diff shop", text: "What did the last deployment change?" },
    { command: "atomic gear diff shop 3 7", text: "Any two that are kept:" },
  ],
  arguments: [{ name: "APPLICATION" }, { name: "A", optional: true }, { name: "B", optional: true }],
  options: [rootOption],
  json: true,
  async run(invocation): Promise<GenerationDiff> {
    const application = await applicationName(invocation);
    const { diffRendered, diffSources, gearError, GenerationStore } = await import("../../../gear/index.ts");
    const store = new GenerationStore(invocation.value("root"));
    const { current, generations } = store.requireRecord(application);
    const [a, b] = invocation.args.slice(1).map(generationNumber);
    const to = b ?? current ?? generations.at(-1)?.number;
    const from = a ?? generations.map(({ number }) => number).findLast((number) => number < (to ?? 0));
    if (from === undefined || to === undefined) {
      throw gearError("no-generation", `${application} has no two generations to compare`);
    }
    const [before, after] = [store.generation(application, from), store.generation(application, to)];
    const source = diffSources(before.source, after.source);
    return { application, from, to, source, ...diffRendered(before.rendered, after.rendered) };
  },
  render: renderDiff,
});
