// SPDX-License-Identifier: Apache-2.0
/** The index tables of a database and what of a header stands in them: rpm's lib/rpmdb.c, `dbiTags` and `tag2index`. */
import { isRich, sense } from "../dependency.ts";
import type { RpmHeader } from "../header.ts";
import { parseRich, type RichExpression } from "../rich.ts";
import { type Tag, tag } from "../tags.ts";

export interface IndexRow {
  readonly key: string | Buffer;
  /** Which element of the tag it is; of file triggers which script. */
  readonly element: number;
}

export interface IndexTable {
  readonly name: string;
  readonly keyType: "TEXT" | "BLOB";
  /** Columns with an index of their own (lib/backend/sqlite.c, `init_index`). */
  readonly indexed: readonly ("key" | "hnum")[];
  rows(header: RpmHeader): IndexRow[];
}

type TextTag = Tag<"string" | "i18n" | "strings">;

const arrays = ["key", "hnum"] as const;

function plain(name: string, one: TextTag): IndexTable {
  return { name, keyType: "TEXT", indexed: arrays, rows: (header) => elementRows(header.strings(one)) };
}

function elementRows(keys: readonly string[]): IndexRow[] {
  return keys.map((key, element) => ({ key, element }));
}

function dependencies(name: string, one: TextTag): IndexTable {
  return {
    ...plain(name, one),
    rows: (header) => elementRows(header.strings(one)).flatMap((row) => [row, ...richRows(row)]),
  };
}

function fileTriggers(name: string, one: TextTag, index: Tag<"int32">): IndexTable {
  const rows = (header: RpmHeader) => {
    const indexes = header.numbers(index);
    return header.strings(one).map((key, at) => ({ key, element: indexes[at] ?? 0 }));
  };
  return { name, keyType: "TEXT", indexed: arrays, rows };
}

/** In the order in which rpm opens them. */
export const indexTables: readonly IndexTable[] = [
  { ...plain("Name", tag.name), indexed: ["key"] },
  plain("Basenames", tag.baseNames),
  { name: "Group", keyType: "TEXT", indexed: ["key"], rows: groupRows },
  { ...plain("Requirename", tag.requireName), rows: requireRows },
  plain("Providename", tag.provideName),
  dependencies("Conflictname", tag.conflictName),
  plain("Obsoletename", tag.obsoleteName),
  { ...plain("Triggername", tag.triggerName), rows: triggerRows },
  plain("Dirnames", tag.directoryNames),
  { name: "Installtid", keyType: "BLOB", indexed: [], rows: transactionRows },
  { name: "Sigmd5", keyType: "BLOB", indexed: [], rows: md5Rows },
  { ...plain("Sha1header", tag.sha1Header), indexed: ["key"] },
  fileTriggers("Filetriggername", tag.fileTriggerName, tag.fileTriggerIndex),
  fileTriggers("Transfiletriggername", tag.transFileTriggerName, tag.transFileTriggerIndex),
  dependencies("Recommendname", tag.recommendName),
  dependencies("Suggestname", tag.suggestName),
  dependencies("Supplementname", tag.supplementName),
  dependencies("Enhancename", tag.enhanceName),
];

function groupRows(header: RpmHeader): IndexRow[] {
  return [{ key: header.string(tag.group) ?? "Unknown", element: 0 }];
}

/** Names that a trigger gives twice stand once. */
function triggerRows(header: RpmHeader): IndexRow[] {
  const names = header.strings(tag.triggerName);
  return elementRows(names).filter(({ key }, at) => names.indexOf(key as string) === at);
}

/** A number's bytes in the machine's order, which is little-endian on all that this runs on. */
function transactionRows(header: RpmHeader): IndexRow[] {
  return header.numbers(tag.installTid).map((transaction, element) => {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(transaction);
    return { key, element };
  });
}

function md5Rows(header: RpmHeader): IndexRow[] {
  const key = header.binary(tag.sigMd5);
  return key === undefined ? [] : [{ key, element: 0 }];
}

const installOnly =
  sense.scriptPre | sense.scriptPost | sense.rpmlib | sense.keyring | sense.pretrans | sense.posttrans;
const eraseOnly = sense.scriptPreun | sense.scriptPostun | sense.preuntrans | sense.postuntrans;

/** rpmds.h, `isTransientReq`: what is only needed while it is installed is not kept. */
function requireRows(header: RpmHeader): IndexRow[] {
  const flags = header.numbers(tag.requireFlags);
  return elementRows(header.strings(tag.requireName)).flatMap((row) => {
    const bits = flags[row.element] ?? 0;
    const transient = (bits & installOnly) !== 0 && (bits & eraseOnly) === 0 && (bits & sense.meta) === 0;
    return transient ? [] : [row, ...richRows(row)];
  });
}

/** lib/rpmdb.c, `updateRichDep`: the names in a rich dependency, those that it may hang on being absent with a `!`. */
function richRows({ key, element }: IndexRow): IndexRow[] {
  if (typeof key !== "string" || !isRich(key)) return [];
  let expression;
  try {
    expression = parseRich(key);
  } catch {
    // What rpm cannot parse either is only found by its whole text.
    return [];
  }
  const names = new Set<string>();
  collect(expression, false, names);
  const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return sorted.map((name) => ({ key: name.startsWith(" ") ? name.slice(1) : name, element }));
}

function collect(expression: RichExpression, negated: boolean, names: Set<string>): void {
  switch (expression.kind) {
    case "dependency": {
      const { name } = expression.dependency;
      if (!name.startsWith("rpmlib(")) names.add(`${negated ? "!" : " "}${name}`);
      return;
    }
    case "if":
    case "unless":
      collect(expression.operand, negated, names);
      collect(expression.condition, !negated, names);
      if (expression.otherwise === undefined) return;
      collect(expression.condition, negated, names);
      collect(expression.otherwise, negated, names);
      return;
    default:
      for (const operand of expression.operands) collect(operand, negated, names);
  }
}
