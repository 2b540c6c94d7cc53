// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import type { Keyfile } from "../formats/index.ts";
import { asChecksum, type Checksum, parseRefSpec, pull } from "../ostree/index.ts";
import { metadataString } from "./commit-metadata.ts";
import { deploy, type DeployResult } from "./deploy.ts";
import { hostError } from "./errors.ts";
import { loadKexec } from "./kexec.ts";
import { type Deployment, deploymentId } from "./model.ts";
import { originRefspec } from "./origin.ts";
import { pruneRepository } from "./prune-repository.ts";
import { startOstreeFinalizer } from "./stage-deployment.ts";
import type { Sysroot } from "./sysroot.ts";

export interface UpgraderOptions {
  /** Go on although the system's maker wants something done first (`unconfigured-state` of the origin). */
  readonly ignoreUnconfigured?: boolean;
}

/**
 * Prepares to follow the origin of the deployment whose /etc would be taken over (`OstreeSysrootUpgrader`). The caller
 * holds the lock throughout.
 * @param stateroot default: the booted one
 */
export function openUpgrader(sysroot: Sysroot, stateroot?: string, options: UpgraderOptions = {}): Upgrader {
  const name = stateroot ?? sysroot.booted?.stateroot;
  if (name === undefined)
    throw hostError("no-stateroot", "Not currently booted into an OSTree system and no OS specified");
  const merge = sysroot.mergeDeployment(name);
  if (merge === undefined) throw hostError("no-deployment", `No previous deployment for OS '${name}'`);
  if (merge.origin === undefined) throw hostError("no-origin", `No origin known for deployment ${deploymentId(merge)}`);
  return new Upgrader(sysroot, merge, merge.origin, options);
}

/** One upgrade by the rules of `ostree admin upgrade` and `switch`: what an origin says, no questions of policy. */
class Upgrader {
  readonly #sysroot: Sysroot;
  readonly #merge: Deployment;
  readonly #options: UpgraderOptions;
  #origin: Keyfile;
  #target: Checksum | undefined;

  constructor(sysroot: Sysroot, merge: Deployment, origin: Keyfile, options: UpgraderOptions) {
    this.#sysroot = sysroot;
    this.#merge = merge;
    this.#options = options;
    this.#origin = this.#checked(origin);
  }

  get origin(): Keyfile {
    return this.#origin;
  }

  setOrigin(origin: Keyfile): void {
    this.#origin = this.#checked(origin);
  }

  /**
   * Finds the commit to deploy, and downloads it unless `offline` (`ostree_sysroot_upgrader_pull_one_dir`). A branch
   * whose newest commit says that another one succeeds it is left for that.
   * @returns whether it is another commit than the present one
   */
  async pull(how: { allowOlder: boolean; offline: boolean }, progress: ProgressListener = silent): Promise<boolean> {
    const { repo } = this.#sysroot;
    const override = this.#origin.get("origin", "override-commit");
    const { remote, ref } = parseRefSpec(this.#refspec());
    const fetch = async (name: string, check: boolean) => {
      if (remote === undefined || how.offline) return;
      const older = check && !how.allowOlder ? { timestampCheckFrom: this.#merge.checksum } : {};
      await pull(repo, { remote, refs: [name], ...older }, progress);
    };
    await fetch(override ?? ref, true);
    const successor = metadataString(repo.loadCommit(repo.resolve(this.#refspec())), "ostree.endoflife-rebase");
    if (successor !== undefined) {
      await fetch(successor, false);
      this.#origin.set("origin", "refspec", remote === undefined ? successor : `${remote}:${successor}`);
    }
    if (override !== undefined) repo.setRef(this.#refspec(), asChecksum(override));
    this.#target = repo.resolve(this.#refspec());
    if (this.#target === this.#merge.checksum) return false;
    if (!how.allowOlder) this.#refuseOlder(this.#target);
    return true;
  }

  /** Deploys what `pull` found (`ostree_sysroot_upgrader_deploy`). */
  async deploy(how: { stage: boolean; kexec: boolean }, progress: ProgressListener = silent): Promise<DeployResult> {
    if (this.#target === undefined) throw new Error("pull comes before deploy");
    const deployed = await deploy(
      this.#sysroot,
      {
        stateroot: this.#merge.stateroot,
        rev: this.#target,
        origin: this.#origin,
        stage: how.stage,
        startFinalizer: startOstreeFinalizer,
        etcConflicts: "refuse",
      },
      progress,
    );
    if (!how.stage) pruneRepository(this.#sysroot.repo, progress);
    if (!how.stage && how.kexec) loadKexec(this.#sysroot, deployed.deployment);
    return deployed;
  }

  #refspec(): string {
    const refspec = originRefspec(this.#origin);
    if (refspec !== undefined) return refspec;
    throw hostError("no-origin", "No origin/refspec in current deployment origin; cannot upgrade via ostree");
  }

  #checked(origin: Keyfile): Keyfile {
    const state = origin.get("origin", "unconfigured-state");
    if (state !== undefined && this.#options.ignoreUnconfigured !== true)
      throw hostError("no-origin", `origin unconfigured-state: ${state}`);
    const override = origin.get("origin", "override-commit");
    if (override !== undefined) asChecksum(override);
    return origin;
  }

  /** A replayed old commit would bring back holes that are mended (`ostree_sysroot_upgrader_check_timestamps`). */
  #refuseOlder(target: Checksum): void {
    const { repo } = this.#sysroot;
    const [before, after] = [this.#merge.checksum, target].map((checksum) => repo.loadCommit(checksum).timestamp);
    if (after! >= before!) return;
    const text = (seconds: bigint) => new Date(Number(seconds) * 1000).toUTCString();
    throw hostError(
      "downgrade",
      `Upgrade target revision '${target}' with timestamp '${text(after!)}' is chronologically older than ` +
        `current revision '${this.#merge.checksum}' with timestamp '${text(before!)}'; use --allow-downgrade to permit`,
    );
  }
}
