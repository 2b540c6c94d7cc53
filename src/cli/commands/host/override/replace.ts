// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { renderLayers } from "../../../render/host-layers.ts";
import { changeHostLayers, layerOptions, unchangedExit } from "../layers.ts";
import { isPackageFile } from "../shared.ts";

export default defineCommand({
  path: ["host", "override", "replace"],
  summary: "Put other packages in place of those of the version",
  description:
    "Makes a deployment of the present version in which each package stands in place of the one of its name: a package file or URL, or with --from a name, of which the repository's newest is taken again with each later version. It stays so until `override reset`.",
  examples: [
    { command: "atomic host override replace ./podman-5.0.2-1.rpm", text: "Try a fixed build:" },
    { command: "atomic host override replace --from repo=updates-testing podman", text: "Follow a repository:" },
  ],
  arguments: [{ name: "PACKAGE", repeat: true }],
  options: [
    ...layerOptions,
    { name: "remove", value: "PACKAGE", repeat: true, help: "Remove this one from the version in the same step" },
    {
      name: "from",
      value: "SOURCE",
      help: "Where names are looked for: repo=ID, the id of an enabled repository; on Debian a suite or codename",
    },
    { name: "freeze", help: "Keep to the versions that --from finds now" },
    { name: "experimental", hidden: true, help: "Nothing is asked for it; for scripts written for rpm-ostree" },
  ],
  json: true,
  async run(invocation) {
    const names = invocation.args.filter((word) => !isPackageFile(word));
    const repository = repositoryOf(invocation.value("from"));
    if (repository === undefined && names.length > 0)
      throw cliError("usage", `${names[0]} is no package file`, {
        hint: "name its file or URL, or the repository that has it: --from repo=ID",
      });
    // A version that is named is kept, as rpm-ostree does (`sort_replacements`).
    const isFrozen = (name: string) => invocation.flag("freeze") || /.-[^-]+-[^-]+\.[^-.]+$|=/.test(name);
    const from = (packages: readonly string[]) =>
      repository === undefined || packages.length === 0 ? [] : [{ repository, packages }];
    return changeHostLayers(invocation, "override replace", {
      overrideFiles: invocation.args.filter(isPackageFile),
      overrideReplaceFrom: from(names.filter((name) => !isFrozen(name))),
      overrideFrozen: from(names.filter(isFrozen)),
      overrideRemove: invocation.values("remove"),
    });
  },
  render: renderLayers,
  exitCode: unchangedExit,
});

/** `parse_override_source` */
function repositoryOf(source: string | undefined): string | undefined {
  if (source === undefined) return undefined;
  const [, kind, name] = /^([^=]*)=(.*)$/s.exec(source) ?? [];
  if (kind === "repo" && name !== undefined && name !== "") return name;
  throw cliError("usage", `--from ${source}: only repositories are known as sources`, { hint: "--from repo=ID" });
}
