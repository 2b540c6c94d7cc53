// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { refuse, repoOption } from "./open-repo.ts";
import type { Committed } from "./run-commit.ts";
import { signFromFileOption, signOptions } from "./signers.ts";

export default defineCommand<Committed & { table: boolean }>({
  path: ["ostree", "commit"],
  summary: "Commit a new revision",
  json: true,
  examples: [
    { command: "atomic ostree --repo=repo commit -b main --tree=dir=tree", text: "Commit a directory to a branch" },
    {
      command: "atomic ostree commit -b main --tree=ref=base --tree=dir=more",
      text: "A commit with more laid over it",
    },
  ],
  arguments: [{ name: "PATH", optional: true }],
  options: [
    repoOption,
    { name: "parent", value: "COMMIT", help: 'Parent commit checksum, or "none"' },
    { name: "subject", short: "s", value: "SUBJECT", help: "One line subject" },
    { name: "body", short: "m", value: "BODY", help: "Full description" },
    { name: "body-file", short: "F", value: "FILE", help: "Commit message from FILE path" },
    { name: "editor", short: "e", hidden: true, help: "Not supported" },
    { name: "branch", short: "b", value: "BRANCH", help: "Branch" },
    { name: "orphan", help: "Create a commit without writing a ref" },
    { name: "no-bindings", help: "Do not write any ref bindings" },
    { name: "bind-ref", value: "BRANCH", repeat: true, help: "Add a ref to ref binding commit metadata" },
    { name: "base", value: "REV", help: "Start from the given commit as a base (no modifiers apply)" },
    { name: "tree", value: "dir=PATH or ref=COMMIT", repeat: true, help: "Overlay the given argument as a tree" },
    { name: "add-metadata-string", value: "KEY=VALUE", repeat: true, help: "Add a key/value pair to metadata" },
    {
      name: "add-metadata",
      value: "KEY=VALUE",
      repeat: true,
      help: "Add a key/value pair to metadata; VALUE is in GVariant text format",
    },
    { name: "keep-metadata", value: "KEY", repeat: true, help: "Keep metadata KEY and its value from parent" },
    {
      name: "add-detached-metadata-string",
      value: "KEY=VALUE",
      repeat: true,
      help: "Add a key/value pair to detached metadata",
    },
    { name: "owner-uid", value: "UID", help: "Set file ownership user id" },
    { name: "owner-gid", value: "GID", help: "Set file ownership group id" },
    { name: "canonical-permissions", help: "Owner 0:0, modes cut to 0755, no attributes" },
    { name: "bootable", hidden: true, help: "Not supported" },
    { name: "mode-ro-executables", help: "Ensure executable files are not writable" },
    { name: "no-xattrs", help: "Do not import extended attributes" },
    { name: "selinux-policy", value: "PATH", hidden: true, help: "Not supported" },
    { name: "selinux-policy-from-base", short: "P", hidden: true, help: "Not supported" },
    { name: "link-checkout-speedup", help: "Accepted; known files are found by their checksum" },
    { name: "devino-canonical", short: "I", hidden: true, help: "Not supported" },
    { name: "tar-autocreate-parents", hidden: true, help: "Not supported" },
    { name: "tar-pathname-filter", value: "REGEX,REPLACEMENT", hidden: true, help: "Not supported" },
    { name: "skip-if-unchanged", help: "If the contents are unchanged from previous commit, do nothing" },
    { name: "statoverride", value: "PATH", help: "File containing list of modifications to make to permissions" },
    { name: "skip-list", value: "PATH", help: "File containing list of files to skip" },
    { name: "consume", help: "Consume (delete) content after commit (for local directories)" },
    { name: "table-output", help: "Output more information in a KEY: VALUE format" },
    ...signOptions("commit"),
    signFromFileOption,
    { name: "generate-sizes", hidden: true, help: "Not supported" },
    { name: "generate-composefs-metadata", help: "Generate composefs commit metadata" },
    { name: "fsync", value: "POLICY", help: "Specify how to invoke fsync()" },
    { name: "timestamp", value: "TIMESTAMP", help: "Override the timestamp of the commit" },
  ],
  async run(invocation) {
    refuse(invocation, "editor", "bootable", "selinux-policy", "selinux-policy-from-base", "devino-canonical");
    refuse(invocation, "tar-autocreate-parents", "tar-pathname-filter");
    refuse(invocation, "generate-sizes");
    const { runCommit } = await import("./run-commit.ts");
    return { ...(await runCommit(invocation)), table: invocation.flag("table-output") };
  },
  render({ checksum, stats, table }) {
    if (!table) return checksum;
    return [
      `Commit: ${checksum}`,
      `Metadata Total: ${stats.metadataTotal}`,
      `Metadata Written: ${stats.metadataWritten}`,
      `Content Total: ${stats.contentTotal}`,
      `Content Written: ${stats.contentWritten}`,
      "Content Cache Hits: 0",
      `Content Bytes Written: ${stats.contentBytesWritten}`,
    ].join("\n");
  },
});
