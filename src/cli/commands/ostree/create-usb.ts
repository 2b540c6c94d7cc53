// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { collectionRefs } from "./collection-refs.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

interface Copied {
  readonly refs: number;
  readonly source: string;
  readonly destination: string;
  readonly mount: string;
}

export default defineCommand<Copied>({
  path: ["ostree", "create-usb"],
  summary: "Copy the refs to a USB stick",
  examples: [
    {
      command: "atomic ostree create-usb /media/stick org.example.Os os/stable",
      text: "Take a ref to hosts that have no network; they find it with find-remotes",
    },
  ],
  arguments: [
    { name: "MOUNT-PATH", optional: true },
    { name: "COLLECTION-ID REF", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    { name: "disable-fsync", help: "Do not invoke fsync()" },
    { name: "destination-repo", value: "DEST", help: "Use custom repository directory within the mount" },
    {
      name: "commit",
      value: "COMMIT",
      help: "Pull a specific commit (only works when a single ref is specified)",
    },
  ],
  async run(invocation) {
    const mount = argument(invocation, 0, "A MOUNT-PATH must be specified");
    const refs = await collectionRefs(invocation.args.slice(1));
    const commit = invocation.value("commit");
    if (commit !== undefined && refs.length > 1) {
      throw cliError("usage", "The --commit option can only be used when a single COLLECTION-ID REF pair is specified");
    }
    const { asChecksum, createUsb } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const destination = invocation.value("destination-repo") ?? ".ostree/repo";
    const options = {
      destination,
      ...(commit === undefined ? {} : { commit: asChecksum(commit) }),
      ...(invocation.flag("disable-fsync") ? { fsync: false } : {}),
    };
    await createUsb(repo, mount, refs, options, invocation.progress);
    return { refs: refs.length, source: repo.path, destination, mount };
  },
  render: ({ refs, source, destination, mount }) =>
    `Copied ${refs}/${refs} refs successfully from ‘${source}’ to ‘${destination}’ repository in ‘${mount}’.`,
});
