// SPDX-License-Identifier: Apache-2.0
import { existsSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { type HeldLock, unlessErrno } from "../base/index.ts";
import type { BlsField } from "../formats/index.ts";
import { Repo } from "../ostree/index.ts";
import type { EntryNaming } from "./boot-entries.ts";
import type { BootVersion } from "./boot-version.ts";
import { hostError } from "./errors.ts";
import { loadDeployments } from "./load-deployments.ts";
import { lockSysroot, type OnWait } from "./lock.ts";
import { checkStateroot, type Deployment, type DeploymentName, deploymentPath, sameDeployment } from "./model.ts";
import { detectRunning, directoryId, type Running } from "./running.ts";
import { readSysrootFlags, type SysrootFlags } from "./sysroot-flags.ts";

/**
 * The physical root of a host: `ostree/repo`, the deployments, and `boot`. A value shows what was on disk when it was
 * opened or last reloaded. Whoever changes it holds `lock()` and reloads after taking it.
 */
export class Sysroot {
  readonly path: string;
  /** Present when this is the root of the running machine. */
  readonly running: Running | undefined;
  readonly flags: SysrootFlags = readSysrootFlags();
  /** Told in one line what a change did (libostree's signal `journal-msg`). */
  onMessage: (text: string) => void = () => {};
  /** Who changes it, for the history: a command line, and a user or program. */
  initiator: { readonly commandLine: string; readonly agent: string } | undefined;
  #held: { readonly lock: HeldLock; users: number } | undefined;
  #repo: Repo | undefined;
  #bootVersion: BootVersion = { version: 0, sub: 0 };
  #deployments: readonly Deployment[] = [];

  private constructor(path: string, running: Running | undefined) {
    this.path = path;
    this.running = running;
  }

  /**
   * Opens the system root at `path`.
   * @param running whose machine it is; found out by itself for `/`
   */
  static open(path = "/", running = detectRunning(path)): Sysroot {
    if (!existsSync(join(path, "ostree/repo"))) {
      throw hostError("not-a-sysroot", `${path} has no ostree/repo`, {
        hint: `atomic host init --sysroot ${path} STATEROOT  makes one`,
      });
    }
    const sysroot = new Sysroot(path, running);
    sysroot.reload();
    return sysroot;
  }

  reload(): void {
    const loaded = loadDeployments(this.path, this.running);
    this.#bootVersion = loaded.bootVersion;
    this.#deployments = loaded.deployments;
  }

  get repo(): Repo {
    this.#repo ??= Repo.open(join(this.path, "ostree/repo"));
    return this.#repo;
  }

  /** In boot order, a staged one first. */
  get deployments(): readonly Deployment[] {
    return this.#deployments;
  }

  get bootVersion(): BootVersion {
    return this.#bootVersion;
  }

  get booted(): Deployment | undefined {
    return this.#deployments.find((deployment) => deployment.booted);
  }

  get staged(): Deployment | undefined {
    return this.#deployments.find((deployment) => deployment.staged);
  }

  /** Throws `host-not-booted` unless the machine runs one of these deployments. */
  requireBooted(): Deployment {
    if (this.booted !== undefined) return this.booted;
    throw hostError("not-booted", `${this.path} is not the root of a machine booted from a deployment`);
  }

  /** The stateroot that a command means: as named, else the booted one, else the only one. */
  stateroot(named?: string): string {
    const name = named ?? this.booted?.stateroot ?? this.#onlyStateroot();
    if (existsSync(join(this.path, "ostree/deploy", checkStateroot(name), "var"))) return name;
    throw hostError("no-stateroot", `No such stateroot: ${name}`, {
      hint: `atomic host init --sysroot ${this.path} ${name}  makes it`,
    });
  }

  #onlyStateroot(): string {
    const names = new Set(this.#deployments.map((deployment) => deployment.stateroot));
    const [first] = names;
    if (names.size === 1 && first !== undefined) return first;
    throw hostError("no-stateroot", `${this.path}: say which stateroot`, { hint: "give --stateroot NAME" });
  }

  /** Absolute path of a deployment's root directory. */
  directory(name: DeploymentName): string {
    return join(this.path, deploymentPath(name));
  }

  /** The deployment's present state; throws `host-no-deployment` when it is gone. */
  find(name: DeploymentName): Deployment {
    const found = this.#deployments.find((deployment) => sameDeployment(deployment, name));
    if (found === undefined) throw hostError("no-deployment", `no deployment ${deploymentPath(name)}`);
    return found;
  }

  /** The first deployment before the booted one, and the first after it (`ostree_sysroot_query_deployments_for`). */
  pendingAndRollback(stateroot: string): { pending: Deployment | undefined; rollback: Deployment | undefined } {
    const own = this.#deployments.filter((deployment) => deployment.stateroot === stateroot);
    const at = own.findIndex((deployment) => deployment.booted);
    return at < 0
      ? { pending: own[0], rollback: undefined }
      : { pending: at > 0 ? own[0] : undefined, rollback: own[at + 1] };
  }

  /** Whose /etc a new deployment takes over: the booted one's, else the first one's (`ostree_sysroot_get_merge_deployment`). */
  mergeDeployment(stateroot: string): Deployment | undefined {
    if (this.booted?.stateroot === stateroot) return this.booted;
    return this.#deployments.find((deployment) => deployment.stateroot === stateroot && !deployment.staged);
  }

  /**
   * Takes the lock for changes and reloads. Who holds it may take it again: it is let go when all have let go.
   * @param onWait called when somebody else holds it, and every few seconds until it is free
   */
  async lock(timeoutMs = 30_000, onWait?: OnWait): Promise<HeldLock> {
    this.#held ??= { lock: await lockSysroot(this.path, timeoutMs, onWait), users: 0 };
    const held = this.#held;
    held.users++;
    const release = () => {
      if (--held.users > 0) return;
      this.#held = undefined;
      held.lock.release();
    };
    try {
      this.reload();
    } catch (error) {
      release();
      throw error;
    }
    return { release, [Symbol.dispose]: release };
  }

  /** "/boot/" or "/": how the boot loader reaches the files in boot (ostree.repo-config(5), `sysroot.bootprefix`). */
  get bootPrefix(): string {
    return this.repo.config.getBoolean("sysroot", "bootprefix") === true ? "/boot/" : "/";
  }

  /** `sysroot.boot-counting-tries` of ostree.repo-config(5), and how OSTREE_SYSROOT_OPTS wants entries named. */
  get entryNaming(): EntryNaming {
    const text = this.repo.config.get("sysroot", "boot-counting-tries") ?? "0";
    if (!/^[0-5]$/.test(text))
      throw hostError("bad-sysroot", `boot-counting-tries=${text} is not a number from 0 to 5`);
    return { tries: Number(text), withStateroot: this.flags.oldEntryNames };
  }

  /** `sysroot.boot-tries`, ours: how often our GRUB boots a version that has not come up yet; 0: it does not count. */
  get bootTries(): number {
    const text = this.repo.config.get("sysroot", "boot-tries") ?? "3";
    if (!/^[0-9]$/.test(text)) throw hostError("bad-sysroot", `boot-tries=${text} is not a number from 0 to 9`);
    return Number(text);
  }

  /** Fields for all boot entries but the first (`sysroot.bls-append-except-default`: `key=value;...`). */
  get appendedFields(): BlsField[] {
    const items = this.repo.config.getList("sysroot", "bls-append-except-default") ?? [];
    return items.flatMap((item): BlsField[] => {
      const equals = item.indexOf("=");
      return equals < 1 ? [] : [[item.slice(0, equals), item.slice(equals + 1)]];
    });
  }

  /** Tells other programs that deployments changed: they watch this directory's time (`_ostree_sysroot_bump_mtime`). */
  touch(): void {
    const now = new Date();
    utimesSync(join(this.path, "ostree/deploy"), now, now);
  }

  /**
   * Where the boot loader's files are. On a running host /boot is mostly a second mount of what /sysroot has as well;
   * hard links to the repository need the path on the same mount.
   */
  get boot(): string {
    const [boot, physical] = [join(this.path, "boot"), join(this.path, "sysroot/boot")];
    const same = unlessErrno(["ENOENT", "ENOTDIR"], () => directoryId(physical)) === directoryId(boot);
    return same ? physical : boot;
  }

  /** Whether `boot` is a file system of its own; else kernels are hard links there and cost nothing. */
  get bootIsSeparate(): boolean {
    return statSync(this.boot).dev !== statSync(join(this.path, "ostree/repo")).dev;
  }
}
