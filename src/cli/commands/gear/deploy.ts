// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, DeployPreview, PullPolicy } from "../../../gear/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { renderPreview } from "../../render/gear-preview.ts";
import { readApplicationFile } from "./application-file.ts";
import { engineOption } from "./engine-option.ts";
import { rootOption } from "./root-option.ts";
import { interruption, connectSurroundings, unchangedOption, who } from "./shared.ts";

export default defineCommand({
  path: ["gear", "deploy"],
  summary: "Deploy an application, or a new version of it",
  description:
    "FILE is a gear file, a Compose file, geard's JSON, a Quadlet file or a directory of those. Images are pulled and pinned first, while everything runs on. Then units that changed are restarted, in the order of their dependencies, and watched: when a container is not healthy for long enough in its time (`update` in the file), everything goes back to how it was, and the exit code is 1. Generations that ran are kept to go back to.",
  examples: [
    { command: "atomic gear deploy shop.yaml --dry-run", text: "See the units and what would be done:" },
    { command: 'atomic gear deploy shop.yaml -m "new prices"', text: "Deploy, and say what for:" },
    { command: "atomic gear deploy /srv/shop", text: "A directory of Quadlet files:" },
  ],
  arguments: [{ name: "FILE" }],
  options: [
    {
      name: "dry-run",
      short: "n",
      help: "Show the units, what changes in them and what would be done; change nothing",
    },
    { name: "name", value: "APPLICATION", help: "Name of the application, where the file has none" },
    { name: "message", short: "m", value: "TEXT", help: "What for; `history` shows it" },
    { name: "pull", value: "WHEN", help: "always (default), missing, or never: pull images" },
    { name: "engine", value: "ENGINE", help: "podman (default) or docker" },
    unchangedOption,
    rootOption,
  ],
  json: true,
  async run(invocation): Promise<ChangeReport | DeployPreview> {
    const pull = pullPolicy(invocation);
    const { deploy, GenerationStore, parseName, previewDeploy } = await import("../../../gear/index.ts");
    const [path, named] = [invocation.args[0]!, invocation.value("name")];
    const name = named === undefined ? undefined : parseName(named, "an application");
    const engine = engineOption(invocation);
    const store = new GenerationStore(invocation.value("root"));
    const read = await readApplicationFile(path, { name, engine, store, progress: invocation.progress });
    using surroundings = await connectSurroundings(invocation, engine);
    if (invocation.flag("dry-run")) return await previewDeploy(surroundings, { ...read, pull });
    await read.prepare();
    using interrupt = await interruption(invocation);
    const request = { ...read, ...who(), pull, message: invocation.value("message"), signal: interrupt.signal };
    return await deploy(surroundings, request);
  },
  render: (report, style) => ("outcome" in report ? renderChange(report, style) : renderPreview(report, style)),
  exitCode: (report, invocation) => ("outcome" in report ? changeExitCode(report, invocation) : 0),
});

function pullPolicy(invocation: Invocation): PullPolicy {
  const when = invocation.value("pull") ?? "always";
  if (when === "always" || when === "missing" || when === "never") return when;
  throw cliError("usage", `--pull: ${JSON.stringify(when)} is not always, missing or never`);
}
