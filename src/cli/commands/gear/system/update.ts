// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../../../base/index.ts";
import type { Consent, Name, SystemReport } from "../../../../gear/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { renderSystemReport, systemExitCode } from "../../../render/gear-system.ts";
import { plainText } from "../../../style.ts";
import { consentOptions, requireConsent } from "../consent.ts";
import { rootOption } from "../root-option.ts";
import { interruption } from "../shared.ts";
import { givenValues, openSystemContainers, setOption, systemContainerName } from "./shared.ts";

/** With `--all`, one that cannot be updated does not keep the others from it. */
type Updated = SystemReport | { readonly name: Name; readonly refused: string };

export default defineCommand<readonly Updated[]>({
  path: ["gear", "system", "update"],
  summary: "Update a system container to what its image is now",
  description:
    "A new generation is checked out beside the one that runs, the service is switched and watched; when it does not stay up, everything goes back, and the exit code is 1. What a new image asks for beyond the one before must be allowed. Nothing is done where image and values are the same.",
  examples: [
    { command: "atomic gear system update etcd", text: "To the newest image of the same name:" },
    { command: "atomic gear system update etcd --set PORT=4001", text: "With another value:" },
    { command: "atomic gear system update --all", text: "All of them, each by itself:" },
  ],
  arguments: [{ name: "NAME", optional: true }],
  options: [
    { name: "all", help: "Every system container" },
    { name: "rebase", value: "IMAGE", help: "Follow another image from now on" },
    setOption,
    ...consentOptions,
    rootOption,
  ],
  json: true,
  async run(invocation) {
    const { updateSystemContainer } = await import("../../../../gear/index.ts");
    const [named] = invocation.args;
    if ((named === undefined) !== invocation.flag("all")) throw cliError("usage", "NAME or --all is needed, not both");
    if (named === undefined && invocation.flag("rebase"))
      throw cliError("usage", "--rebase is of one NAME, not of --all");
    using surroundings = await openSystemContainers(invocation);
    using interrupt = await interruption(invocation);
    const names = named === undefined ? surroundings.store.names() : [await systemContainerName(named)];
    const { signal } = interrupt;
    const consent: Consent = (what, asked) => requireConsent(invocation, what, asked);
    const updated: Updated[] = [];
    for (const name of names) {
      const request = { name, image: invocation.value("rebase"), values: givenValues(invocation), consent, signal };
      try {
        updated.push(await updateSystemContainer(surroundings, request));
      } catch (error) {
        if (named !== undefined || signal.aborted || !(error instanceof AtomicError)) throw error;
        updated.push({ name, refused: error.message });
      }
    }
    return updated;
  },
  render: (updated, style) =>
    updated
      .map((one) =>
        "refused" in one ? `${one.name} was not updated: ${plainText(one.refused)}` : renderSystemReport(one, style),
      )
      .join("\n"),
  exitCode: (updated) => Math.max(0, ...updated.map((one) => ("refused" in one ? 1 : systemExitCode(one)))),
});
