// SPDX-License-Identifier: Apache-2.0
/** Runs the scriptlets of an installation, in the order in which rpm runs those of each package (lib/psm.c). */
import type { ProgressListener } from "../../../base/index.ts";
import { rangesOverlap, type RpmScriptKind, type RpmScriptText, type RpmTrigger } from "../../../packages/index.ts";
import { composeError } from "../../errors.ts";
import type { TreeRpm } from "../package.ts";
import { type InstalledFiles, matchedPaths } from "./file-matches.ts";
import { isIgnoredScript } from "./ignored.ts";
import type { ScriptEnd } from "./script-root.ts";
import type { ScriptSession } from "./session.ts";

const task = "compose.scripts";
const shownLines = 20;
/** lib/rpmtriggers.c, TRIGGER_PRIORITY_BOUND: file triggers of a higher priority run before %post. */
const priorityBound = 10_000;

export interface ScriptPackage {
  readonly one: TreeRpm;
  readonly files: InstalledFiles;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  /** Macros that Lua scriptlets find beside those of the tree's files. */
  readonly macros: Readonly<Record<string, string>>;
}

/** The number of packages of a name there will be: always one in a new tree. */
const count = "1";
const none = "0";

export class ScriptRunner {
  readonly #packages: readonly ScriptPackage[];
  readonly #present: readonly ScriptPackage[];
  readonly #surroundings: Surroundings;
  readonly #progress: ProgressListener;
  #session: ScriptSession | undefined;
  #done = 0;

  /**
   * @param packages in the order of their installation
   * @param present what is installed already: its triggers count, its scriptlets do not
   */
  constructor(
    packages: readonly ScriptPackage[],
    surroundings: Surroundings,
    progress: ProgressListener,
    present: readonly ScriptPackage[] = [],
  ) {
    this.#packages = packages;
    this.#present = present;
    this.#surroundings = surroundings;
    this.#progress = progress;
  }

  /** All %pre, before anything is owned by the accounts that they make (rpmostree-core.cxx `rpmostree_context_assemble`). */
  async before(session: ScriptSession): Promise<void> {
    this.#session = session;
    const earlier: TreeRpm[] = this.#present.map(({ one }) => one);
    for (const { one } of this.#packages) {
      // The package itself is not installed yet: it does not count, neither as what triggers nor as what is triggered.
      for (const owner of earlier) await this.#packageTriggers("prein", owner, one, [count, none], new Set());
      const run = new Set<RpmTrigger>();
      for (const by of earlier) await this.#packageTriggers("prein", one, by, [none, count], run);
      await this.#script(one, "prein", "prein");
      earlier.push(one);
    }
  }

  /** %post and triggers, package by package; then %posttrans and the triggers of the whole transaction. */
  async after(session: ScriptSession): Promise<void> {
    this.#session = session;
    const installed: ScriptPackage[] = [...this.#present];
    for (const current of this.#packages) {
      installed.push(current);
      await this.#afterOne(current, installed);
    }
    for (const { one } of this.#packages) await this.#script(one, "posttrans", "posttrans");
    for (const { one } of this.#present) await this.#transactionTriggers(one, this.#packages);
    for (const { one } of this.#packages) await this.#transactionTriggers(one, installed);
  }

  async #transactionTriggers(one: TreeRpm, packages: readonly ScriptPackage[]): Promise<void> {
    for (const trigger of byPriority(triggersOf(one, "transaction-file"))) {
      await this.#fileTrigger(one, trigger, packages);
    }
  }

  async #afterOne(current: ScriptPackage, installed: readonly ScriptPackage[]): Promise<void> {
    await this.#fileTriggers(current, installed, (priority) => priority >= priorityBound);
    await this.#script(current.one, "postin", "post");
    const counts = [count, count];
    for (const { one } of installed) await this.#packageTriggers("in", one, current.one, counts, new Set());
    const run = new Set<RpmTrigger>();
    for (const { one } of installed) await this.#packageTriggers("in", current.one, one, counts, run);
    await this.#fileTriggers(current, installed, (priority) => priority < priorityBound);
    const name = current.one.name;
    this.#progress({
      type: "steps",
      task,
      done: ++this.#done,
      total: this.#packages.length,
      unit: "packages",
      current: name,
    });
  }

  /** Triggers of `owner` that the package `by` sets off; one for each pair of them (`handleOneTrigger`). */
  async #packageTriggers(
    moment: "prein" | "in",
    owner: TreeRpm,
    by: TreeRpm,
    args: readonly string[],
    run: Set<RpmTrigger>,
  ): Promise<void> {
    const found = triggersOf(owner, "package", moment).find(
      (trigger) =>
        !run.has(trigger) &&
        trigger.conditions.some((condition) => {
          return condition.name === by.name && rangesOverlap({ operator: "=", evr: by.head.evr }, condition);
        }),
    );
    if (!found) return;
    run.add(found);
    await this.#run(owner, `trigger${moment}`, found, args);
  }

  /** Those of others that this package's files set off, then its own upon all that is there. */
  async #fileTriggers(
    current: ScriptPackage,
    installed: readonly ScriptPackage[],
    wanted: (priority: number) => boolean,
  ): Promise<void> {
    const others = installed.filter((one) => one !== current);
    const chosen = others.flatMap(({ one }) =>
      triggersOf(one, "file")
        .filter(({ priority }) => wanted(priority))
        .map((trigger) => ({ one, trigger, priority: trigger.priority })),
    );
    for (const { one, trigger } of byPriority(chosen)) await this.#fileTrigger(one, trigger, [current]);
    for (const trigger of byPriority(triggersOf(current.one, "file"))) {
      if (wanted(trigger.priority)) await this.#fileTrigger(current.one, trigger, installed);
    }
  }

  async #fileTrigger(owner: TreeRpm, trigger: RpmTrigger, packages: readonly ScriptPackage[]): Promise<void> {
    const paths = matchedPaths(
      trigger,
      packages.map(({ files }) => files),
    );
    if (paths.length === 0) return;
    const [what, args] =
      trigger.type === "file"
        ? (["filetriggerin", [count, count]] as const)
        : (["transfiletriggerin", [count]] as const);
    await this.#run(owner, what, trigger, args, paths);
  }

  async #script(one: TreeRpm, kind: RpmScriptKind, what: string): Promise<void> {
    const script = one.head.scripts.find((each) => each.kind === kind);
    if (script) await this.#run(one, what, script, [count]);
  }

  async #run(
    one: TreeRpm,
    what: string,
    script: RpmScriptText,
    args: readonly string[],
    lines?: readonly string[],
  ): Promise<void> {
    const { interpreter, body = "" } = script;
    const lua = interpreter[0] === "<lua>";
    if (isIgnoredScript(one.name, what, one.head.evr.release ?? "", body, lua)) return;
    if (script.expand || script.queryFormat) throw this.#unsupported(one, what, script);
    const session = this.#session;
    if (!session) throw new Error("no session for scriptlets");
    const { env, macros } = this.#surroundings;
    const common = { env, args, ...(lines && { lines }) };
    const given = lua
      ? ({ kind: "lua", script: body, name: `%${what}(${one.name})`, macros, ...common } as const)
      : ({
          kind: "program",
          command: interpreter,
          ...(script.body !== undefined && { script: script.body }),
          ...common,
          // A program without a body is given no arguments (lib/rpmscript.c `runExtScript`).
          args: script.body === undefined ? [] : args,
        } as const);
    const end = await session.run(given).catch((error: unknown) => {
      throw named(error, `${one.name}: %${what}`);
    });
    if (end.code !== 0) throw scriptFailed(one, what, interpreter[0] ?? "", end);
  }

  #unsupported(one: TreeRpm, what: string, { expand }: RpmScriptText) {
    const reason = expand ? "macros that are to be expanded when it runs" : "a query format";
    return composeError("script-failed", `${one.name}: %${what} has ${reason}, which is not supported`, {
      hint: `exclude-packages: [${one.name}], if the tree can do without it`,
    });
  }
}

/** An error of the thread, which does not know whose script it runs. */
function named(error: unknown, script: string): unknown {
  if (!composeError.is(error, "script-failed", "script-time")) return error;
  const { code, message, hint } = error;
  const short = code.endsWith("script-time") ? "script-time" : "script-failed";
  return composeError(short, `${script}: ${message}`, { ...(hint !== undefined && { hint }), cause: error });
}

function triggersOf({ head }: TreeRpm, type: RpmTrigger["type"], moment: "prein" | "in" = "in"): RpmTrigger[] {
  return head.triggers.filter((trigger) => trigger.type === type && trigger.moment === moment);
}

/** The higher ones first; what is equal stays in the order of installation. */
function byPriority<T extends { readonly priority: number }>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => b.priority - a.priority);
}

function scriptFailed(one: TreeRpm, what: string, interpreter: string, { code, signal, output }: ScriptEnd) {
  const lines = output.trim().split("\n").slice(-shownLines);
  const text = lines.map((line) => `  ${line}`).join("\n");
  if (output.includes(`bwrap: execvp ${interpreter}`)) {
    return composeError("missing-program", `${one.name}: %${what} needs ${interpreter}, which the tree does not have`, {
      hint: "add the package that has it to packages",
    });
  }
  const how = signal === undefined ? `exit code ${code}` : `signal ${signal}`;
  return composeError("script-failed", `${one.name}: %${what} failed (${how})\n${text}`, {
    hint: `exclude-packages: [${one.name}], if the tree can do without it`,
  });
}
