// SPDX-License-Identifier: Apache-2.0
/**
 * The host on D-Bus, as `org.projectatomic.rpmostree1`: what Cockpit and other programs that know rpm-ostree's service
 * use. One change goes on at a time; it ends by itself when nobody needs it.
 */
import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProgressListener, run } from "../../base/index.ts";
import { type Bus, type Descriptors, errorReply } from "../../bus/index.ts";
import type { DbusMessage, GVariantValue, Variant } from "../../formats/index.ts";
import { noUpdates, readUpdateConfig, type UpdateConfig } from "../automatic/index.ts";
import { announceChange } from "../active-change.ts";
import type { Finalizer } from "../stage-deployment.ts";
import type { Sysroot } from "../sysroot.ts";
import { busErrors, errorText } from "./bus-error.ts";
import { Clients } from "./clients.ts";
import { type Call, ObjectTree } from "./object-tree.ts";
import { applyLiveOutside, type LiveRunner } from "./live-work.ts";
import { osPath, osObject } from "./os-object.ts";
import { Authorizer } from "./polkit.ts";
import { serviceName, servicePath } from "./rpmostree1.ts";
import { HostState } from "./state.ts";
import { sysrootObject } from "./sysroot-object.ts";
import { Transaction, type TransactionRequest } from "./transaction.ts";

/** Open files of all calls that wait for their answer: whoever may send messages must not use up ours. */
const fileLimit = 256;

/** After the last of several events that belong to one change. */
const settleMs = 300;

export interface ServiceOptions {
  readonly bus: Bus;
  /** Opens the host's system root anew. */
  readonly openSysroot: () => Sysroot;
  /** Directory for the sockets of transactions. */
  readonly runtimeDirectory: string;
  /** Seconds without clients after which it ends; 0: never. */
  readonly idleSeconds: number;
  /** Directory with the `etc` of the configuration; default `/`. */
  readonly configRoot?: string;
  /** Told of what is wrong and was passed over. */
  readonly onWarning?: (text: string) => void;
  readonly startFinalizer?: Finalizer;
  readonly reboot?: () => Promise<void>;
  readonly applyLive?: LiveRunner;
}

/** What a method that changes the host asks for. */
export type Work = Pick<TransactionRequest, "title" | "run">;

export class HostService {
  readonly options: ServiceOptions;
  readonly state: HostState;
  readonly authorizer: Authorizer;
  readonly clients: Clients;
  readonly #objects = new ObjectTree(servicePath);
  readonly #ended = Promise.withResolvers<void>();
  #transaction: Transaction | undefined;
  #config: UpdateConfig;
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  /** Calls that are not answered yet, and the open files that came with them. */
  #calls = 0;
  #files = 0;

  private constructor(options: ServiceOptions) {
    this.options = options;
    this.state = new HostState(options.openSysroot);
    this.#config = this.#readConfig();
    this.authorizer = new Authorizer(options.bus);
    this.clients = new Clients(options.bus, options.idleSeconds, () => void this.#stopIfIdle());
  }

  /** Exports the objects and takes the name. */
  static async start(options: ServiceOptions): Promise<HostService> {
    const service = new HostService(options);
    const { bus } = options;
    await service.state.reload();
    service.#objects.attach(bus.connection);
    service.#objects.export(`${servicePath}/Sysroot`, [sysrootObject(service)]);
    service.#exportSystems();
    bus.onCall = (call, descriptors) => service.#handle(call, descriptors);
    bus.connection.onClose(() => service.#ended.resolve());
    await bus.requestName(serviceName);
    service.clients.touch();
    service.#watch();
    return service;
  }

  /** Settles when the service has ended because it was idle, or the bus has gone. */
  async ended(): Promise<void> {
    await this.#ended.promise;
  }

  /** Whoever changes deployments touches their directory, our commands and libostree's programs (`Sysroot.touch`). */
  #watch(): void {
    const directory = join(this.state.sysroot.path, "ostree/deploy");
    this.#watcher = watch(directory, { persistent: false }, () => {
      // A change makes several events, and our own tells of itself when it is done.
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => {
        if (this.#transaction?.active !== true) void this.reload().catch(() => {});
      }, settleMs).unref();
    });
    this.#watcher.on("error", () => this.#watcher?.close());
  }

  stop(): void {
    this.#watcher?.close();
    clearTimeout(this.#settling);
    this.#transaction?.close();
    this.clients.stop();
    this.options.bus.connection.close();
  }

  /** What updates itself (`AutomaticUpdatePolicy`). */
  get policy(): string {
    return this.#config.policy;
  }

  updateConfig(): UpdateConfig {
    return this.#config;
  }

  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  /** For a transaction's work: the history tells who began it. */
  openSysroot(): Sysroot {
    const sysroot = this.options.openSysroot();
    if (this.#transaction !== undefined) {
      const { clientDescription, commandLine } = this.#transaction.request;
      sysroot.initiator = { commandLine, agent: clientDescription };
    }
    return sysroot;
  }

  #handle(call: DbusMessage, descriptors: Descriptors): void {
    this.clients.touch();
    const { count } = descriptors;
    this.#calls++;
    this.#files += count;
    if (this.#files > fileLimit) descriptors[Symbol.dispose]();
    void this.#objects.handle(this.options.bus.connection, call, descriptors).finally(() => {
      this.#calls--;
      this.#files -= count;
    });
  }

  /** A mistake in it turns automatic updates off, but does not keep the host from being managed. */
  #readConfig(): UpdateConfig {
    try {
      return readUpdateConfig(this.options.configRoot);
    } catch (error) {
      this.options.onWarning?.(errorText(error));
      return noUpdates;
    }
  }

  /** Reads the host's state and tells what has changed. */
  async reload(): Promise<void> {
    this.#config = this.#readConfig();
    await this.state.reload();
    this.#exportSystems();
    this.#objects.emitChanges();
  }

  /** Tells of a transaction that began or ended. */
  announce(): void {
    this.#objects.emitChanges();
  }

  #exportSystems(): void {
    const wanted = new Map(this.state.systems.map(({ name }) => [osPath(name), name]));
    const present = this.#objects.paths().filter((path) => path !== `${servicePath}/Sysroot`);
    for (const path of present) if (!wanted.has(path)) this.#objects.remove(path);
    for (const [path, name] of wanted) if (!present.includes(path)) this.#objects.export(path, osObject(this, name));
  }

  /**
   * Begins a change for a caller. The same caller asking for the same again is given the same transaction; any other
   * is told that one is under way (`rpmostreed_sysroot_prep_for_txn`).
   * @returns the address of its server
   */
  async begin({ message, inputs, descriptors }: Call, work: Work): Promise<string> {
    const { sender = "", member: method = "", path = "" } = message;
    const key = JSON.stringify([path, method, inputs], (_, value: unknown) =>
      value instanceof Map ? [...value] : typeof value === "bigint" ? String(value) : value,
    );
    const current = this.#transaction;
    if (current?.active === true) {
      // What is in files does not show in the arguments.
      const same = current.request.sender === sender && current.request.key === key && descriptors.count === 0;
      if (same) return current.address;
      throw errorReply(busErrors.updateInProgress, `Transaction in progress: ${current.request.title}`);
    }
    current?.close();
    const clientDescription = await this.clients.describe(sender);
    const uid = await this.options.bus.userOf(sender);
    const commandLine = commandLineOf(inputs) ?? method;
    const announced: Work["run"] = async (progress, signal, files) => {
      using _note = announceChange(this.state.sysroot, work.title, commandLine, this.#transaction?.address);
      await work.run(progress, signal, files);
    };
    const request = { ...work, run: announced, key, method, path, sender, uid, clientDescription, commandLine };
    const transaction = await Transaction.open(this.options.runtimeDirectory, request, (closed) =>
      this.#closed(closed),
    );
    transaction.descriptors = descriptors.move();
    if (this.#transaction?.active === true) {
      transaction.close();
      throw errorReply(busErrors.updateInProgress, `Transaction in progress: ${this.#transaction.request.title}`);
    }
    this.#transaction = transaction;
    const unwatch = this.options.bus.watch(sender, () => transaction.senderGone());
    transaction.onChange = async () => {
      unwatch();
      await this.reload();
    };
    this.announce();
    return transaction.address;
  }

  #closed(transaction: Transaction): void {
    if (this.#transaction === transaction) this.#transaction = undefined;
    this.clients.touch();
    this.announce();
  }

  async reboot(): Promise<void> {
    if (this.options.reboot !== undefined) await this.options.reboot();
    else await run("systemctl", ["reboot"]);
  }

  /** @param options as at the command line */
  async applyLive(options: readonly string[], progress: ProgressListener): Promise<void> {
    await (this.options.applyLive ?? applyLiveOutside)(options, progress);
  }

  /**
   * Ends unless a change goes on. The name is given up first: calls that come from then on make the bus start the service
   * anew, those that came before are still answered.
   */
  async #stopIfIdle(): Promise<void> {
    if (this.#transaction !== undefined || this.#calls > 0) return this.clients.touch();
    await this.options.bus.callBus("ReleaseName", "s", [serviceName]).catch(() => {});
    while (this.#calls > 0 || this.#transaction !== undefined) await sleep(20);
    this.stop();
  }
}

/** What the client says was typed; one of the dictionaries of options has it. */
function commandLineOf(inputs: readonly GVariantValue[]): string | undefined {
  const values = inputs.map((input) => (input instanceof Map ? input.get("initiating-command-line") : undefined));
  const found = values.find((value) => (value as Variant | undefined)?.type === "s") as Variant | undefined;
  return found === undefined ? undefined : String(found.value);
}
