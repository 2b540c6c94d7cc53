// SPDX-License-Identifier: Apache-2.0
/**
 * The service manager as the rest of gear sees it: systemd over D-Bus (org.freedesktop.systemd1(5)).
 *
 * Unit names are whole (`shop-db.service`). Times are milliseconds. What the manager refuses is thrown as `gear-systemd` with
 * its own words; a job that does not come through is no error but an outcome, because who deploys must see all of them.
 */
export interface ServiceManager extends Disposable {
  start(unit: string, options?: JobOptions): Promise<JobOutcome>;
  stop(unit: string, options?: JobOptions): Promise<JobOutcome>;
  restart(unit: string, options?: JobOptions): Promise<JobOutcome>;
  /** Restarts what runs; what does not run stays so. */
  tryRestart(unit: string, options?: JobOptions): Promise<JobOutcome>;
  reload(unit: string, options?: JobOptions): Promise<JobOutcome>;
  reloadOrRestart(unit: string, options?: JobOptions): Promise<JobOutcome>;
  kill(unit: string, signal: number, whom?: "main" | "control" | "all"): Promise<void>;
  /** Makes a failed unit inactive and forgets how often it was started, so that its start limit does not hold. */
  resetFailed(unit: string): Promise<void>;

  /** Reads unit files anew, after they were written or removed. */
  daemonReload(): Promise<void>;
  /** @param files names of unit files, or absolute paths of files that are linked into the search path as well */
  enable(files: readonly string[], options?: UnitFileOptions): Promise<readonly UnitFileChange[]>;
  disable(files: readonly string[], options?: UnitFileOptions): Promise<readonly UnitFileChange[]>;
  mask(files: readonly string[], options?: UnitFileOptions): Promise<readonly UnitFileChange[]>;
  unmask(files: readonly string[], options?: UnitFileOptions): Promise<readonly UnitFileChange[]>;
  /** `enabled`, `disabled`, `static`, `generated`, `masked`, ...; undefined where there is no such file. */
  unitFileState(file: string): Promise<string | undefined>;

  /** A unit that nobody knows has `loadState` `not-found`. */
  unit(name: string): Promise<UnitStatus>;
  /** Loaded units whose names match one of the glob patterns. */
  units(patterns: readonly string[]): Promise<readonly UnitSummary[]>;
  /**
   * The units that are named, one for each name, in one call. A unit that does not run is read from its file for each call
   * about it, together with all that it names: what is asked of many has to be asked at once.
   */
  summaries(names: readonly string[]): Promise<readonly UnitSummary[]>;
  /** Which run of each unit this is, as `invocationId` of `unit`. */
  invocations(names: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** Path of each unit's file, as `fragment` of `unit`. */
  fragments(names: readonly string[]): Promise<readonly (string | undefined)[]>;
  usage(services: readonly string[]): Promise<readonly ServiceUsage[]>;
  /** Loaded units that are stopped when this one is: its RequiredBy, RequisiteOf, BoundBy, ConsistsOf and PropagatesStopTo, not theirs in turn. */
  dependants(unit: string): Promise<readonly string[]>;
  /**
   * Sets properties of a unit that is loaded, at once.
   * @param runtime until the next boot; else for good, in a drop-in that systemd writes
   */
  setProperties(unit: string, properties: readonly UnitProperty[], runtime: boolean): Promise<void>;
  /**
   * Calls back with a unit's status now and after each of its changes until it is disposed of. Changes that follow one another
   * closely may come as one.
   */
  watch(unit: string, listener: (status: UnitStatus) => void): Promise<Disposable>;
}

export interface JobOptions {
  /** What happens to jobs that are queued: `replace` (default) takes their place, `fail` gives way to them. */
  readonly mode?: "replace" | "fail" | "ignore-dependencies";
  /** Cancels the job; the outcome is then `canceled`. */
  readonly signal?: AbortSignal;
}

/** How a job ended (org.freedesktop.systemd1(5), JobRemoved) and, where it did not come through, how that left its unit. */
export type JobOutcome =
  | { readonly unit: string; readonly result: "done" }
  | { readonly unit: string; readonly result: Exclude<JobResult, "done">; readonly status: UnitStatus };

/**
 * Only `done` is no failure. It is also the result of a start that conditions (ConditionPathExists=) held back, after which the
 * unit is inactive. A service that takes longer than its TimeoutStartSec= is `failed`: `timeout` is that of JobTimeoutSec=.
 * `other` is a word of a later systemd.
 */
export type JobResult =
  | "done"
  | "canceled"
  | "timeout"
  | "failed"
  | "dependency"
  | "skipped"
  | "invalid"
  | "assert"
  | "unsupported"
  | "collected"
  | "once"
  | "other";

export interface UnitFileOptions {
  /** Until the next boot (below /run). */
  readonly runtime?: boolean;
  /** Replaces links that lead elsewhere. */
  readonly force?: boolean;
}

export interface UnitFileChange {
  /** `symlink` or `unlink`. */
  readonly kind: string;
  readonly path: string;
  /** Where a link leads. */
  readonly target: string;
}

export interface UnitSummary {
  readonly name: string;
  readonly description: string;
  readonly loadState: string;
  readonly activeState: ActiveState;
  readonly subState: string;
}

export type ActiveState =
  | "active"
  | "reloading"
  | "inactive"
  | "failed"
  | "activating"
  | "deactivating"
  | "maintenance"
  | "refreshing";

export interface UnitStatus extends UnitSummary {
  /** Of this run of it, 32 hexadecimal digits; journal entries have it. */
  readonly invocationId: string | undefined;
  /** Path of the unit file. */
  readonly fragment: string | undefined;
  /** The files on disk are newer than what systemd has read. */
  readonly needsReload: boolean;
  /** Milliseconds since the epoch; undefined when it is not active. */
  readonly activeSince: number | undefined;
  /** Undefined for units that are no services. */
  readonly service: ServiceStatus | undefined;
}

export interface ServiceStatus {
  /** `success`, `exit-code`, `signal`, `timeout`, `start-limit-hit`, `oom-kill`, ... */
  readonly result: string;
  readonly mainPid: number | undefined;
  /** Restarts that Restart= made since it was started. */
  readonly restarts: number;
  /** Exit code, or number of the signal, that the main process ended with last (`mainExit` says which). */
  readonly mainStatus: number;
  readonly mainExit: "exited" | "killed" | "dumped" | undefined;
  /** As it says itself (STATUS= of sd_notify(3)). */
  readonly statusText: string;
  /** Below /sys/fs/cgroup, empty when it does not run. */
  readonly controlGroup: string;
  /** Undefined where it is not counted. */
  readonly memoryBytes: number | undefined;
  readonly cpuMs: number | undefined;
  readonly tasks: number | undefined;
}

/** What a service takes. */
export interface ServiceUsage extends Pick<ServiceStatus, "restarts" | "memoryBytes"> {
  readonly activeSince: number | undefined;
}

/** D-Bus property with the signature of its value: `{ name: "CPUWeight", type: "t", value: 200n }`. */
export interface UnitProperty {
  readonly name: string;
  readonly type: string;
  readonly value: string | number | bigint | boolean | readonly string[];
}
