// SPDX-License-Identifier: Apache-2.0
import type { BuildChunkedOptions, EncapsulatedCommit } from "../../../compose/index.ts";
import type { Checksum, Repo } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { formatVersionOption, imageLines, labelOption, maxLayersOption, readImageOptions } from "./image-options.ts";

export default defineCommand<Omit<EncapsulatedCommit, "manifest">>({
  path: ["compose", "build-chunked-oci"],
  summary: "Write a root file system as a container image for hosts",
  description:
    "Commits the directory, by the labels of its own SELinux policy and with /etc at /usr/etc, and writes the commit as " +
    "`atomic compose container-encapsulate` does. The same directory, with the same time, gives the same image.",
  examples: [
    {
      command: "atomic compose build-chunked-oci --bootc --rootfs=root --output=oci-archive:host.ociarchive",
      text: "Of what `atomic compose rootfs` made:",
    },
    {
      command:
        "atomic compose build-chunked-oci --bootc --from=localhost/built --output=containers-storage:localhost/host",
      text: "Of an image that podman has built, with its labels:",
    },
  ],
  options: [
    { name: "rootfs", value: "DIR", help: "The root file system" },
    { name: "from", value: "IMAGE", help: "The root file system of this image of podman's; its labels are kept" },
    { name: "bootc", help: "Mark it as an image for hosts; always to be given, as for rpm-ostree" },
    labelOption,
    maxLayersOption,
    formatVersionOption,
    { name: "sign-commit", value: "TYPE=FILE", repeat: true, help: "Sign the commit in it: ed25519=FILE or spki=FILE" },
    { name: "previous-build", value: "IMAGE", help: "Keep the packing of this image; default: of the one at --output" },
    { name: "reference", value: "TAG", help: "Tag of the image in a layout or archive; default: latest" },
    {
      name: "output",
      value: "IMAGE",
      help: "oci:DIR, oci-archive:FILE, docker://HOST/NAME:TAG, containers-storage:NAME",
    },
  ],
  json: true,
  async run(invocation) {
    const options = await readOptions(invocation);
    const { buildChunked, mountImage } = await import("../../../compose/index.ts");
    const [rootfs, from] = [invocation.value("rootfs"), invocation.value("from")];
    if ((rootfs === undefined) === (from === undefined))
      throw cliError("usage", "one of --rootfs and --from is needed");
    await using mounted = from === undefined ? undefined : await mountImage(from);
    const { manifest: _, ...written } = await buildChunked(
      {
        ...options,
        rootfs: mounted?.rootfs ?? rootfs!,
        labels: new Map([...(mounted?.labels ?? []), ...(options.labels ?? [])]),
        ...(mounted === undefined ? {} : { execution: mounted.execution }),
      },
      invocation.progress,
    );
    return written;
  },
  render: (written) => imageLines(written).join("\n"),
});

async function readOptions(invocation: Invocation): Promise<Omit<BuildChunkedOptions, "rootfs">> {
  const [output, previousBuild] = ["output", "previous-build"].map((name) => invocation.value(name));
  if (output === undefined) throw cliError("usage", "no --output given");
  if (!invocation.flag("bootc")) throw cliError("usage", "--bootc must be given: there is no other kind of image yet");
  const { parseImage } = await import("../../../ostree/index.ts");
  return {
    ...(await readImageOptions(invocation)),
    image: parseImage(tagged(output, invocation.value("reference") ?? "latest")),
    ...(previousBuild === undefined ? {} : { previousBuild }),
    sign: (repo, commit) => signCommits(invocation.values("sign-commit"), repo, commit),
  };
}

async function signCommits(words: readonly string[], repo: Repo, commit: Checksum): Promise<void> {
  const { keySigner, parseSignType, readSecretKeys, signCommit } = await import("../../../ostree/index.ts");
  for (const word of words) {
    const [, type, path] = /^(ed25519|spki)=(.+)$/.exec(word) ?? [];
    if (type === undefined || path === undefined)
      throw cliError("usage", `--sign-commit=${word}: ed25519=FILE or spki=FILE wanted`);
    const kind = parseSignType(type);
    for (const secret of readSecretKeys(kind, path)) await signCommit(repo, commit, keySigner(kind, secret));
  }
}

/** A path without a tag gets one. */
function tagged(output: string, tag: string): string {
  return /^oci(-archive)?:[^:]+$/.test(output) ? `${output}:${tag}` : output;
}
