// SPDX-License-Identifier: Apache-2.0
import type { BuildOptions, BuiltImage } from "../../../image/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderBuiltImage } from "../../render/image-build.ts";

export default defineCommand({
  path: ["image", "build"],
  summary: "Make a disk that boots from a release",
  description:
    "The disk has a GUID partition table, GRUB for BIOS and UEFI, and an ext4 root file system with one deployment. Nothing is mounted. The machine gets its next releases from the remote.",
  examples: [
    {
      command: "atomic image build --repo repo --ref debian/13/x86_64/container-host -o host.qcow2",
      text: "A disk for atomic image run:",
    },
    {
      command:
        "atomic image build --repo repo --ref debian/13/x86_64/container-host --format raw --remote-url https://example.org/repo --remote-key keys.asc -o host.raw",
      text: "A disk to write to a machine, which is updated from a server and checks signatures:",
    },
  ],
  options: [
    { name: "repo", value: "REPO", help: "Repository with the release" },
    { name: "ref", value: "REF", help: "Which release; the machine follows this branch" },
    { name: "output", short: "o", value: "FILE", help: "Where to write the disk" },
    { name: "format", value: "FORMAT", help: "raw or qcow2; default: by the name of the output" },
    { name: "size", value: "SIZE", help: "Size of the disk, such as 10G; default: room for updates, at least 10G" },
    { name: "karg", value: "ARG", repeat: true, help: "Add a kernel argument" },
    { name: "stateroot", value: "NAME", help: "Name of the system's state; default: first part of the ref" },
    { name: "remote-name", value: "NAME", help: "Name of the remote; default: as the stateroot" },
    { name: "remote-url", value: "URL", help: "Where releases come from; default: as atomic image run serves them" },
    { name: "remote-key", value: "FILE", help: "OpenPGP keys that releases must be signed with" },
    { name: "no-gpg-verify", help: "Take unsigned releases from the --remote-url" },
    { name: "label", value: "LABEL", help: "Label of the root file system; default: root" },
  ],
  json: true,
  async run(invocation): Promise<BuiltImage> {
    const { buildImage } = await import("../../../image/index.ts");
    return buildImage(await buildOptions(invocation), invocation.progress);
  },
  render: renderBuiltImage,
});

async function buildOptions(invocation: Invocation): Promise<BuildOptions> {
  const { parseSize } = await import("../../../image/index.ts");
  const output = required(invocation, "output");
  const size = invocation.value("size");
  const epoch = process.env["SOURCE_DATE_EPOCH"];
  const optional = {
    stateroot: invocation.value("stateroot"),
    remoteName: invocation.value("remote-name"),
    remoteUrl: invocation.value("remote-url"),
    remoteKeys: invocation.value("remote-key"),
    label: invocation.value("label"),
    size: size === undefined ? undefined : parseSize(size),
    timestamp: epoch !== undefined && /^\d{1,11}$/.test(epoch) ? Number(epoch) : undefined,
  };
  return {
    repo: required(invocation, "repo"),
    ref: required(invocation, "ref"),
    output,
    format: chooseFormat(invocation.value("format"), output),
    kernelArgs: invocation.values("karg"),
    gpgVerify: !invocation.flag("no-gpg-verify"),
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
  };
}

function required(invocation: Invocation, name: string): string {
  const value = invocation.value(name);
  if (value === undefined) throw cliError("usage", `--${name} is needed`, { hint: "atomic image build --help" });
  return value;
}

function chooseFormat(asked: string | undefined, output: string): "raw" | "qcow2" {
  const format = asked ?? (output.endsWith(".qcow2") ? "qcow2" : "raw");
  if (format === "raw" || format === "qcow2") return format;
  throw cliError("usage", `--format is raw or qcow2, not ${format}`, { hint: "atomic image build --help" });
}
