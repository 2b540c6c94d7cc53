// SPDX-License-Identifier: Apache-2.0
import type { AppliedLinks, LinkChange } from "../../../../gear/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { rootOption } from "../root-option.ts";

export const changeOptions: readonly OptionDeclaration[] = [
  { name: "runtime", help: "Only until the next boot" },
  rootOption,
];

export interface LinkChangeReport {
  readonly instance: string;
  /** Absent where the instance does not run. */
  readonly applied: AppliedLinks | undefined;
}

export async function openLinkStore(invocation: Invocation) {
  const { LinkStore } = await import("../../../../gear/index.ts");
  return new LinkStore(invocation.value("root"));
}

export async function changeInstanceLinks(
  invocation: Invocation,
  changes: readonly LinkChange[],
): Promise<LinkChangeReport> {
  const { changeLinks } = await import("../../../../gear/index.ts");
  const revert = invocation.flag("revert");
  if (changes.length === 0 && !revert) throw cliError("usage", "LINK is missing", { hint: "atomic gear link --help" });
  const instance = invocation.args[0]!;
  const options = { runtime: invocation.flag("runtime"), revert };
  return { instance, applied: await changeLinks(await openLinkStore(invocation), instance, changes, options) };
}
