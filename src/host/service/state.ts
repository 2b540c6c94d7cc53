// SPDX-License-Identifier: Apache-2.0
import { errorReply } from "../../bus/index.ts";
import {
  asChecksum,
  type Checksum,
  isImageReference,
  parseRefSpec,
  type Repo,
  tryFindRemote,
} from "../../ostree/index.ts";
import { baseCommit, versionInfo } from "../commit-metadata.ts";
import { type Deployment, deploymentId } from "../model.ts";
import { knownUpdates } from "../images.ts";
import { packageDiff } from "../package-diff.ts";
import { newAdvisories } from "../preview/advisories.ts";
import { commitSignatures } from "../signatures.ts";
import { type DeploymentStatus, type Status, statusWithSignatures } from "../status.ts";
import type { Sysroot } from "../sysroot.ts";
import { busErrors } from "./bus-error.ts";
import {
  advisoriesVariant,
  type Dictionary,
  deploymentDictionary,
  detailsDictionary,
  diffDictionary,
} from "./variants.ts";

/** The deployments of one stateroot as D-Bus has them. */
export interface OsState {
  readonly name: string;
  readonly booted: Dictionary;
  readonly default: Dictionary;
  readonly rollback: Dictionary;
  readonly cachedUpdate: Dictionary;
}

const none: Dictionary = new Map();

/** What the properties show: a picture of the host, as of the last `reload`. */
export class HostState {
  readonly #open: () => Sysroot;
  #sysroot: Sysroot;
  #deployments: readonly Dictionary[] = [];
  #systems: readonly OsState[] = [];

  constructor(open: () => Sysroot) {
    this.#open = open;
    this.#sysroot = open();
  }

  get sysroot(): Sysroot {
    return this.#sysroot;
  }

  get deployments(): readonly Dictionary[] {
    return this.#deployments;
  }

  get systems(): readonly OsState[] {
    return this.#systems;
  }

  get bootedName(): string | undefined {
    return this.#sysroot.booted?.stateroot;
  }

  async reload(): Promise<void> {
    const sysroot = this.#open();
    const now = await statusWithSignatures(sysroot);
    const dictionaries = now.deployments.map((deployment) => deploymentDictionary(deployment, sysroot.repo));
    const names = [...new Set(sysroot.deployments.map(({ stateroot }) => stateroot))];
    const systems: OsState[] = [];
    for (const name of names) systems.push(await osState(sysroot, now, dictionaries, name));
    [this.#sysroot, this.#deployments, this.#systems] = [sysroot, dictionaries, systems];
  }

  /** The deployment with the id of its dictionary; for "" that which new ones of the stateroot take over. */
  deployment(id: string, stateroot: string): Deployment {
    const found =
      id === ""
        ? this.#sysroot.mergeDeployment(stateroot)
        : this.#sysroot.deployments.find((each) => `${each.stateroot}-${deploymentId(each)}` === id);
    if (found !== undefined) return found;
    throw errorReply(
      busErrors.failed,
      id === "" ? `No deployments found for os ${stateroot}` : `Invalid deployment id ${id}`,
    );
  }
}

async function osState(
  sysroot: Sysroot,
  { deployments }: Status,
  dictionaries: readonly Dictionary[],
  name: string,
): Promise<OsState> {
  const at = (wanted: (status: DeploymentStatus) => boolean): Dictionary =>
    dictionaries[deployments.findIndex((status) => status.osname === name && wanted(status))] ?? none;
  return {
    name,
    booted: at(({ booted }) => booted),
    default: at(() => true),
    rollback: at(({ rollback }) => rollback),
    cachedUpdate: await cachedUpdate(sysroot, name),
  };
}

/** The head of the branch, when it is another commit than the one that runs (`CachedUpdate`). */
async function cachedUpdate(sysroot: Sysroot, stateroot: string): Promise<Dictionary> {
  const merge = sysroot.mergeDeployment(stateroot);
  const newest = sysroot.deployments.find((deployment) => deployment.stateroot === stateroot);
  const updates = knownUpdates(sysroot.repo, newest?.origin);
  if (merge === undefined || updates === undefined) return none;
  // What is layered comes to the new version, too.
  const base = baseCommit(sysroot.repo, merge.checksum);
  const head = updates.newest;
  if (head === undefined || head === base || !sysroot.repo.has(head, "commit")) return none;
  const diff = await packageDiff(sysroot.repo, base, head);
  const advisories = newAdvisories(sysroot.repo, base, head);
  return new Map([
    ...(await commitDetails(sysroot.repo, stateroot, updates.source, head)),
    ...(advisories.length === 0 ? [] : [["advisories", advisoriesVariant(advisories)] as const]),
    ["ref-has-new-commit", { type: "b", value: true }],
    ...(diff === undefined ? [] : [["rpm-diff", { type: "a{sv}", value: diffDictionary(diff) }] as const]),
  ]);
}

/** What is told of a commit that is not deployed. */
export async function commitDetails(
  repo: Repo,
  stateroot: string,
  refspec: string,
  checksum: Checksum,
): Promise<Dictionary> {
  const { version, timestamp } = versionInfo(repo, checksum);
  const name = isImageReference(refspec) ? undefined : parseRefSpec(refspec).remote;
  const signed = name !== undefined && tryFindRemote(repo, name)?.gpgVerify === true;
  return detailsDictionary({
    osname: stateroot,
    checksum,
    ...(version === undefined ? {} : { version }),
    ...(timestamp === undefined ? {} : { timestamp }),
    origin: refspec,
    "gpg-enabled": signed,
    ...(signed ? { signatures: await commitSignatures(repo, name, asChecksum(checksum)) } : {}),
  });
}
