// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ComposedImage, ComposeImageOptions, InitializeMode } from "../../../compose/index.ts";
import type { ImageReference } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { executablePath } from "../../executable.ts";
import {
  differenceLines,
  imageConfigOption,
  imageLines,
  labelOption,
  maxLayersOption,
  readImageOptions,
} from "./image-options.ts";
import { cacheDir, composeOptions, lockfileOptions, openTreefile, readLocks } from "./shared.ts";
import { sourceDate } from "./tree-options.ts";

export default defineCommand<ComposedImage>({
  path: ["compose", "image"],
  summary: "Compose a tree from a treefile and write it as a container image",
  description:
    "As `atomic compose tree`, then `atomic compose container-encapsulate`. OUTPUT is a file, with --format=oci a directory, with " +
    "--format=registry HOST/NAME:TAG. An image that is there tells whether anything changed, and which packages share a layer; " +
    "the first is made with --initialize.",
  examples: [
    { command: "atomic compose image --initialize host.yaml host.ociarchive", text: "The first" },
    {
      command:
        "atomic compose image --initialize-mode=if-not-exists --format=registry host.yaml registry.example.com/host:13",
      text: "Into a registry, whether it has one or not",
    },
  ],
  arguments: [{ name: "MANIFEST" }, { name: "OUTPUT" }],
  options: [
    ...composeOptions,
    { name: "offline", help: "As --cache-only" },
    { name: "initialize", short: "i", help: "Do not look for an image there: make the first" },
    {
      name: "initialize-mode",
      value: "MODE",
      help: "query: there must be an image already (default); always; never: there must be none; if-not-exists",
    },
    { name: "format", value: "FORMAT", help: "ociarchive (default), oci or registry" },
    { name: "force-nocache", help: "Compose even if nothing changed" },
    {
      name: "source-root",
      value: "ROOT",
      help: "Take .repo files, their variables and keys, and the release number from this root",
    },
    { name: "layer-repo", value: "REPO", help: "Take the refs of ostree-layers from there" },
    ...lockfileOptions,
    { name: "write-lockfile-to", value: "FILE", help: "Write the chosen packages to a lockfile" },
    labelOption,
    imageConfigOption,
    maxLayersOption,
    { name: "touch-if-changed", value: "FILE", help: "Write an empty file if an image was written" },
    { name: "authfile", value: "FILE", help: "Registry logins, containers-auth.json(5)" },
    { name: "copy-retry-times", value: "N", help: "Try so often again to write to a registry" },
    {
      name: "executable",
      value: "FILE",
      help: "Put this self-contained atomic program into the tree; default: itself",
    },
  ],
  json: true,
  async run(invocation) {
    const options = await readOptions(invocation);
    const { composeImage } = await import("../../../compose/index.ts");
    const result = await composeImage(options, invocation.progress);
    const mark = invocation.value("touch-if-changed");
    if (result.changed && mark !== undefined) writeFileSync(mark, "");
    return result;
  },
  render: ({ image, written, difference }) =>
    written === undefined
      ? `No changes: ${image}`
      : [...imageLines(written), ...(difference === undefined ? [] : differenceLines(difference))].join("\n"),
});

async function readOptions(invocation: Invocation): Promise<ComposeImageOptions> {
  const treefile = await openTreefile(invocation);
  const { Repo } = await import("../../../ostree/index.ts");
  const directory = cacheDir(invocation);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "image-repo");
  const repo = existsSync(join(path, "config")) ? Repo.open(path) : Repo.init(path, "bare-user");
  const [sourceRoot, layers, lockfile] = ["source-root", "layer-repo", "write-lockfile-to"].map((name) =>
    invocation.value(name),
  );
  const executable = invocation.value("executable") ?? (await executablePath(invocation.progress));
  return {
    ...(await readImageOptions(invocation)),
    image: await outputImage(invocation),
    initialize: initializeMode(invocation),
    push: pushOptions(invocation),
    compose: {
      treefile,
      repo,
      cacheDir: directory,
      force: invocation.flag("force-nocache"),
      offline: invocation.flag("offline") || invocation.flag("cache-only"),
      ...(await readLocks(invocation)),
      ...(sourceRoot === undefined ? {} : { sourceRoot }),
      ...(layers === undefined ? {} : { layerRepo: Repo.open(layers) }),
      ...(lockfile === undefined ? {} : { writeLockfile: lockfile }),
      ...(executable === undefined ? {} : { executable }),
      ...sourceDate(),
    },
  };
}

function pushOptions(invocation: Invocation): NonNullable<ComposeImageOptions["push"]> {
  const [authFile, retries] = ["authfile", "copy-retry-times"].map((name) => invocation.value(name));
  if (retries !== undefined && !/^\d{1,3}$/.test(retries))
    throw cliError("usage", `--copy-retry-times=${retries}: a number wanted`);
  return {
    ...(authFile === undefined ? {} : { authFile }),
    ...(retries === undefined ? {} : { retries: Number(retries) }),
  };
}

const transports = { ociarchive: "oci-archive", oci: "oci", registry: "docker" } as const;

async function outputImage(invocation: Invocation): Promise<ImageReference> {
  const [, output] = invocation.args;
  const format = invocation.value("format") ?? "ociarchive";
  if (output === undefined) throw cliError("usage", "no OUTPUT given");
  if (!Object.hasOwn(transports, format))
    throw cliError("usage", `--format=${format}: there are ${Object.keys(transports).join(", ")}`);
  const { parseImage } = await import("../../../ostree/index.ts");
  const transport = transports[format as keyof typeof transports];
  return parseImage(transport === "docker" ? `docker://${output}` : `${transport}:${output}`);
}

const modes: readonly InitializeMode[] = ["query", "always", "never", "if-not-exists"];

function initializeMode(invocation: Invocation): InitializeMode {
  const given = invocation.value("initialize-mode");
  if (given !== undefined && invocation.flag("initialize"))
    throw cliError("usage", "Cannot specify both --initialize and --initialize-mode");
  if (invocation.flag("initialize")) return "always";
  const mode = modes.find((one) => one === (given ?? "query"));
  if (mode === undefined) throw cliError("usage", `--initialize-mode=${given}: there are ${modes.join(", ")}`);
  return mode;
}
