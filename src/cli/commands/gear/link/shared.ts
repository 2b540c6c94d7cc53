// SPDX-License-Identifier: Apache-2.0
import type {
  AppliedLinks,
  InstanceLink,
  LinkChange,
  LinkRecord,
  LinkStore,
  RefreshListener,
} from "../../../../gear/index.ts";
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
  const { changedLinks, changeLinks } = await import("../../../../gear/index.ts");
  const revert = invocation.flag("revert");
  if (changes.length === 0 && !revert) throw cliError("usage", "LINK is missing", { hint: "atomic gear link --help" });
  const instance = invocation.args[0]!;
  const options = { runtime: invocation.flag("runtime"), revert };
  const store = await openLinkStore(invocation);
  const before = linksNow(store, instance);
  const applied = await changeLinks(store, instance, changes, options);
  await tellJournal(invocation, instance, changedLinks(changes, before, linksNow(store, instance)));
  return { instance, applied };
}

function linksNow(store: LinkStore, instance: string): InstanceLink[] | undefined {
  const running = store.running(instance);
  return running === undefined ? undefined : store.links(instance, running.file);
}

/** Tells the journal of others whose links to an instance lead elsewhere, since it has started or ended. */
export function refreshListener(invocation: Invocation, peer: string): RefreshListener {
  return async (instance, applied) => {
    const { refreshedLinks } = await import("../../../../gear/index.ts");
    await tellJournal(invocation, instance, refreshedLinks(peer, applied));
  };
}

/** Of another tree than the running system's, its journal is not told. */
async function tellJournal(invocation: Invocation, instance: string, records: readonly LinkRecord[]): Promise<void> {
  if (invocation.value("root") !== undefined) return;
  const { GenerationStore, recordLinkChange } = await import("../../../../gear/index.ts");
  await recordLinkChange(new GenerationStore(), instance, records);
}
