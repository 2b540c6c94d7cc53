// SPDX-License-Identifier: Apache-2.0
import type { RebaseRequest } from "../../../host/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { renderUpdate, type UpdateReport } from "../../render/host-upgrade.ts";
import { hostOptions, openForUpdate, refuseBoth, updateOptions, updateReport, updateRequest } from "./shared.ts";

export default defineCommand({
  path: ["host", "rebase"],
  summary: "Follow another branch or remote, from its newest version on",
  description:
    "REFSPEC is REMOTE:BRANCH, or only what changes: BRANCH, or REMOTE: for the same branch of another remote; or a commit's checksum, on which the host then stays. Or a container image: ostree-image-signed:docker://HOST/NAME:TAG, whose signature containers-policy.json asks for, ostree-unverified-registry:HOST/NAME:TAG, or ostree-unverified-image:oci-archive:FILE. REVISION is a version or commit of the branch. Kernel arguments and changes to /etc are kept.",
  examples: [
    { command: "atomic host rebase site:debian/14/x86_64/container-host", text: "To the next major version:" },
    { command: "atomic host rebase --remote=mirror", text: "The same branch from elsewhere:" },
    {
      command: "atomic host rebase ostree-image-signed:docker://registry.example.com/host:13",
      text: "To a container image:",
    },
  ],
  arguments: [
    { name: "REFSPEC", optional: true },
    { name: "REVISION", optional: true },
  ],
  options: [
    ...hostOptions,
    { name: "branch", short: "b", value: "BRANCH", help: "Follow this branch; with --remote, of that remote" },
    { name: "remote", short: "m", value: "REMOTE", help: "Follow this remote" },
    { name: "skip-purge", help: "Keep the ref of the branch that is left" },
    { name: "custom-origin-description", value: "TEXT", help: "What a commit given by its checksum is, in words" },
    { name: "custom-origin-url", value: "URL", help: "What a commit given by its checksum is, for programs" },
    { name: "experimental", hidden: true, help: "Taken for rpm-ostree's sake" },
    { name: "disallow-downgrade", help: "Refuse a commit that is older than the present one" },
    ...updateOptions,
  ],
  json: true,
  async run(invocation): Promise<UpdateReport> {
    refuseBoth(invocation, "download-only", "reboot");
    const request = requestOf(invocation);
    const sysroot = await openForUpdate(invocation, "rebase");
    const { rebase } = await import("../../../host/index.ts");
    const done = await rebase(sysroot, request, invocation.progress);
    const mode = invocation.flag("download-only") ? "download" : "apply";
    return updateReport(sysroot, done, mode, invocation, `rebase ${request.refspec}`);
  },
  render: renderUpdate,
});

function requestOf(invocation: Invocation): RebaseRequest {
  const [refspec = fromOptions(invocation), revision] = invocation.args;
  const customOrigin = customOriginOf(invocation);
  return {
    refspec,
    ...(revision === undefined ? {} : { revision }),
    ...(customOrigin === undefined ? {} : { customOrigin }),
    ...updateRequest(invocation),
    skipPurge: invocation.flag("skip-purge"),
    allowDowngrade: !invocation.flag("disallow-downgrade"),
  };
}

function fromOptions(invocation: Invocation): string {
  const [remote, branch] = [invocation.value("remote"), invocation.value("branch")];
  if (remote !== undefined) return `${remote}:${branch ?? ""}`;
  if (branch !== undefined) return branch;
  throw cliError("usage", "Must specify refspec, or -b branch or -m remote");
}

function customOriginOf(invocation: Invocation): RebaseRequest["customOrigin"] {
  const [url, description] = [invocation.value("custom-origin-url"), invocation.value("custom-origin-description")];
  if (url === undefined) return undefined;
  if (description !== undefined && description !== "") return { url, description };
  throw cliError("usage", "--custom-origin-description must be supplied with --custom-origin-url");
}
