// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { unlessErrno } from "../../base/index.ts";
import { type Bus, errorReply } from "../../bus/index.ts";
import { busErrors } from "./bus-error.ts";

/** Clients registered at one time: each takes memory and a match rule of the bus. */
const clientLimit = 256;

interface Client {
  readonly id: string;
  readonly unwatch: () => void;
}

/** Who has registered; and the timer that ends the service when nobody has and nothing goes on. */
export class Clients {
  readonly #bus: Bus;
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  readonly #registered = new Map<string, Client>();
  #timer: NodeJS.Timeout | undefined;

  constructor(bus: Bus, idleSeconds: number, onIdle: () => void) {
    this.#bus = bus;
    this.#idleMs = idleSeconds * 1000;
    this.#onIdle = onIdle;
  }

  register(sender: string, id: string): void {
    if (this.#registered.has(sender)) return;
    if (this.#registered.size >= clientLimit) throw errorReply(busErrors.failed, "too many clients are registered");
    const unwatch = this.#bus.watch(sender, () => this.unregister(sender));
    this.#registered.set(sender, { id: id.slice(0, 256), unwatch });
    this.touch();
  }

  unregister(sender: string): void {
    this.#registered.get(sender)?.unwatch();
    this.#registered.delete(sender);
    this.touch();
  }

  /** Something was asked or has ended: the idle time begins anew. */
  touch(): void {
    clearTimeout(this.#timer);
    if (this.#idleMs === 0 || this.#registered.size > 0) return;
    this.#timer = setTimeout(() => this.#onIdle(), this.#idleMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** As rpm-ostree writes it: `client(id:cockpit dbus:1.20 unit:x.service uid:0)` (`rpmostreed_daemon_client_get_string`). */
  async describe(sender: string): Promise<string> {
    const [uid, pid] = await Promise.all([this.#bus.userOf(sender), this.#bus.processOf(sender).catch(() => 0)]);
    const id = this.#registered.get(sender)?.id;
    const unit = unitOf(pid);
    const words = [id === undefined ? "" : `id:${id}`, `dbus:${sender}`, unit === undefined ? "" : `unit:${unit}`];
    return `client(${[...words, `uid:${uid}`].filter((word) => word !== "").join(" ")})`;
  }
}

/** The systemd unit of a process: the last one in the path of its control group. */
function unitOf(pid: number): string | undefined {
  const text = unlessErrno(["ENOENT", "ESRCH", "EACCES"], () => readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? "";
  return text
    .trim()
    .split("/")
    .findLast((word) => /^[\w@.:\\-]+\.(service|scope)$/.test(word));
}
