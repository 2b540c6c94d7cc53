// SPDX-License-Identifier: Apache-2.0
/**
 * What is known of instances' links on this host: whose namespace they were applied to, until the next boot, and what
 * somebody changed of them, which outlives the container (or, `runtime`, does not outlive the boot).
 */
import { join } from "node:path";
import {
  type HeldLock,
  listDirectory,
  waitForLock,
  makeDirectories,
  readTextIfExists,
  removeIfExists,
  writeFileAtomic,
} from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { instanceName, sourceText } from "./endpoint.ts";
import { decodeChanges, decodeLinks, encodeChanges } from "./links-file.ts";
import type { InstanceLink, LinkChange } from "./model.ts";
import { processStart } from "./process-start.ts";

/** Where an instance's links were applied. */
export interface LinkedInstance {
  readonly pid: number;
  /** Of the process, in clock ticks since boot: another process may get its number. */
  readonly started: string;
  /** File of its generation that says its links. */
  readonly file: string;
  /** Addresses that other containers of its networks have for it. */
  readonly addresses: readonly string[];
}

/** How long a command waits for another one that changes links. */
const patience = 30_000;

export class LinkStore {
  readonly #state: string;
  readonly #run: string;

  /** @param root where the host's file tree is; for tests */
  constructor(root = "/") {
    this.#state = join(root, "var/lib/atomic/gear/links");
    this.#run = join(root, "run/atomic/gear/links");
  }

  /**
   * Held while an instance's links change, so that two changes do not undo each other. Nobody holds two of them: the many
   * instances of an application start at the same time.
   */
  lock(instance: string): Promise<HeldLock> {
    makeDirectories(this.#run);
    return waitForLock(join(this.#run, `${checkedName(instance)}.lock`), { timeoutMs: patience });
  }

  record(instance: string, linked: LinkedInstance): void {
    makeDirectories(this.#run);
    writeFileAtomic(join(this.#run, `${checkedName(instance)}.json`), JSON.stringify(linked), { durable: false });
  }

  forget(instance: string): void {
    removeIfExists(join(this.#run, `${checkedName(instance)}.json`));
  }

  /** `undefined` when it does not run, or was started without links. */
  running(instance: string): LinkedInstance | undefined {
    const text = readTextIfExists(join(this.#run, `${checkedName(instance)}.json`));
    if (text === undefined) return undefined;
    const linked = JSON.parse(text) as LinkedInstance;
    return processStart(linked.pid) === linked.started ? linked : undefined;
  }

  /** Names of the instances that run with links. */
  instances(): string[] {
    const names = listDirectory(this.#run).flatMap((name) => /^(.+)\.json$/.exec(name)?.[1] ?? []);
    return names.filter((name) => this.running(name) !== undefined);
  }

  /** The links of the generation's file with what was changed since, `runtime` last. */
  links(instance: string, file: string): InstanceLink[] {
    const text = readTextIfExists(file);
    if (text === undefined) throw gearError("bad-link", `${file} does not exist`);
    const links = new Map(decodeLinks(text, file).map((link) => [sourceText(link.from), link]));
    for (const { from, to } of [...this.changes(instance, false), ...this.changes(instance, true)]) {
      if (to === undefined) links.delete(sourceText(from));
      else links.set(sourceText(from), { from, to });
    }
    return [...links.values()];
  }

  changes(instance: string, runtime: boolean): LinkChange[] {
    const path = this.#changesFile(instance, runtime);
    return decodeChanges(readTextIfExists(path) ?? "", path);
  }

  /** Puts changes upon those that are kept; of one address and port the last counts. */
  change(instance: string, changes: readonly LinkChange[], runtime: boolean): void {
    const kept = [...this.changes(instance, runtime), ...changes];
    const last = new Map(kept.map((change) => [sourceText(change.from), change]));
    this.write(instance, [...last.values()], runtime);
  }

  /** Replaces the changes that are kept. */
  write(instance: string, changes: readonly LinkChange[], runtime: boolean): void {
    const path = this.#changesFile(instance, runtime);
    if (changes.length === 0) {
      removeIfExists(path);
      return;
    }
    makeDirectories(runtime ? this.#run : this.#state);
    writeFileAtomic(path, encodeChanges(changes), { durable: !runtime });
  }

  #changesFile(instance: string, runtime: boolean): string {
    return join(runtime ? this.#run : this.#state, `${checkedName(instance)}.links`);
  }
}

function checkedName(instance: string): string {
  if (instanceName.test(instance)) return instance;
  throw gearError("bad-name", `${JSON.stringify(instance.slice(0, 80))} is not a name of an instance`);
}
