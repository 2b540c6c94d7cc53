// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../../../base/index.ts";
import { listCollectionRefs } from "../../collections/list-collection-refs.ts";
import { clearPartial, markPartial } from "../../delete-object.ts";
import { Inventory } from "../../inventory.ts";
import type { Checksum } from "../../model.ts";
import type { Repo } from "../../repo.ts";
import { listCommits } from "../../traverse.ts";
import { findMissing } from "../find-missing.ts";
import { findOwners } from "../find-owners.ts";
import type { FsckFinding, OwnedFinding } from "../model.ts";
import { surveyCommits } from "../survey-commits.ts";
import { Verification, type Verified } from "../verify-all.ts";
import { checkoutSource } from "./from-checkout.ts";
import { deltaSources } from "./from-deltas.ts";
import { duplicateSource } from "./from-duplicates.ts";
import { remoteSources } from "./from-remote.ts";
import { repositorySource } from "./from-repository.ts";
import type { RepairOptions, RepairReport, RepairSource } from "./model.ts";
import { DamagedObjects } from "./set-aside.ts";

/**
 * Checks a repository and brings back what is damaged or missing, from wherever it is to be had: other repositories of
 * this machine, checkouts, static deltas, and at last the remotes. Nothing that comes is taken unverified, and nothing that
 * is here is given up before there is something better.
 */
export async function repair(
  repo: Repo,
  options: RepairOptions = {},
  progress: ProgressListener = silent,
): Promise<RepairReport> {
  using _ = repo.lock("shared");
  const damaged = new DamagedObjects(repo);
  const work = await Damage.find(repo, options, progress);
  damaged.setAside(work.broken);
  try {
    const near = [
      ...(options.sources ?? []).map((source) => repositorySource(repo, source)),
      ...(options.checkouts ?? []).map((root) => checkoutSource(repo, root, damaged)),
      duplicateSource(repo, damaged),
      ...deltaSources(repo),
    ];
    const far = remoteSources(repo, options.remotes, progress);
    await work.helpBy([...near, ...far]);
  } finally {
    damaged.putBack();
  }
  return work.finish();
}

/** What is broken, as it becomes less: a directory that is back shows what is missing below it. */
class Damage {
  readonly #repo: Repo;
  /** Commits that should have all of their objects; those that refs name, and those that an earlier check found wanting. */
  readonly #commits: ReadonlySet<Checksum>;
  readonly #checked: number;
  readonly #known = new Map<string, FsckFinding>();
  readonly #repaired: (FsckFinding & { from: string })[] = [];
  readonly #failures: { from: string; problem: string }[] = [];
  /** Nothing that is here lacks anything: no tree needs to be walked to know that. Until something is brought. */
  #selfContained: boolean;

  private constructor(repo: Repo, commits: ReadonlySet<Checksum>, verified: Verified) {
    this.#repo = repo;
    this.#commits = commits;
    this.#checked = verified.checked;
    this.#selfContained = verified.selfContained;
    for (const finding of verified.findings) this.#known.set(key(finding), finding);
  }

  static async find(repo: Repo, options: RepairOptions, progress: ProgressListener): Promise<Damage> {
    options.onPhase?.("refs");
    const named = [
      ...repo.listRefs().values(),
      ...listCollectionRefs(repo, { remotes: false }).map((ref) => ref.commit),
    ];
    using verification = new Verification(repo, progress);
    options.onPhase?.("commits");
    const { complete, fsckMarked, partial } = surveyCommits(repo, listCommits(repo), {});
    const pulling = new Set(partial.filter((commit) => !fsckMarked.has(commit)));
    const commits = new Set([...complete, ...fsckMarked, ...named.filter((commit) => !pulling.has(commit))]);
    options.onPhase?.("objects", commits.size);
    return new Damage(repo, commits, await verification.result);
  }

  /** Objects that are there and damaged. */
  get broken(): FsckFinding[] {
    return [...this.#known.values()].filter(({ problem }) => problem !== undefined);
  }

  /** Asks one source after the other, and again as long as that helps. */
  async helpBy(sources: readonly RepairSource[]): Promise<void> {
    let missing = this.#missing();
    for (let before = -1; missing.length > 0 && before !== this.#repaired.length;) {
      before = this.#repaired.length;
      this.#failures.length = 0;
      for (const source of sources) {
        if (missing.length === 0) return;
        missing = await this.#ask(source, missing);
      }
    }
  }

  async #ask(source: RepairSource, missing: readonly OwnedFinding[]): Promise<OwnedFinding[]> {
    this.#selfContained = false;
    const commits = new Set(missing.flatMap((one) => (one.type === "commit" ? [one.checksum] : one.commits)));
    try {
      await source.help({ objects: missing, commits: [...commits] });
    } catch (error) {
      this.#failures.push({ from: source.name, problem: error instanceof Error ? error.message : String(error) });
    }
    const left = this.#missing();
    const remaining = new Set(left.map(key));
    // Another round of a remote brings at once what only comes to light now.
    for (const { checksum, type } of missing) {
      const finding = this.#known.get(`${checksum}.${type}`) ?? { checksum, type, problem: undefined };
      if (!remaining.has(key(finding))) this.#repaired.push({ ...finding, from: source.name });
    }
    return left;
  }

  #missing(): OwnedFinding[] {
    const repo = this.#repo;
    const lost = [...this.#commits].filter((commit) => !repo.holds(commit, "commit"));
    const present = [...this.#commits].filter((commit) => repo.holds(commit, "commit"));
    const missing: FsckFinding[] = [
      ...lost.map((checksum): FsckFinding => ({ checksum, type: "commit", problem: undefined })),
      ...(this.#selfContained ? [] : findMissing(repo, Inventory.read(repo), present)),
    ];
    return findOwners(repo, missing, present);
  }

  /** To be called when damaged objects are where they were: what is missing now is marked as fsck does. */
  finish(): RepairReport {
    const repaired = new Set(this.#repaired.map(key));
    const stillDamaged = this.broken.filter((finding) => !repaired.has(key(finding)));
    const present = [...this.#commits].filter((commit) => this.#repo.holds(commit, "commit"));
    const damaged = findOwners(this.#repo, stillDamaged, present);
    const missing = this.#missing();
    const wanting = new Set([...damaged, ...missing].flatMap(({ commits }) => commits));
    for (const commit of present) {
      if (wanting.has(commit)) markPartial(this.#repo, commit, "fsck");
      else clearPartial(this.#repo, commit);
    }
    const needed = (finding: OwnedFinding) => finding.commits.length > 0 || this.#commits.has(finding.checksum);
    return {
      commits: this.#commits.size,
      objects: this.#checked,
      repaired: this.#repaired,
      unrepaired: [...missing, ...damaged.filter(needed)],
      unneeded: damaged.filter((finding) => !needed(finding)),
      failures: this.#failures,
    };
  }
}

function key({ checksum, type }: FsckFinding): string {
  return `${checksum}.${type}`;
}
