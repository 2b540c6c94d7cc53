// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, DeployPreview, HostsReport } from "../../../gear/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { changeExitCode, renderChange } from "../../render/gear-change.ts";
import { hostsExitCode, renderHosts } from "../../render/gear-hosts.ts";
import { renderPreview } from "../../render/gear-preview.ts";
import { readApplicationFile } from "./application-file.ts";
import { deployFileOnHosts } from "./deploy-on-hosts.ts";
import { engineOption } from "./engine-option.ts";
import { patienceOption } from "./hosts-options.ts";
import { pullOption } from "./pull-option.ts";
import { rootOption } from "./root-option.ts";
import { interruption, connectSurroundings, unchangedOption, who } from "./shared.ts";

export default defineCommand({
  path: ["gear", "deploy"],
  summary: "Deploy an application, or a new version of it",
  description:
    "FILE is a gear file, a Compose file, geard's JSON, a Quadlet file or a directory of those. Images are pulled and pinned first, while everything runs on. Then units that changed are restarted, in the order of their dependencies, and watched: when a container is not healthy for long enough in its time (`update` in the file), everything goes back to how it was, and the exit code is 1. Generations that ran are kept to go back to.\n\nWith HOST..., as ssh takes them, its containers are placed on those hosts, whose own `atomic` does all this over ssh: all of them come to run it, or all go back.",
  examples: [
    { command: "atomic gear deploy shop.yaml --dry-run", text: "See the units and what would be done:" },
    { command: 'atomic gear deploy shop.yaml -m "new prices"', text: "Deploy, and say what for:" },
    {
      command: "atomic gear deploy shop.yaml --with-host",
      text: "With the update of the host that is staged, as one:",
    },
    { command: "atomic gear deploy /srv/shop", text: "A directory of Quadlet files:" },
    { command: "atomic gear deploy shop.yaml web1 web2 root@db.example.org", text: "On several hosts, or on none:" },
  ],
  arguments: [{ name: "FILE" }, { name: "HOST", optional: true, repeat: true }],
  options: [
    {
      name: "dry-run",
      short: "n",
      help: "Show the units, what changes in them and what would be done; change nothing",
    },
    { name: "name", value: "APPLICATION", help: "Name of the application, where the file has none" },
    { name: "message", short: "m", value: "TEXT", help: "What for; `history` shows it" },
    { name: "pull", value: "WHEN", help: "always (default), missing, or never: pull images" },
    {
      name: "with-host",
      help: "Switch to it when the host that is to boot next has booted; go back from it with that host",
    },
    { name: "engine", value: "ENGINE", help: "podman (default) or docker" },
    patienceOption,
    unchangedOption,
    rootOption,
  ],
  json: true,
  async run(invocation): Promise<ChangeReport | DeployPreview | HostsReport> {
    const pull = pullOption(invocation, "always");
    const { deploy, GenerationStore, parseName, previewDeploy } = await import("../../../gear/index.ts");
    const [path = "", ...hosts] = invocation.args;
    const named = invocation.value("name");
    const name = named === undefined ? undefined : parseName(named, "an application");
    const engine = engineOption(invocation);
    const withHost = invocation.flag("with-host");
    if (hosts.length > 0 && withHost) throw cliError("usage", "--with-host is for the host that it is typed on");
    if (hosts.length > 0) return await deployFileOnHosts(invocation, { path, hosts, name, engine, pull });
    const store = new GenerationStore(invocation.value("root"));
    const read = await readApplicationFile(path, { name, engine, store, progress: invocation.progress });
    using surroundings = await connectSurroundings(invocation, engine);
    if (invocation.flag("dry-run")) return await previewDeploy(surroundings, { ...read, pull, withHost });
    await read.prepare();
    using interrupt = await interruption(invocation);
    const given = { pull, message: invocation.value("message"), withHost };
    const request = { ...read, ...who(), ...given, signal: interrupt.signal };
    return await deploy(surroundings, request);
  },
  render(report, style) {
    if ("hosts" in report) return renderHosts(report, style);
    return "outcome" in report ? renderChange(report, style) : renderPreview(report, style);
  },
  exitCode(report, invocation) {
    if ("hosts" in report) return hostsExitCode(report, invocation);
    return "outcome" in report ? changeExitCode(report, invocation) : 0;
  },
});
