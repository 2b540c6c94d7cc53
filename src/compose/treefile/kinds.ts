// SPDX-License-Identifier: Apache-2.0
/** The kinds of values that treefile keys have: what is accepted, and the one form it is kept and printed in. */

export interface Kind {
  /** Ends the sentence "must be ...". */
  readonly expected: string;
  /** The value in the kind's form, or `undefined` when it is of another kind. */
  read(value: unknown): unknown;
}

export function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function accept(expected: string, test: (value: unknown) => boolean): Kind {
  return { expected, read: (value) => (test(value) ? value : undefined) };
}

export const text = accept("a string", (value) => typeof value === "string");
export const flag = accept("true or false", (value) => typeof value === "boolean");
export const count = accept("a whole number", (value) => Number.isSafeInteger(value) && (value as number) >= 0);
export const strings = accept("a list of strings", isStrings);
export const map = accept("a map", isPlainMap);
export const maps = accept("a list of maps", (value) => Array.isArray(value) && value.every(isPlainMap));
export const textMap = accept("a map of strings", (value) => isPlainMap(value) && isStrings(Object.values(value)));

/** treefile.rs `ReleaseVer`: kept as it was written, since conditions tell numbers from strings. */
export const release = accept("a string or a whole number", (value) => typeof value === "string" || isCount(value));

/** treefile.rs `VarValue`. */
export const variables = accept(
  "a map of strings, whole numbers and booleans",
  (value) =>
    isPlainMap(value) &&
    Object.values(value).every((one) => typeof one === "string" || typeof one === "boolean" || isCount(one)),
);

function isCount(value: unknown): boolean {
  return count.read(value) !== undefined;
}

/** A number is taken for a string: `automatic-version-prefix: 13`. */
export const scalar: Kind = {
  expected: "a string or a number",
  read: (value) => (typeof value === "string" || typeof value === "number" ? String(value) : undefined),
};

/** One of some words; `others` are spellings of old treefiles. */
export function choice(words: readonly string[], others: Readonly<Record<string, string>> = {}): Kind {
  const known = new Map([...words.map((word): [string, string] => [word, word]), ...Object.entries(others)]);
  return { expected: words.join(" or "), read: (value) => known.get(String(value)) };
}

/** A set: sorted, as rpm-ostree's BTreeSet prints it. */
export function sorted(values: Iterable<string>): string[] {
  return [...new Set(values)].toSorted();
}

export const set: Kind = {
  expected: "a list of strings",
  read: (value) => (isStrings(value) ? sorted(value) : undefined),
};

/** treefile.rs `whitespace_split_packages`: "a b" is two packages, "'a >= 1'" is one. */
export const words: Kind = {
  expected: "a list of strings in which every single quote has its counterpart",
  read(value) {
    if (!isStrings(value) || value.some((item) => item.split("'").length % 2 === 0)) return undefined;
    return sorted(
      value.flatMap((item) =>
        item.split("'").flatMap((part, index) => (index % 2 === 1 ? [part] : part.split(/\s+/).filter(Boolean))),
      ),
    );
  },
};

/** Lists of [first, more...]. */
export const rows = accept(
  "a list of lists of two or more strings",
  (value) => Array.isArray(value) && value.every((row) => isStrings(row) && row.length >= 2),
);
export const pairs = accept(
  "a list of pairs of strings",
  (value) => Array.isArray(value) && value.every((row) => isStrings(row) && row.length === 2),
);

export const include: Kind = {
  expected: "a string or a list of strings",
  read: (value) => (typeof value === "string" ? [value] : isStrings(value) ? value : undefined),
};

export const includeMap: Kind = {
  expected: "a map of architectures to a string or a list of strings",
  read(value) {
    if (!isPlainMap(value)) return undefined;
    const entries = Object.entries(value).map(([arch, names]) => [arch, include.read(names)]);
    return entries.some(([, names]) => names === undefined) ? undefined : Object.fromEntries(entries);
  },
};

/** A map with these keys and no others; an optional key that is absent stays absent unless it has a default. */
function record(expected: string, fields: Readonly<Record<string, { kind: Kind; absent?: unknown }>>): Kind {
  return {
    expected,
    read(value) {
      if (!isPlainMap(value) || Object.keys(value).some((key) => !Object.hasOwn(fields, key))) return undefined;
      const result: Record<string, unknown> = {};
      for (const [key, { kind, absent }] of Object.entries(fields)) {
        const given = value[key] ?? undefined;
        const read = given === undefined ? absent : kind.read(given);
        if (read === undefined) return undefined;
        if (read !== optional) result[key] = read;
      }
      return result;
    },
  };
}

/** Stands for a key that may be left out without a trace. */
const optional = Symbol("optional");

function listOf(expected: string, kind: Kind): Kind {
  return {
    expected,
    read(value) {
      if (!Array.isArray(value)) return undefined;
      const items = value.map((item) => kind.read(item));
      return items.includes(undefined) ? undefined : items;
    },
  };
}

export const repoPackages = listOf(
  "a list of {repo: NAME, packages: [NAME...]}",
  record("", { repo: { kind: text }, packages: { kind: words } }),
);

/** `description: null` is what rpm-ostree prints when there is none. */
export const rojig = record("a map of name, summary, license and perhaps description", {
  name: { kind: text },
  summary: { kind: text },
  license: { kind: text },
  description: { kind: text, absent: null },
});

export const securityTracker = record("a map of data, a URL or a file, and perhaps release", {
  data: { kind: text },
  release: { kind: text, absent: optional },
});

export const modules = record("a map of enable and install, both lists of strings", {
  enable: { kind: strings, absent: optional },
  install: { kind: strings, absent: optional },
});

/** treefile.rs `CheckPasswd`, `CheckGroups`. */
export function check(ids: (value: unknown) => boolean): Kind {
  const entries = accept("", (value) => isPlainMap(value) && Object.values(value).every(ids));
  const types: Readonly<Record<string, Kind>> = {
    none: record("", { type: { kind: text } }),
    previous: record("", { type: { kind: text } }),
    file: record("", { type: { kind: text }, filename: { kind: text } }),
    data: record("", { type: { kind: text }, entries: { kind: entries } }),
  };
  return {
    expected: "{type: none}, {type: previous}, {type: file, filename: NAME} or {type: data, entries: {NAME: ID...}}",
    read(value) {
      const type = isPlainMap(value) && typeof value["type"] === "string" ? value["type"] : "";
      return Object.hasOwn(types, type) ? types[type]?.read(value) : undefined;
    },
  };
}

const isId = (value: unknown) => isCount(value) && (value as number) < 2 ** 32;
export const checkGroups = check(isId);
/** A number for both; [uid]; [uid, gid]. */
export const checkPasswd = check(
  (value) => isId(value) || (Array.isArray(value) && value.length >= 1 && value.length <= 2 && value.every(isId)),
);
