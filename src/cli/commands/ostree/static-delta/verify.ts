// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { argument, openRepo, repoOption } from "../open-repo.ts";
import { deltaKeyOptions, deltaKeys } from "./delta-keys.ts";

interface Verified {
  readonly verified: boolean;
}

export default defineCommand<Verified>({
  path: ["ostree", "static-delta", "verify"],
  summary: "Verify static delta signatures",
  json: true,
  arguments: [
    { name: "STATIC-DELTA-FILE", optional: true },
    { name: "KEY-ID", optional: true, repeat: true },
  ],
  options: [repoOption, ...deltaKeyOptions],
  async run(invocation) {
    const delta = argument(invocation, 0, "DELTA must be specified");
    const { ostreeError, verifyDelta } = await import("../../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const keys = await deltaKeys(invocation, invocation.args.slice(1));
    try {
      verifyDelta(repo, delta, keys);
      return { verified: true };
    } catch (error) {
      if (!ostreeError.is(error, "sign-verify")) throw error;
      // The result is for standard output, the reason is not.
      invocation.progress({ type: "note", text: `error: ${error.message}` });
      return { verified: false };
    }
  },
  render: ({ verified }) => `Verification ${verified ? "OK" : "fails"}`,
  exitCode: ({ verified }) => (verified ? 0 : 1),
});
