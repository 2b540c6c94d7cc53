// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import type { ExtensionsOptions, ExtensionsResult } from "../../../compose/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { cacheDir, composeOptions, openTreefile } from "./shared.ts";

export default defineCommand<ExtensionsResult>({
  path: ["compose", "extensions"],
  summary: "Download packages that go with a release but are not in it",
  description:
    "Reads extensions.yaml, chooses its packages and what they need beyond the base, and puts them into a directory with " +
    "`extensions.json`, which says what is there. `kind: development` packages are taken without what they need.",
  examples: [
    {
      command: "atomic compose extensions host.yaml extensions.yaml --repo=repo --output-dir=out",
      text: "For the commit that the treefile's ref is at",
    },
    {
      command: "atomic compose extensions host.yaml extensions.yaml --rootfs=/ --output-dir=out",
      text: "For this host",
    },
  ],
  arguments: [{ name: "TREEFILE" }, { name: "EXTENSIONS" }],
  options: [
    { name: "output-dir", value: "DIR", help: "Put packages and extensions.json there; made when missing" },
    { name: "repo", short: "r", value: "REPO", help: "Has the commit that is the base" },
    { name: "base-rev", value: "REV", help: "The base; default: the treefile's ref" },
    { name: "rootfs", value: "ROOT", help: "The base is what is installed in this root" },
    { name: "touch-if-changed", value: "FILE", help: "Update the time stamp of a file if something was downloaded" },
    ...composeOptions,
    {
      name: "layer-repo",
      value: "REPO",
      hidden: true,
      help: "No effect, as with rpm-ostree: extensions have no layers",
    },
    { name: "unified-core", hidden: true, help: "Taken for rpm-ostree's sake: there is no other way" },
    { name: "ex-unified-core", hidden: true, help: "As --unified-core" },
  ],
  json: true,
  async run(invocation) {
    const treefile = await openTreefile(invocation);
    const [, file] = invocation.args;
    if (file === undefined) throw cliError("usage", "no extensions.yaml given");
    const outputDir = invocation.value("output-dir");
    if (outputDir === undefined) throw cliError("usage", "no --output-dir given");
    const { composeExtensions } = await import("../../../compose/index.ts");
    const base = await openBase(invocation, treefile.ref);
    const offline = invocation.flag("cache-only");
    const options = { treefile, file, outputDir, base, cacheDir: cacheDir(invocation), offline };
    const result = await composeExtensions(options, invocation.progress);
    const touched = invocation.value("touch-if-changed");
    if (result.changed && touched !== undefined) writeFileSync(touched, "");
    return result;
  },
  render: ({ changed, packages, development }) =>
    changed ? [...new Set([...packages, ...development])].toSorted().join("\n") : "No changes",
});

async function openBase(invocation: Invocation, ref: string | undefined): Promise<ExtensionsOptions["base"]> {
  const [path, rootfs, given] = ["repo", "rootfs", "base-rev"].map((name) => invocation.value(name));
  if (rootfs !== undefined && path !== undefined) throw cliError("usage", "--repo and --rootfs exclude each other");
  if (rootfs !== undefined) return { rootfs };
  if (path === undefined) throw cliError("usage", "neither --repo nor --rootfs given, which have the base");
  const rev = given ?? ref;
  if (rev === undefined) throw cliError("usage", "no --base-rev given, and the treefile has no ref");
  const { Repo } = await import("../../../ostree/index.ts");
  const repo = Repo.open(path);
  return { repo, commit: repo.resolve(rev) };
}
