// SPDX-License-Identifier: Apache-2.0
/** Scripts and triggers of a package: rpm-scriptlets(7), and rpm's lib/rpmscript.c and lib/rpmtriggers.c. */
import { packageError } from "../errors.ts";
import { dependencyOf, sense } from "./dependency.ts";
import type { RpmHeader } from "./header.ts";
import type { RpmDependency } from "./model.ts";
import { type Tag, tag } from "./tags.ts";

export type RpmScriptKind =
  | "prein"
  | "postin"
  | "preun"
  | "postun"
  | "pretrans"
  | "posttrans"
  | "preuntrans"
  | "postuntrans"
  | "verify";

/** What is run, by what, and how. */
export interface RpmScriptText {
  /** The program and its arguments, `["/bin/sh"]` or `["<lua>"]`. Without a body the program itself is what is run. */
  readonly interpreter: readonly string[];
  /** Absent for a script that is only a program, as `%post -p /sbin/ldconfig`. */
  readonly body?: string;
  /** RPMSCRIPT_FLAG_EXPAND: macros in the body are expanded when it runs. */
  readonly expand: boolean;
  /** RPMSCRIPT_FLAG_QFORMAT: the body is a query format over the package's header. */
  readonly queryFormat: boolean;
  /** RPMSCRIPT_FLAG_CRITICAL: its failure fails the transaction's element. */
  readonly critical: boolean;
}

export interface RpmScript extends RpmScriptText {
  readonly kind: RpmScriptKind;
}

export type RpmTriggerMoment = "prein" | "in" | "un" | "postun";

export interface RpmTrigger extends RpmScriptText {
  readonly type: "package" | "file" | "transaction-file";
  readonly moment: RpmTriggerMoment;
  /** Packages, or for file triggers the beginnings of paths. */
  readonly conditions: readonly RpmDependency[];
  /** Of file triggers: higher ones run first; 1000000 where none is given (RPMTRIGGER_DEFAULT_PRIORITY). */
  readonly priority: number;
}

const scriptTags: Readonly<Record<RpmScriptKind, readonly [Tag<"string">, Tag<"strings">, Tag<"int32">]>> = {
  pretrans: [tag.pretrans, tag.pretransProgram, tag.pretransFlags],
  prein: [tag.prein, tag.preinProgram, tag.preinFlags],
  postin: [tag.postin, tag.postinProgram, tag.postinFlags],
  preun: [tag.preun, tag.preunProgram, tag.preunFlags],
  postun: [tag.postun, tag.postunProgram, tag.postunFlags],
  posttrans: [tag.posttrans, tag.posttransProgram, tag.posttransFlags],
  preuntrans: [tag.preuntrans, tag.preuntransProgram, tag.preuntransFlags],
  postuntrans: [tag.postuntrans, tag.postuntransProgram, tag.postuntransFlags],
  verify: [tag.verifyScript, tag.verifyScriptProgram, tag.verifyScriptFlags],
};

const flag = { expand: 1, queryFormat: 2, critical: 4 } as const;

/** lib/rpmscript.c: what runs a body that names no program. */
const defaultInterpreter: readonly string[] = ["/bin/sh"];

/** The scripts in the order in which they would run. */
export function readScripts(header: RpmHeader): RpmScript[] {
  const found: RpmScript[] = [];
  for (const [kind, [bodyTag, programTag, flagsTag]] of Object.entries(scriptTags)) {
    const body = header.string(bodyTag);
    const program = header.strings(programTag);
    if (body === undefined && program.length === 0) continue;
    found.push({ kind: kind as RpmScriptKind, ...scriptText(body, program, header.number(flagsTag) ?? 0) });
  }
  return found;
}

function scriptText(body: string | undefined, program: readonly string[], flags: number): RpmScriptText {
  return {
    interpreter: program.length === 0 ? defaultInterpreter : program,
    ...(body === undefined ? {} : { body }),
    expand: (flags & flag.expand) !== 0,
    queryFormat: (flags & flag.queryFormat) !== 0,
    critical: (flags & flag.critical) !== 0,
  };
}

interface TriggerTags {
  readonly scripts: Tag<"strings">;
  readonly program: Tag<"strings">;
  readonly scriptFlags: Tag<"int32">;
  readonly name: Tag<"strings">;
  readonly version: Tag<"strings">;
  readonly flags: Tag<"int32">;
  readonly index: Tag<"int32">;
  readonly priorities?: Tag<"int32">;
}

const triggerTags: Readonly<Record<RpmTrigger["type"], TriggerTags>> = {
  package: {
    scripts: tag.triggerScripts,
    program: tag.triggerScriptProgram,
    scriptFlags: tag.triggerScriptFlags,
    name: tag.triggerName,
    version: tag.triggerVersion,
    flags: tag.triggerFlags,
    index: tag.triggerIndex,
  },
  file: {
    scripts: tag.fileTriggerScripts,
    program: tag.fileTriggerScriptProgram,
    scriptFlags: tag.fileTriggerScriptFlags,
    name: tag.fileTriggerName,
    version: tag.fileTriggerVersion,
    flags: tag.fileTriggerFlags,
    index: tag.fileTriggerIndex,
    priorities: tag.fileTriggerPriorities,
  },
  "transaction-file": {
    scripts: tag.transFileTriggerScripts,
    program: tag.transFileTriggerScriptProgram,
    scriptFlags: tag.transFileTriggerScriptFlags,
    name: tag.transFileTriggerName,
    version: tag.transFileTriggerVersion,
    flags: tag.transFileTriggerFlags,
    index: tag.transFileTriggerIndex,
    priorities: tag.transFileTriggerPriorities,
  },
};

const defaultPriority = 1_000_000;

/** All triggers, by type. Throws `packages-rpm` for arrays that do not fit together. */
export function readTriggers(header: RpmHeader, what: string): RpmTrigger[] {
  return Object.entries(triggerTags).flatMap(([type, tags]) =>
    readTriggersOf(header, type as RpmTrigger["type"], tags, what),
  );
}

function readTriggersOf(header: RpmHeader, type: RpmTrigger["type"], tags: TriggerTags, what: string): RpmTrigger[] {
  const names = header.strings(tags.name);
  if (names.length === 0) return [];
  const versions = header.strings(tags.version);
  const flags = header.numbers(tags.flags);
  const indexes = header.numbers(tags.index);
  if (versions.length !== names.length || flags.length !== names.length || indexes.length !== names.length) {
    throw packageError("rpm", `${what}: the conditions of triggers do not fit together`);
  }
  const bodies = header.strings(tags.scripts);
  const programs = header.strings(tags.program);
  const scriptFlags = header.numbers(tags.scriptFlags);
  const priorities = tags.priorities === undefined ? [] : header.numbers(tags.priorities);
  const conditions = new Map<string, { moment: RpmTriggerMoment; index: number; list: RpmDependency[] }>();
  for (const [at, name] of names.entries()) {
    const index = indexes[at]!;
    if (index >= bodies.length)
      throw packageError("rpm", `${what}: a trigger on ${JSON.stringify(name)} has no script`);
    const moment = momentOf(flags[at]!, what);
    const key = `${moment} ${index}`;
    const one = conditions.get(key) ?? { moment, index, list: [] };
    conditions.set(key, one);
    one.list.push(dependencyOf(name, flags[at]!, versions[at]!));
  }
  return [...conditions.values()].map(({ moment, index, list }) => ({
    type,
    moment,
    conditions: list,
    priority: priorities[index] ?? defaultPriority,
    ...scriptText(bodies[index], programs[index] === undefined ? [] : [programs[index]], scriptFlags[index] ?? 0),
  }));
}

function momentOf(flags: number, what: string): RpmTriggerMoment {
  if ((flags & sense.triggerPrein) !== 0) return "prein";
  if ((flags & sense.triggerIn) !== 0) return "in";
  if ((flags & sense.triggerUn) !== 0) return "un";
  if ((flags & sense.triggerPostun) !== 0) return "postun";
  throw packageError("rpm", `${what}: a trigger that names no moment`);
}
