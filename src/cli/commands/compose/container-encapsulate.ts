// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { EncapsulateCommitOptions, EncapsulatedCommit, ManifestDiff } from "../../../compose/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import {
  differenceLines,
  formatVersionOption,
  imageConfigOption,
  imageLines,
  labelOption,
  maxLayersOption,
  readImageOptions,
} from "./image-options.ts";

interface Report extends Omit<EncapsulatedCommit, "manifest"> {
  readonly difference?: ManifestDiff;
}

export default defineCommand<Report>({
  path: ["compose", "container-encapsulate"],
  summary: "Write a commit as a container image",
  description:
    "The image has the commit in it, so that a host that rebases to it deploys the same commit, and is a root file system to " +
    "a container engine. Packages are parted into layers, so that the next image shares most of them. IMAGE is oci:DIR[:TAG], " +
    "oci-archive:FILE[:TAG], docker://HOST/NAME:TAG (or registry:) or containers-storage:NAME; the last two are skopeo's.",
  examples: [
    {
      command:
        "atomic compose container-encapsulate --repo=repo debian/13/x86_64/container-host oci-archive:host.ociarchive",
      text: "Write an archive",
    },
    {
      command: "atomic host rebase ostree-unverified-image:oci-archive:/srv/host.ociarchive",
      text: "Then, on a host",
    },
  ],
  arguments: [{ name: "REV" }, { name: "IMAGE" }],
  options: [
    { name: "repo", value: "REPO", help: "The repository that has the commit" },
    labelOption,
    imageConfigOption,
    { name: "arch", value: "ARCH", help: "Go's name of the architecture, as amd64; default: this machine's" },
    { name: "copymeta", value: "KEY", repeat: true, help: "Make a label of this key of the commit's metadata" },
    { name: "copymeta-opt", value: "KEY", repeat: true, help: "The same, if the commit has it" },
    { name: "cmd", value: "WORD", repeat: true, help: "What a container of the image runs" },
    maxLayersOption,
    formatVersionOption,
    {
      name: "previous-build-manifest",
      value: "FILE",
      help: "Manifest of the last image: packages stay in the layers that they are in there",
    },
    { name: "compare-with-build", value: "IMAGE", help: "Say how many layers hosts with that image would fetch" },
    { name: "authfile", value: "FILE", help: "Registry logins, containers-auth.json(5)" },
    { name: "write-contentmeta-json", value: "FILE", hidden: true, help: "Refused: see there" },
  ],
  json: true,
  async run(invocation) {
    if (invocation.value("write-contentmeta-json") !== undefined)
      throw cliError("usage", "--write-contentmeta-json: how often packages change is not counted here", {
        hint: "--json  tells the components of each layer",
      });
    const { encapsulateCommit, diffManifests } = await import("../../../compose/index.ts");
    const { inspectImage, parseImage } = await import("../../../ostree/index.ts");
    const { manifest, ...written } = await encapsulateCommit(await readOptions(invocation), invocation.progress);
    const other = invocation.value("compare-with-build");
    if (other === undefined) return written;
    const before = await inspectImage(parseImage(other));
    if (before === undefined) throw cliError("usage", `--compare-with-build=${other}: there is no such image`);
    return { ...written, difference: diffManifests(before.manifest, manifest) };
  },
  render: ({ difference, ...written }) =>
    [...imageLines(written), ...(difference === undefined ? [] : differenceLines(difference))].join("\n"),
});

async function readOptions(invocation: Invocation): Promise<EncapsulateCommitOptions> {
  const { parseImage, Repo } = await import("../../../ostree/index.ts");
  const { decodeManifest } = await import("../../../formats/index.ts");
  const [path, previous, architecture, authFile] = ["repo", "previous-build-manifest", "arch", "authfile"].map((name) =>
    invocation.value(name),
  );
  const [rev, image] = invocation.args;
  if (path === undefined) throw cliError("usage", "no --repo given");
  if (rev === undefined || image === undefined) throw cliError("usage", "no REV or no IMAGE given");
  const repo = Repo.open(path);
  const command = invocation.values("cmd");
  return {
    ...(await readImageOptions(invocation)),
    repo,
    commit: repo.resolve(rev),
    image: parseImage(image),
    metadataLabels: { required: invocation.values("copymeta"), optional: invocation.values("copymeta-opt") },
    ...(command.length === 0 ? {} : { command }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(previous === undefined ? {} : { previous: decodeManifest(readFileSync(previous), previous) }),
    ...(authFile === undefined ? {} : { push: { authFile } }),
  };
}
