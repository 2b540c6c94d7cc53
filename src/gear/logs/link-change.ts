// SPDX-License-Identifier: Apache-2.0
import { type JournalFields, writeJournal } from "../../base/index.ts";
import type { GenerationStore } from "../generation/store.ts";
import { sourceText, targetInstance, targetText } from "../link/endpoint.ts";
import type { AppliedLinks } from "../link/apply.ts";
import type { InstanceLink, LinkChange, LinkSource, LinkTarget } from "../link/model.ts";
import { instanceField } from "./log-matches.ts";
import { instancesOf } from "./logged-instances.ts";
import { logFields, type LoggedInstance } from "./model.ts";

/** What became of one link of an instance. */
export interface LinkRecord {
  readonly from: LinkSource;
  /** Where it led; undefined: nowhere, or that is not known. */
  readonly before: LinkTarget | undefined;
  /** Where it leads; undefined: nowhere. */
  readonly after: LinkTarget | undefined;
  /** Instance at its other end, where that is known by more than the targets. */
  readonly peer?: string;
}

/**
 * What became of links that were changed by hand.
 * @param before,after all links of the instance; where it does not run they are not known, and `changes` are what is told
 */
export function changedLinks(
  changes: readonly LinkChange[],
  before: readonly InstanceLink[] | undefined,
  after: readonly InstanceLink[] | undefined,
): LinkRecord[] {
  const targets = (links: readonly LinkChange[]) => new Map(links.map((link) => [sourceText(link.from), link]));
  const [old, now] = [targets(before ?? []), targets(after ?? changes)];
  return [...new Map([...old, ...now]).values()].flatMap(({ from }): LinkRecord[] => {
    const [was, is] = [old.get(sourceText(from))?.to, now.get(sourceText(from))?.to];
    const same = was !== undefined && is !== undefined && targetText(was) === targetText(is);
    return same ? [] : [{ from, before: was, after: is }];
  });
}

/** What became of an instance's links to another that has started, or has ended. */
export function refreshedLinks(peer: string, { missing, extra }: AppliedLinks): LinkRecord[] {
  const target = ({ to }: AppliedLinks["missing"][number]) => ({ host: to.address, port: to.port });
  const old = new Map(extra.map((link) => [sourceText(link.from), link]));
  const now = new Map(missing.map((link) => [sourceText(link.from), link]));
  return [...new Map([...old, ...now])].map(([key, { from }]) => {
    const [was, is] = [old.get(key), now.get(key)];
    return { from, before: was && target(was), after: is && target(is), peer };
  });
}

/** Of all entries about changes of links: `journalctl MESSAGE_ID=...`. */
const messageId = "2c7d5bb0d2f64b0b8a6a2f0e7b1d93c4";

/** Tells the journal of changed links, with the fields of both ends: the instance's own, and what it was and is linked to. */
export async function recordLinkChange(
  store: GenerationStore,
  instance: string,
  records: readonly LinkRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const instances = currentInstances(store);
  for (const record of records) await writeJournal(linkEntry(instance, record, instances));
}

export function linkEntry(
  instance: string,
  { from, before, after, peer }: LinkRecord,
  instances: readonly LoggedInstance[],
): JournalFields {
  const own = instances.find((one) => instanceField(one) === instance);
  const leads = after === undefined ? "leads nowhere" : `leads to ${targetText(after)}`;
  const end = peer === undefined ? "" : ` (${peer})`;
  const instead = before === undefined ? "" : `, before to ${targetText(before)}`;
  const ends = [before, after].flatMap((target) =>
    target === undefined ? [] : namesOf(targetInstance(target), instances, target.host),
  );
  return {
    MESSAGE_ID: messageId,
    MESSAGE: `${instance}: ${sourceText(from)} ${leads}${end}${instead}`,
    // syslog's notice.
    PRIORITY: 5,
    SYSLOG_IDENTIFIER: "atomic",
    ...(own === undefined ? {} : { ATOMIC_APP: own.application }),
    ...(own?.tenant === undefined ? {} : { [logFields.tenant]: own.tenant }),
    ...(own?.component === undefined ? {} : { [logFields.container]: own.component }),
    [logFields.instance]: instance,
    [logFields.link]: [...new Set([...ends, ...namesOf(peer, instances)])],
    ATOMIC_LINK_FROM: sourceText(from),
    ATOMIC_LINK_TO: after === undefined ? "" : targetText(after),
  };
}

/** A container by its name in the file, as in the entries of those that are linked to it, and its instance; else the host. */
function namesOf(name: string | undefined, instances: readonly LoggedInstance[], host?: string): string[] {
  if (name === undefined) return host === undefined ? [] : [host];
  const component = instances.find((one) => instanceField(one) === name)?.component;
  return component === undefined ? [name] : [component, name];
}

function currentInstances(store: GenerationStore): LoggedInstance[] {
  return store.applications().flatMap((application) => {
    const number = store.record(application)?.current;
    return number === undefined ? [] : instancesOf(store.generation(application, number));
  });
}
