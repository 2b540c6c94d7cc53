// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Checksum, Endianness, GeneratedDelta, Repo, Signer } from "../../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { openRepo, repoOption } from "../open-repo.ts";

export default defineCommand<string>({
  path: ["ostree", "static-delta", "generate"],
  summary: "Generate static delta files",
  description:
    "The delta leads from the parent of TO unless --from or --empty say otherwise. Every program that applies libostree's deltas applies it. The same commits and options give the same bytes.",
  examples: [
    {
      command: "atomic ostree --repo=/srv/repo static-delta generate host/stable",
      text: "Make the update from the last release to this one small",
    },
    {
      command:
        "atomic ostree --repo=repo static-delta generate --min-fallback-size=0 --inline --filename=update.delta main",
      text: "An update in one file, to be carried on a medium",
    },
  ],
  arguments: [{ name: "TO", optional: true }],
  options: [
    repoOption,
    { name: "from", value: "REV", help: "Create delta from revision REV" },
    { name: "empty", help: "Create delta from scratch" },
    { name: "inline", help: "Inline delta parts into main delta" },
    { name: "to", value: "REV", help: "Create delta to revision REV" },
    { name: "disable-bsdiff", help: "Disable use of bsdiff" },
    { name: "if-not-exists", short: "n", help: "Only generate if a delta does not already exist" },
    { name: "set-endianness", value: "ENDIAN", help: "Choose metadata endianness ('l' or 'B')" },
    { name: "swap-endianness", help: "Swap metadata endianness from host order" },
    {
      name: "min-fallback-size",
      value: "MB",
      help: "Minimum uncompressed size in megabytes for individual HTTP request (default 4; 0: none)",
    },
    {
      name: "max-bsdiff-size",
      value: "MB",
      help: "Maximum size in megabytes to consider bsdiff compression for input files (default 128)",
    },
    { name: "max-chunk-size", value: "MB", help: "Maximum size of delta chunks in megabytes (default 32)" },
    {
      name: "filename",
      value: "PATH",
      help: "Write the delta to PATH, and its parts beside it, not into the repository",
    },
    { name: "sign", value: "KEY_ID", repeat: true, help: "Sign the delta with" },
    { name: "sign-type", value: "NAME", help: "Signature type to use (defaults to 'ed25519')" },
    { name: "keys-file", value: "NAME", help: "Read key(s) from file" },
  ],
  async run(invocation) {
    const { deltaName, deltaPath, generateDelta } = await import("../../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const ends = resolveEnds(invocation, repo);
    const exists = existsSync(join(repo.path, deltaPath(ends, "superblock")));
    if (invocation.flag("if-not-exists") && exists) return `Delta ${deltaName(ends)} already exists.`;
    const made = await generateDelta(
      repo,
      {
        ...ends,
        ...sizes(invocation),
        inline: invocation.flag("inline"),
        bsdiff: !invocation.flag("disable-bsdiff"),
        endianness: endianness(invocation),
        signers: await signers(invocation),
        ...filename(invocation),
      },
      invocation.progress,
    );
    for (const text of statistics(made)) invocation.progress({ type: "note", text });
    return `Generating static delta:\n  From: ${ends.from ?? "empty"}\n  To:   ${ends.to}`;
  },
  render: (text) => text,
});

function resolveEnds(invocation: Invocation, repo: Repo): { from?: Checksum; to: Checksum } {
  const to = invocation.value("to") ?? invocation.args[0];
  const from = invocation.value("from");
  if (to === undefined) throw cliError("usage", "TO revision must be specified");
  if (!invocation.flag("empty")) return { from: repo.resolve(from ?? `${to}^`), to: repo.resolve(to) };
  if (from !== undefined) throw cliError("usage", "Cannot specify both --empty and --from=REV");
  return { to: repo.resolve(to) };
}

function sizes(invocation: Invocation) {
  const minFallbackSize = megabytes(invocation, "min-fallback-size");
  const maxBsdiffSize = megabytes(invocation, "max-bsdiff-size");
  const maxChunkSize = megabytes(invocation, "max-chunk-size");
  return {
    ...(minFallbackSize === undefined ? {} : { minFallbackSize }),
    ...(maxBsdiffSize === undefined ? {} : { maxBsdiffSize }),
    ...(maxChunkSize === undefined ? {} : { maxChunkSize }),
  };
}

/** Millions of bytes, as libostree counts them. */
function megabytes(invocation: Invocation, name: string): number | undefined {
  const text = invocation.value(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw cliError("usage", `--${name}=${text} is not a number of megabytes`);
  return Number(text) * 1_000_000;
}

function endianness(invocation: Invocation): Endianness {
  const chosen = invocation.value("set-endianness") ?? "l";
  if (chosen !== "l" && chosen !== "B") throw cliError("usage", `Invalid endianness '${chosen}'`);
  if (!invocation.flag("swap-endianness")) return chosen;
  return chosen === "l" ? "B" : "l";
}

function filename(invocation: Invocation): { filename?: string } {
  const path = invocation.value("filename");
  if (path === "") throw cliError("usage", "Invalid 'filename' parameter");
  return path === undefined ? {} : { filename: path };
}

async function signers(invocation: Invocation): Promise<Signer[]> {
  const { defaultSignType, keySigner, parseSecretKey, parseSignType, readSecretKeys } =
    await import("../../../../ostree/index.ts");
  const type = parseSignType(invocation.value("sign-type") ?? defaultSignType);
  const given = invocation.values("sign").map((key) => parseSecretKey(type, key));
  const file = invocation.value("keys-file");
  const secrets = file === undefined ? given : [...given, ...readSecretKeys(type, file)];
  return secrets.map((secret) => keySigner(type, secret));
}

/** As libostree words them; its name for files of which pieces are copied is rollsum. */
function statistics({ parts, counts }: GeneratedDelta): string[] {
  const uncompressed = parts.reduce((sum, { usize }) => sum + usize, 0);
  const compressed = parts.reduce((sum, { size }) => sum + size, 0);
  return [
    `uncompressed=${uncompressed} compressed=${compressed}`,
    `rollsum=${counts.copy} objects`,
    `bsdiff=${counts.bsdiff} objects`,
  ];
}
