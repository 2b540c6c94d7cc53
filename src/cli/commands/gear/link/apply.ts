// SPDX-License-Identifier: Apache-2.0
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { renderLinkChange } from "../../../render/gear-link.ts";
import { type LinkChangeReport, openLinkStore, refreshListener } from "./shared.ts";
import { engineOption } from "../engine-option.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "link", "apply"],
  hidden: true,
  summary: "Give a container that has started its links (called by its unit)",
  options: [
    { name: "file", value: "FILE", help: "The links, one ADDRESS:PORT=HOST:PORT a line" },
    { name: "pid", value: "PID", help: "A process of the container" },
    { name: "container", value: "NAME", help: "The container in its engine, instead of --pid" },
    { name: "engine", value: "ENGINE", help: "podman (default) or docker" },
    { name: "timeout", value: "SECONDS", help: "How long to wait for the container to run; default: 15" },
    rootOption,
  ],
  arguments: [{ name: "INSTANCE" }],
  json: true,
  async run(invocation): Promise<LinkChangeReport> {
    const file = invocation.value("file");
    if (file === undefined) throw cliError("usage", "--file is missing");
    const [{ applyInstanceLinks }, pid] = [await import("../../../../gear/index.ts"), await processOf(invocation)];
    const [instance, store] = [invocation.args[0]!, await openLinkStore(invocation)];
    const told = refreshListener(invocation, instance);
    return { instance, applied: await applyInstanceLinks(store, instance, file, pid, told) };
  },
  render: renderLinkChange,
});

async function processOf(invocation: Invocation): Promise<number> {
  const pid = invocation.value("pid");
  if (pid !== undefined) return count("pid", pid);
  const container = invocation.value("container");
  if (container === undefined) throw cliError("usage", "--pid or --container is missing");
  const engine = engineOption(invocation);
  const { containerProcess } = await import("../../../../gear/index.ts");
  const timeout = count("timeout", invocation.value("timeout") ?? "15");
  return containerProcess({ engine, container }, timeout * 1000);
}

function count(option: string, text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw cliError("usage", `--${option}: ${JSON.stringify(text)} is not a count`);
}
