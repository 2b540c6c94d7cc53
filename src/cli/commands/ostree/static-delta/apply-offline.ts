// SPDX-License-Identifier: Apache-2.0
import type { DeltaKeys } from "../../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { argument, openRepo, repoOption } from "../open-repo.ts";
import { deltaKeyOptions, deltaKeys } from "./delta-keys.ts";

export default defineCommand<undefined>({
  path: ["ostree", "static-delta", "apply-offline"],
  summary: "Apply static delta file",
  examples: [
    {
      command: "atomic ostree --repo=/ostree/repo static-delta apply-offline /media/usb/update.delta",
      text: "Bring a commit by a file instead of the network",
    },
  ],
  arguments: [
    { name: "PATH", optional: true },
    { name: "KEY-ID", optional: true, repeat: true },
  ],
  options: [repoOption, ...deltaKeyOptions],
  async run(invocation) {
    const path = argument(invocation, 0, "PATH must be specified");
    const { applyDeltaOffline } = await import("../../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    await applyDeltaOffline(repo, path, { keys: await offlineKeys(invocation) });
    return undefined;
  },
});

/** Without any option and any key on the system nothing is verified, unless the repository asks for it. */
async function offlineKeys(invocation: Invocation): Promise<DeltaKeys | undefined> {
  const { ostreeError } = await import("../../../../ostree/index.ts");
  const asked =
    invocation.args.length > 1 || ["keys-file", "keys-dir"].some((name) => invocation.value(name) !== undefined);
  try {
    return await deltaKeys(invocation, invocation.args.slice(1));
  } catch (error) {
    if (!asked && ostreeError.is(error, "sign-keys")) return undefined;
    throw error;
  }
}
