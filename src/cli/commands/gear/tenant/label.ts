// SPDX-License-Identifier: Apache-2.0
import type { Labelled } from "../../../../gear/index.ts";
import { defineCommand } from "../../../command.ts";
import { engineOption } from "../engine-option.ts";
import { openTenants, tenantName } from "./shared.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "tenant", "label"],
  summary: "Label directories as a tenant's",
  description:
    "Gives the directories, or all volumes of the tenant where none is named, with all in them the label that only its containers may use, and remembers them as its own. No symlink is followed and no other mount entered.",
  examples: [
    { command: "atomic gear tenant label acme /srv/acme", text: "A directory that its containers shall mount:" },
    { command: "atomic gear tenant label acme", text: "Mend the labels of what it has:" },
  ],
  arguments: [{ name: "NAME" }, { name: "PATH", optional: true, repeat: true }],
  options: [
    { name: "volume", value: "VOLUME", repeat: true, help: "A volume of the engine, by its name there" },
    { name: "engine", value: "ENGINE", help: "podman (default) or docker, of --volume" },
    { name: "new", help: "Leave a directory alone that has the label itself, without looking into it" },
    rootOption,
  ],
  json: true,
  async run(invocation): Promise<(Labelled & { readonly path: string })[]> {
    const { engineVolume, labelVolume } = await import("../../../../gear/index.ts");
    const [store, name] = [await openTenants(invocation), await tenantName(invocation)];
    const volumes = invocation.values("volume").map((volume) => engineVolume(engineOption(invocation), volume));
    const named = [...invocation.args.slice(1), ...(await Promise.all(volumes))];
    const paths = named.length > 0 ? named : store.volumePaths(store.tenant(name));
    const onlyNew = invocation.flag("new");
    return paths.map((path) => ({ path, ...labelVolume(store, name, path, { onlyNew }) }));
  },
  render: (all) => all.map(({ path, files, changed }) => `${path}: ${changed} of ${files} files labelled`).join("\n"),
});
