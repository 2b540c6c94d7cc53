// SPDX-License-Identifier: Apache-2.0
/**
 * A service manager and an engine that do what unit files tell them, for what real ones do not do on demand. What they know is
 * in a file, as systemd outlives the program that calls it: another process goes on with it.
 *
 *     Requires=, After=          as systemd has them
 *     # fail: 3                  its start fails, with this exit code
 *     # restart-after: 2000      it is started anew by itself once, that long after its start
 *     # unhealthy-after: 2000    its container's health check fails from then on
 *     # never-healthy            it is `starting` for ever
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silent, type ProgressListener } from "../../../src/base/index.ts";
import {
  type Clock,
  type Engine,
  type Health,
  gearError,
  GenerationStore,
  type Image,
  type JobOutcome,
  type JobResult,
  type ServiceManager,
  type Surroundings,
  type UnitStatus,
} from "../../../src/gear/index.ts";

interface Running {
  /** The file that it was started by. */
  text: string;
  invocation: number;
  startedAt: number;
  restarted: boolean;
}

interface State {
  time: number;
  invocations: number;
  loaded: Record<string, string>;
  running: Record<string, Running>;
  failed: Record<string, number>;
  enabled: string[];
  /** Reference -> digest, of what a pull would bring. */
  registry: Record<string, string>;
  images: Record<string, string>;
  journal: Record<string, string | number>[];
}

export interface Script extends Surroundings {
  readonly root: string;
  state(): State;
  /** Units that run, with the text that they were started by. */
  running(): Record<string, string>;
  edit(change: (state: State) => void): void;
  /** What was asked of the manager and the engine. */
  readonly calls: string[];
}

/**
 * @param root of a host; what was there before goes on
 * @param step told before each call takes effect and after
 */
export function script(root: string, step: () => void = () => {}, progress: ProgressListener = silent): Script {
  const file = join(root, "scripted.json");
  const directory = join(root, "etc/systemd/system");
  mkdirSync(directory, { recursive: true });
  const state = readState(file);
  const save = () => writeFileSync(file, JSON.stringify(state));
  const calls: string[] = [];
  const act = async <T>(name: string, work: () => T): Promise<T> => {
    step();
    calls.push(name);
    const result = work();
    save();
    step();
    return result;
  };
  const clock: Clock = {
    date: () => 1_700_000_000_000 + state.time,
    now: () => state.time,
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      state.time += milliseconds;
      passTime(state);
      save();
    },
    limit: () => ({ signal: new AbortController().signal, [Symbol.dispose]() {} }),
  };
  return {
    root,
    calls,
    clock,
    progress,
    store: new GenerationStore(root),
    services: scriptedServices(state, directory, act),
    engine: scriptedEngine(state, act),
    journal: {
      async write(fields) {
        state.journal.push({ ...fields });
        save();
      },
      tail: async () => ["the last line"],
    },
    state: () => readState(file),
    running: () =>
      Object.fromEntries(
        Object.entries(state.running)
          .map(([name, { text }]): [string, string] => [name, text])
          .sort(),
      ),
    edit(change) {
      change(state);
      save();
    },
  };
}

function readState(file: string): State {
  const fresh = { time: 0, invocations: 0, loaded: {}, running: {}, failed: {}, enabled: [], registry: {}, images: {} };
  try {
    return JSON.parse(readFileSync(file, "utf8")) as State;
  } catch {
    return { ...fresh, journal: [] };
  }
}

type Act = <T>(name: string, work: () => T) => Promise<T>;

function scriptedServices(state: State, directory: string, act: Act): ServiceManager {
  const refuse = (): never => {
    throw new Error("not scripted");
  };
  const outcome = (unit: string, result: JobResult): JobOutcome =>
    result === "done" ? { unit, result } : { unit, result, status: statusOf(state, unit) };
  const statuses = (names: readonly string[]) => names.map((name) => statusOf(state, name));
  return {
    start: (unit) => act(`start ${unit}`, () => outcome(unit, startUnit(state, unit))),
    stop: (unit) => act(`stop ${unit}`, () => (stopUnit(state, unit), outcome(unit, "done"))),
    restart: (unit) =>
      act(`restart ${unit}`, () => {
        stopUnit(state, unit);
        return outcome(unit, startUnit(state, unit));
      }),
    daemonReload: () =>
      act("daemon-reload", () => {
        const foreign = Object.entries(state.loaded).filter(([name]) => name.startsWith("host-"));
        const names = readdirSync(directory).filter((name) => !name.startsWith("."));
        const own = names.map((name): [string, string] => [name, readFileSync(join(directory, name), "utf8")]);
        state.loaded = Object.fromEntries([...foreign, ...own]);
      }),
    enable: (files) =>
      act(`enable ${files.join(" ")}`, () => {
        state.enabled = [...new Set([...state.enabled, ...files])].sort();
        return [];
      }),
    disable: (files) =>
      act(`disable ${files.join(" ")}`, () => {
        state.enabled = state.enabled.filter((name) => !files.includes(name));
        return [];
      }),
    resetFailed: (unit) => act(`reset-failed ${unit}`, () => void delete state.failed[unit]),
    unit: async (name) => statusOf(state, name),
    summaries: async (names) => statuses(names),
    invocations: async (names) => statuses(names).map(({ invocationId }) => invocationId),
    fragments: async (names) => statuses(names).map(({ fragment }) => fragment),
    usage: async (names) =>
      statuses(names).map(({ activeSince, service }) => ({
        activeSince,
        restarts: service?.restarts ?? 0,
        memoryBytes: undefined,
      })),
    dependants: async (unit) => dependantsOf(state, unit),
    units: async () => [],
    unitFileState: async () => undefined,
    tryRestart: refuse,
    reload: refuse,
    reloadOrRestart: refuse,
    kill: refuse,
    mask: refuse,
    unmask: refuse,
    setProperties: refuse,
    watch: refuse,
    [Symbol.dispose]() {},
  };
}

const words = (text: string, key: string) =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].flatMap(([, value]) => value!.split(" "));
const scripted = (text: string, key: string) => new RegExp(`^# ${key}(?:: (.*))?$`, "m").exec(text);

function dependantsOf({ loaded }: State, unit: string): string[] {
  return Object.keys(loaded).filter((name) => words(loaded[name]!, "Requires").includes(unit));
}

function startUnit(state: State, unit: string): JobResult {
  const text = state.loaded[unit];
  if (text === undefined) throw gearError("systemd", `Unit ${unit} not found.`);
  if (state.running[unit] !== undefined) return "done";
  for (const needed of words(text, "Requires")) if (startUnit(state, needed) !== "done") return "dependency";
  const failure = scripted(text, "fail");
  if (failure !== null) {
    state.failed[unit] = Number(failure[1]);
    return "failed";
  }
  state.running[unit] = { text, invocation: ++state.invocations, startedAt: state.time, restarted: false };
  return "done";
}

function stopUnit(state: State, unit: string): void {
  for (const dependant of dependantsOf(state, unit)) if (dependant in state.running) stopUnit(state, dependant);
  delete state.running[unit];
}

function passTime(state: State): void {
  for (const running of Object.values(state.running)) {
    const after = scripted(running.text, "restart-after");
    if (after === null || running.restarted || state.time - running.startedAt < Number(after[1])) continue;
    Object.assign(running, { restarted: true, invocation: ++state.invocations });
  }
}

function statusOf(state: State, name: string): UnitStatus {
  const running = state.running[name];
  const failure = state.failed[name];
  const text = state.loaded[name];
  const isKnown = text !== undefined || running !== undefined || failure !== undefined;
  const service = {
    result: failure === undefined ? "success" : "exit-code",
    mainPid: undefined,
    restarts: running?.restarted === true ? 1 : 0,
    mainStatus: failure ?? 0,
    mainExit: failure === undefined ? undefined : ("exited" as const),
    statusText: "",
    controlGroup: "",
    memoryBytes: undefined,
    cpuMs: undefined,
    tasks: undefined,
  };
  const place = name.startsWith("host-") ? "/usr/lib/systemd/system" : "/etc/systemd/system";
  return {
    name,
    description: name,
    loadState: isKnown ? "loaded" : "not-found",
    activeState: running !== undefined ? "active" : failure !== undefined ? "failed" : "inactive",
    subState: running !== undefined ? "running" : failure !== undefined ? "failed" : "dead",
    invocationId: running === undefined ? undefined : String(running.invocation),
    fragment: text === undefined ? undefined : `${place}/${name}`,
    needsReload: false,
    activeSince: running?.startedAt,
    service,
  };
}

function healthOf(state: State, unit: string): Health["status"] | undefined {
  const running = state.running[unit];
  if (running === undefined) return undefined;
  const after = scripted(running.text, "unhealthy-after");
  const isBad = after !== null && state.time - running.startedAt >= Number(after[1]);
  return scripted(running.text, "never-healthy") !== null ? "starting" : isBad ? "unhealthy" : "healthy";
}

function scriptedEngine(state: State, act: Act): Engine {
  const imageOf = (reference: string, digest: string) =>
    ({
      id: digest,
      digest,
      pinned: `${reference.replace(/[:@].*$/, "")}@${digest}`,
      names: [reference],
    }) as unknown as Image;
  const find = (reference: string) => {
    const [known] = Object.entries(state.images).filter(
      ([name, digest]) => name === reference || imageOf(name, digest).pinned === reference,
    );
    return known === undefined ? undefined : imageOf(...known);
  };
  const engine: Partial<Engine> = {
    kind: "podman",
    images: async () => Object.entries(state.images).map(([name, digest]) => imageOf(name, digest)),
    image: async (reference) => find(reference),
    pull: (reference) =>
      act(`pull ${reference}`, () => {
        const digest = state.registry[reference];
        if (digest === undefined) throw gearError("engine", `${reference}: manifest unknown`);
        state.images[reference] = digest;
        return imageOf(reference, digest);
      }),
    pruneImages: (keep, candidates = []) =>
      act(`prune ${candidates.join(" ")}`, () => ({
        removed: candidates.filter((one) => !keep.includes(one)),
        refused: [],
      })),
    container: async (name) => {
      const status = healthOf(state, `${name}.service`);
      if (status === undefined) return undefined;
      const log = [{ at: undefined, exitCode: 1, output: "connection refused\n" }];
      const failures = status === "unhealthy" ? 3 : 0;
      return { health: { status, failures, log } } as unknown as Awaited<ReturnType<Engine["container"]>>;
    },
    containersByHealth: async (status) =>
      Object.keys(state.running)
        .filter((unit) => healthOf(state, unit) === status)
        .map((unit) => unit.replace(/\.service$/, "")),
  };
  return engine as Engine;
}
