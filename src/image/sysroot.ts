// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ProgressListener, readTextIfExists } from "../base/index.ts";
import { bootsByComposefs, deploy, initSysroot } from "../host/index.ts";
import { addRemote, type Checksum, importKeys, pull, type Repo } from "../ostree/index.ts";
import { isLabelled, labelSysroot } from "./labels.ts";

/** The first deployment of a machine, and where it gets its next releases from. */
export interface SysrootOptions {
  readonly source: Repo;
  readonly ref: string;
  /** Default: what the ref is at. */
  readonly commit?: Checksum;
  readonly stateroot: string;
  readonly kernelArgs: readonly string[];
  readonly remote: {
    readonly name: string;
    readonly url: string;
    /** File with the public keys that releases must be signed with; absent: not checked. */
    readonly gpgKeys?: string;
  };
}

export interface PreparedSysroot {
  /** Path of the deployment's root inside of the sysroot, with a leading slash. */
  readonly deployment: string;
  readonly checksum: string;
  /** PRETTY_NAME of the release. */
  readonly title: string;
}

/** Makes the directory that becomes the root file system: a sysroot with one deployment. */
export async function prepareSysroot(
  directory: string,
  options: SysrootOptions,
  progress: ProgressListener,
): Promise<PreparedSysroot> {
  const { remote, ref, stateroot } = options;
  const sysroot = initSysroot(directory, { stateroot });
  const verify = remote.gpgKeys !== undefined;
  addRemote(sysroot.repo, remote.name, { url: remote.url, set: new Map([["gpg-verify", verify]]) });
  if (remote.gpgKeys !== undefined) await importKeys(sysroot.repo.path, remote.name, readFileSync(remote.gpgKeys));
  // Nothing of this needs to survive a crash: the disk made of it is flushed.
  const wanted = options.commit === undefined ? ref : `${ref}@${options.commit}`;
  await pull(sysroot.repo, { source: options.source, remote: remote.name, refs: [wanted], fsync: false }, progress);
  const refspec = `${remote.name}:${ref}`;
  const imageKernelArgs = { since: undefined };
  const request = { stateroot, rev: refspec, origin: refspec, kernelArgs: options.kernelArgs, imageKernelArgs };
  const { deployment } = await deploy(sysroot, request, progress);
  const root = sysroot.directory(deployment);
  if (bootsByComposefs(root)) preferVerity(sysroot.repo);
  if (isLabelled(root)) labelSysroot(directory);
  return { deployment: root.slice(directory.length), checksum: deployment.checksum, title: titleOf(root) };
}

/** From the machine's first update on: nothing that is made here has fs-verity yet. */
function preferVerity(repo: Repo): void {
  repo.config.set("ex-integrity", "fsverity", "maybe");
  repo.saveConfig();
}

function titleOf(root: string): string {
  const text = readTextIfExists(join(root, "usr/lib/os-release")) ?? "";
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? "";
}
