// SPDX-License-Identifier: Apache-2.0
/** Brings the running /usr and /etc to another commit without a reboot (`transaction_apply_live` of rpm-ostree's live.rs). */
import { join } from "node:path";
import { mount, mountFlags, type ProgressListener, silent, stage } from "../../base/index.ts";
import { type Checksum, type Repo, type TreeChange, treeChanges, tryFindInCommit } from "../../ostree/index.ts";
import type { PackageDiff } from "../../packages/index.ts";
import { hostError } from "../errors.ts";
import type { Deployment } from "../model.ts";
import { packageDiff } from "../package-diff.ts";
import { checkLiveSpace } from "../space.ts";
import type { Sysroot } from "../sysroot.ts";
import { unlock } from "../unlock.ts";
import { isWritable } from "../writable.ts";
import { type LiveState, readLiveState, writeLiveState } from "./live-state.ts";
import { applyChanges, Place } from "./place.ts";
import { changedServices, type RunProgram, settleLive } from "./settle.ts";
import { type LiveEtc, updateEtc } from "./update-etc.ts";

export interface LiveRequest {
  /** A revision of the repository; default: the deployment that boots next. */
  readonly target?: string;
  /** Back to what was booted; what goes by that was applied live, so it needs no leave to replace. */
  readonly reset?: boolean;
  /** Packages may be removed and others put in their place, while programs of theirs may run. */
  readonly allowReplacement?: boolean;
  readonly runProgram?: RunProgram;
}

export interface LiveResult {
  readonly from: Checksum;
  readonly target: Checksum;
  /** Undefined when the packages of one of the commits are not known. */
  readonly packages: PackageDiff | undefined;
  /** Paths of /usr. */
  readonly files: { readonly added: number; readonly changed: number; readonly removed: number };
  readonly etc: LiveEtc;
  /** They run on with their old units until they are restarted. */
  readonly services: readonly string[];
  /** The kernel that comes with a reboot only; the modules of the one that runs stay. */
  readonly pendingKernel?: string;
  readonly problems: readonly string[];
}

/**
 * The caller has made the system root writable with shared mounts: see `ensureWritable`. Undefined: the target is what
 * runs already. Interrupted, it can be done again, with this target or another; a reboot takes all but /etc back.
 */
export async function applyLive(
  sysroot: Sysroot,
  request: LiveRequest = {},
  progress: ProgressListener = silent,
): Promise<LiveResult | undefined> {
  using _lock = await sysroot.lock(undefined, (who) => progress({ type: "note", text: `Waiting for ${who}` }));
  const booted = sysroot.requireBooted();
  const state = readLiveState(sysroot, booted);
  const target = chooseTarget(sysroot, booted, request);
  requireUnlockable(booted, state);
  const from = state?.commit ?? booted.checksum;
  if (from === target && state?.inProgress === undefined) return undefined;
  const changes = differences(sysroot.repo, { booted: booted.checksum, from, target }, state);
  const packages = await packageDiff(sysroot.repo, from, target);
  if (request.allowReplacement !== true && request.reset !== true) refuseReplacement(packages, changes.used);
  const files = changes.used.flatMap(({ after }) => (after?.type === "file" ? [after.checksum] : []));
  checkLiveSpace(sysroot, files);
  if (booted.unlocked === "none") await unlock(sysroot, "transient", progress);
  writeLiveState(sysroot, booted, { commit: state?.commit, inProgress: target });
  const root = sysroot.running!.root;
  const { repo } = sysroot;
  await stage(progress, "live.usr", "Update /usr", () => updateUsr(repo, join(root, "usr"), changes.used));
  const etc = await stage(progress, "live.etc", "Update /etc", () => updateEtc(repo, changes.used, root));
  const problems = await stage(progress, "live.settle", "Set up /run and /var", () =>
    settleLive(root, changes.used, request.runProgram),
  );
  writeLiveState(sysroot, booted, { commit: target, inProgress: undefined });
  sysroot.touch();
  return {
    from,
    target,
    packages,
    files: countFiles(changes.used),
    etc,
    services: changedServices(changes.used),
    ...(changes.pendingKernel === undefined ? {} : { pendingKernel: changes.pendingKernel }),
    problems,
  };
}

function chooseTarget(sysroot: Sysroot, booted: Deployment, { target, reset }: LiveRequest): Checksum {
  const { pending } = sysroot.pendingAndRollback(booted.stateroot);
  const chosen =
    reset === true ? booted.checksum : target === undefined ? pending?.checksum : sysroot.repo.resolve(target);
  if (chosen === undefined) throw hostError("nothing-pending", "No target commit specified and no pending deployment");
  if (sysroot.repo.isPartial(chosen))
    throw hostError("bad-tree", `commit ${chosen} is not complete in the repository`, { hint: "pull it again" });
  return chosen;
}

/** In a hotfix the changes would stay, though the version does not have them. */
function requireUnlockable({ unlocked }: Deployment, state: LiveState | undefined): void {
  const fits = unlocked === "transient" || unlocked === "development" || (unlocked === "none" && state === undefined);
  if (!fits) throw hostError("in-use", `apply-live is incompatible with unlock state: ${unlocked}`);
}

interface LiveChanges {
  readonly used: readonly TreeChange[];
  readonly pendingKernel: string | undefined;
}

/**
 * What was interrupted has left each path as the one or the other commit has it: both ways to the target together mend
 * that. The modules of another kernel are of no use to the one that runs, which needs its own.
 */
function differences(
  repo: Repo,
  { booted, from, target }: Readonly<Record<"booted" | "from" | "target", Checksum>>,
  state: LiveState | undefined,
): LiveChanges {
  const sources = [state?.inProgress, from].filter((commit) => commit !== undefined);
  const all = sources.flatMap((source) => [...treeChanges(repo, source, target, "/usr")]);
  const runs = kernelOf(repo, booted)?.checksum;
  const comes = kernelOf(repo, target);
  const foreign = [target, ...sources].some((commit) => kernelOf(repo, commit)?.checksum !== runs);
  return {
    used: foreign ? all.filter(({ path }) => !path.startsWith("/usr/lib/modules/")) : all,
    pendingKernel: comes?.checksum === runs ? undefined : comes?.version,
  };
}

function kernelOf(repo: Repo, commit: Checksum): { version: string; checksum: Checksum } | undefined {
  const modules = tryFindInCommit(repo, commit, "/usr/lib/modules");
  const versions = modules?.type === "dir" ? repo.loadDirTree(modules.tree).dirs : [];
  for (const { name: version } of versions) {
    const kernel = tryFindInCommit(repo, commit, `/usr/lib/modules/${version}/vmlinuz`);
    if (kernel?.type === "file") return { version, checksum: kernel.checksum };
  }
  return undefined;
}

/** What runs may still need the files that it was started from: only what adds is safe. */
function refuseReplacement(packages: PackageDiff | undefined, changes: readonly TreeChange[]): void {
  const refused = (count: number, what: string) => {
    if (count > 0)
      throw hostError("replaces", `${what}: ${count}, allow replacement to override`, {
        hint: "--allow-replacement, or reboot instead",
      });
  };
  if (packages !== undefined) {
    refused(packages.removed.length, "packages would be removed");
    refused(packages.upgraded.length + packages.downgraded.length, "packages would be changed");
    return;
  }
  const { changed, removed } = countFiles(changes);
  refused(changed + removed, "the packages are not known, and files would be changed or removed");
}

function countFiles(changes: readonly TreeChange[]): LiveResult["files"] {
  const count = (wanted: (change: TreeChange) => boolean) => changes.filter(wanted).length;
  return {
    added: count(({ before, after }) => before === undefined && after?.type === "file"),
    changed: count(({ before, after }) => before !== undefined && after?.type === "file"),
    removed: count(({ before, after }) => before?.type === "file" && after === undefined),
  };
}

/** The overlay is read-only for the machine; it is opened for as long as this takes, and in this mount namespace only. */
async function updateUsr(repo: Repo, usr: string, changes: readonly TreeChange[]): Promise<void> {
  const readOnly = !isWritable(usr);
  if (readOnly) mount("none", usr, "", mountFlags.remount);
  try {
    await applyChanges(new Place(repo, usr), changes, "/usr");
  } finally {
    if (readOnly) mount("none", usr, "", mountFlags.remount | mountFlags.bind | mountFlags.readOnly);
  }
}
