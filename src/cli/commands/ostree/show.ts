// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { Checksum, Repo } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { commitText, rawCommitText } from "./commit-text.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";
import { formatSize } from "../../render/columns.ts";
import { xattrsText } from "./xattrs-text.ts";

export default defineCommand<string>({
  path: ["ostree", "show"],
  summary: "Output a metadata object",
  arguments: [{ name: "OBJECT", optional: true }],
  options: [
    repoOption,
    { name: "print-related", help: 'Show the "related" commits' },
    {
      name: "print-variant-type",
      value: "TYPE",
      help: "Memory map OBJECT (in this case a filename) to the GVariant type string",
    },
    { name: "list-metadata-keys", help: "List the available metadata keys" },
    { name: "print-metadata-key", value: "KEY", help: "Print string value of metadata key" },
    { name: "print-hex", help: "For byte array valued keys, output an unquoted hexadecimal string" },
    { name: "list-detached-metadata-keys", help: "List the available detached metadata keys" },
    { name: "print-detached-metadata-key", value: "KEY", help: "Print string value of detached metadata key" },
    { name: "print-sizes", help: "Show the commit size metadata" },
    { name: "raw", help: "Show raw variant data" },
    { name: "no-byteswap", short: "B", help: "Do not automatically convert variant data from big endian" },
    { name: "gpg-homedir", value: "HOMEDIR", help: "GPG Homedir to use when looking for keyrings" },
    { name: "gpg-verify-remote", value: "REMOTE", help: "Use REMOTE name for GPG configuration" },
  ],
  async run(invocation) {
    const object = argument(invocation, 0, "An object argument is required");
    const type = invocation.value("print-variant-type");
    if (type !== undefined) return variantText(object, type, invocation);
    const repo = await openRepo(invocation);
    const key = invocation.value("print-metadata-key");
    const detached = invocation.value("print-detached-metadata-key");
    if (key !== undefined) return metadataText(repo.loadCommit(repo.resolve(object)).metadata, key, invocation);
    if (detached !== undefined) {
      return metadataText(await loadDetachedMetadata(repo, repo.resolve(object)), detached, invocation);
    }
    if (invocation.flag("list-detached-metadata-keys")) {
      return keysText(await loadDetachedMetadata(repo, repo.resolve(object)));
    }
    if (invocation.flag("list-metadata-keys")) return keysText(repo.loadCommit(repo.resolve(object)).metadata);
    if (invocation.flag("print-related")) return relatedText(repo, repo.resolve(object));
    if (invocation.flag("print-sizes")) return sizesText(repo, repo.resolve(object));
    return objectText(repo, object, invocation);
  },
  render: (text) => text,
});

async function variantText(path: string, type: string, invocation: Invocation): Promise<string> {
  const { printGVariant, readGVariant } = await import("../../../formats/index.ts");
  return printGVariant(type, readGVariant(type, readFileSync(path), path), {
    byteswap: !invocation.flag("no-byteswap"),
  });
}

type Metadata = ReturnType<Repo["loadCommit"]>["metadata"];

async function metadataText(metadata: Metadata, key: string, invocation: Invocation): Promise<string> {
  const { printGVariant } = await import("../../../formats/index.ts");
  const found = metadata.get(key);
  if (!found) throw cliError("usage", `No such metadata key '${key}'`);
  if (invocation.flag("print-hex") && found.type === "ay")
    return Buffer.from(found.value as Uint8Array).toString("hex");
  return printGVariant(found.type, found.value, { byteswap: !invocation.flag("no-byteswap") });
}

async function loadDetachedMetadata(repo: Repo, commit: Checksum): Promise<Metadata> {
  const { readGVariant } = await import("../../../formats/index.ts");
  if (!repo.holds(commit, "commitmeta")) throw cliError("usage", `No detached metadata for commit ${commit}`);
  const bytes = repo.loadMetadata(commit, "commitmeta");
  return readGVariant("a{sv}", bytes, `${commit}.commitmeta`) as Metadata;
}

function keysText(metadata: Metadata): string {
  return [...metadata.keys()].sort().join("\n");
}

/** The commits that a commit names beside its parent, which no program writes nowadays (do_print_related). */
async function relatedText(repo: Repo, commit: Checksum): Promise<string> {
  const { readGVariant } = await import("../../../formats/index.ts");
  const fields = readGVariant("(a{sv}aya(say)sstayay)", repo.loadMetadata(commit, "commit"), commit);
  const related = (fields as readonly unknown[])[2] as readonly [string, Uint8Array][];
  return related.map(([name, checksum]) => `${name} ${Buffer.from(checksum).toString("hex")}`).join("\n");
}

/** What a client that has this repository would still need of a commit (do_print_sizes). */
async function sizesText(repo: Repo, commit: Checksum): Promise<string> {
  const { readSizes } = await import("../../../ostree/index.ts");
  const sizes = readSizes(repo.loadCommit(commit), `commit ${commit}`);
  if (!sizes) throw cliError("usage", "No metadata key ostree.sizes in commit");
  const missing = sizes.filter(({ checksum, type }) => type !== undefined && !repo.holds(checksum, type));
  const sum = (list: typeof sizes, key: "archived" | "unpacked") =>
    formatSize(Number(list.reduce((total, entry) => total + entry[key], 0n)));
  const line = (key: "archived" | "unpacked") => `(needed/total): ${sum(missing, key)}/${sum(sizes, key)}`;
  return [
    `Compressed size ${line("archived")}`,
    `Unpacked size ${line("unpacked")}`,
    `Number of objects (needed/total): ${missing.length}/${sizes.length}`,
  ].join("\n");
}

async function objectText(repo: Repo, object: string, invocation: Invocation): Promise<string> {
  const { isChecksum } = await import("../../../ostree/index.ts");
  if (!isChecksum(object) || repo.has(object, "commit")) return showCommit(repo, repo.resolve(object), invocation);
  const type = (["dirmeta", "dirtree"] as const).find((type) => repo.has(object, type));
  if (type === undefined) return fileText(repo, object);
  if (!invocation.flag("raw") && !invocation.flag("no-byteswap")) return `${type} ${object}`;
  const { printGVariant, readGVariant } = await import("../../../formats/index.ts");
  const form = type === "dirmeta" ? "(uuua(ayay))" : "(a(say)a(sayay))";
  const value = readGVariant(form, repo.loadMetadata(object, type), object);
  return `${type} ${object}\n${printGVariant(form, value, { byteswap: !invocation.flag("no-byteswap") })}`;
}

async function showCommit(repo: Repo, checksum: Checksum, invocation: Invocation): Promise<string> {
  const { contentChecksum, commitSignatures, findRemote, openKeyring, signaturesText } =
    await import("../../../ostree/index.ts");
  const commit = repo.loadCommit(checksum);
  const shown = { checksum, commit, contentChecksum: contentChecksum(commit) };
  if (invocation.flag("raw")) return rawCommitText(shown, !invocation.flag("no-byteswap"));
  const [remote, homedir] = [invocation.value("gpg-verify-remote"), invocation.value("gpg-homedir")];
  // The remote's keys, when one is named, and nobody else's (ostree_repo_verify_commit_for_remote).
  const keyring = openKeyring(repo, remote === undefined ? { homedir } : { remote: findRemote(repo, remote).name });
  const signatures = await commitSignatures(repo, checksum, keyring);
  const found = signatures.length === 0 ? "" : signaturesText((count) => `Found ${count}:`, signatures);
  const text = commitText(shown);
  // Without --raw stock prints both.
  const raw = invocation.flag("no-byteswap") ? rawCommitText(shown, false) : "";
  return `${raw}${raw === "" ? text : text.slice(text.indexOf("\n") + 1)}${found}`;
}

function fileText(repo: Repo, object: Checksum): string {
  const { header, size } = repo.loadFile(object);
  const linked = header.symlink !== "";
  const lines = [
    `Object: ${object}`,
    "Type: file",
    `File Type: ${linked ? "symlink" : "regular"}`,
    linked ? `Target: ${header.symlink}` : `Size: ${size}`,
    `Mode: 0${header.mode.toString(8).padStart(4, "0")}`,
    `Uid: ${header.uid}`,
    `Gid: ${header.gid}`,
    `Extended Attributes: { ${xattrsText(header.xattrs)} }`,
  ];
  return lines.join("\n");
}
