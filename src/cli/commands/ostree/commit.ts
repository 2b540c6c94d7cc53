// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { repoOption } from "./open-repo.ts";
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
    { name: "editor", short: "e", help: "Use an editor to write the commit message" },
    { name: "branch", short: "b", value: "BRANCH", help: "Branch" },
    { name: "orphan", help: "Create a commit without writing a ref" },
    { name: "no-bindings", help: "Do not write any ref bindings" },
    { name: "bind-ref", value: "BRANCH", repeat: true, help: "Add a ref to ref binding commit metadata" },
    { name: "base", value: "REV", help: "Start from the given commit as a base (no modifiers apply)" },
    {
      name: "tree",
      value: "dir=PATH or tar=TARFILE or ref=COMMIT",
      repeat: true,
      help: "Overlay the given argument as a tree",
    },
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
    { name: "bootable", help: "Flag this commit as a bootable OSTree (e.g. contains a Linux kernel)" },
    { name: "mode-ro-executables", help: "Ensure executable files are not writable" },
    { name: "no-xattrs", help: "Do not import extended attributes" },
    {
      name: "selinux-policy",
      value: "PATH",
      help: "Set SELinux labels based on policy in root filesystem PATH (may be /)",
    },
    { name: "selinux-policy-from-base", short: "P", help: "Set SELinux labels based on first --tree argument" },
    {
      name: "selinux-labeling-epoch",
      value: "EPOCH",
      help: "Default SELinux labeling rules: 0, or 1, which labels /usr/etc as /etc",
    },
    { name: "link-checkout-speedup", help: "Optimize for commits of trees composed of hardlinks into the repository" },
    {
      name: "devino-canonical",
      short: "I",
      help: "Assume hardlinked objects are unmodified. Implies --link-checkout-speedup",
    },
    {
      name: "tar-autocreate-parents",
      help: "When loading tar archives, automatically create parent directories as needed",
    },
    {
      name: "tar-pathname-filter",
      value: "REGEX,REPLACEMENT",
      help: "When loading tar archives, use REGEX,REPLACEMENT against path names",
    },
    { name: "skip-if-unchanged", help: "If the contents are unchanged from previous commit, do nothing" },
    { name: "statoverride", value: "PATH", help: "File containing list of modifications to make to permissions" },
    { name: "skip-list", value: "PATH", help: "File containing list of files to skip" },
    { name: "consume", help: "Consume (delete) content after commit (for local directories)" },
    { name: "table-output", help: "Output more information in a KEY: VALUE format" },
    ...signOptions("commit"),
    signFromFileOption,
    { name: "generate-sizes", help: "Generate size information along with commit metadata" },
    { name: "generate-composefs-metadata", help: "Generate composefs commit metadata" },
    { name: "disable-fsync", hidden: true, help: "Do not invoke fsync()" },
    { name: "fsync", value: "POLICY", help: "Specify how to invoke fsync()" },
    { name: "timestamp", value: "TIMESTAMP", help: "Override the timestamp of the commit" },
  ],
  async run(invocation) {
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
      `Content Cache Hits: ${stats.cacheHits}`,
      `Content Bytes Written: ${stats.contentBytesWritten}`,
    ].join("\n");
  },
});
