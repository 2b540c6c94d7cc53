// SPDX-License-Identifier: Apache-2.0
import { type FileContext, parseFileContexts, parseSubstitutions, type PathSubstitution } from "../../formats/index.ts";

/** The texts that decide labels, from /etc/selinux/TYPE/contexts/files; missing ones are "". */
export interface PolicyFiles {
  readonly fileContexts: string;
  readonly homedirs: string;
  readonly local: string;
  readonly subs: string;
  readonly subsDist: string;
}

/** Says the label of a path, as selabel_lookup(3) does with the same files. */
export interface Labeler {
  /**
   * @param path absolute
   * @param mode st_mode; only the file type counts
   * @returns the context without a final NUL; `undefined` where the policy has none
   */
  (path: string, mode: number): string | undefined;
}

const typeMask = 0o170000;

/**
 * Builds a labeler. The rule (libselinux label_file.c `lookup_all`): substitutions first, then the last matching line
 * of file_contexts, .homedirs and .local together, lines without regular expression characters taking precedence.
 */
export function makeLabeler(files: PolicyFiles): Labeler {
  const subs = parseSubstitutions(files.subs);
  const distSubs = parseSubstitutions(files.subsDist);
  const index = new SpecIndex([files.fileContexts, files.homedirs, files.local].flatMap(parseFileContexts));
  return (path, mode) => index.lookup(substitute(distSubs, substitute(subs, path)), mode & typeMask);
}

/**
 * At most one substitution of a list applies, the first that fits; it must end at a component (`selabel_sub`). Older
 * versions of libselinux, before 3.8, take the last.
 */
function substitute(list: readonly PathSubstitution[], path: string): string {
  for (const { from, to } of list) {
    if (!path.startsWith(from)) continue;
    const rest = path.slice(from.length);
    if (rest !== "" && !rest.startsWith("/")) continue;
    return to === "/" ? rest || "/" : to + rest;
  }
  return path;
}

interface Spec {
  readonly order: number;
  readonly type: number;
  readonly context: string | undefined;
  readonly pattern: string;
  regex: RegExp | undefined;
}

/** Lines kept by the directory that their literal start names, so that a path meets only a few of the thousands. */
class SpecIndex {
  readonly #byDirectory = new Map<string, Spec[]>();
  readonly #exact = new Map<string, Spec[]>();

  constructor(contexts: readonly (FileContext | undefined)[]) {
    for (let order = contexts.length - 1; order >= 0; order--) {
      const line = contexts[order];
      if (!line) continue;
      const spec = { order, type: line.type, context: line.context, pattern: line.pattern, regex: undefined };
      const { literal, exact } = literalStart(line.pattern);
      const key = exact ? literal : literal.slice(0, literal.lastIndexOf("/"));
      const map = exact ? this.#exact : this.#byDirectory;
      const list = map.get(key);
      if (list) list.push(spec);
      else map.set(key, [spec]);
    }
  }

  lookup(path: string, type: number): string | undefined {
    const exact = this.#exact.get(path)?.find((spec) => fits(spec, type));
    if (exact) return exact.context;
    let best: Spec | undefined;
    for (let end = path.length; end >= 0; end = end === 0 ? -1 : Math.max(0, path.lastIndexOf("/", end - 1))) {
      for (const spec of this.#byDirectory.get(path.slice(0, end)) ?? []) {
        if (best && spec.order < best.order) break;
        if (!fits(spec, type) || !matches(spec, path)) continue;
        best = spec;
        break;
      }
    }
    return best?.context;
  }
}

function fits(spec: Spec, type: number): boolean {
  return spec.type === 0 || type === 0 || spec.type === type;
}

function matches(spec: Spec, path: string): boolean {
  spec.regex ??= new RegExp(`^(?:${spec.pattern})$`, "s");
  return spec.regex.test(path);
}

/**
 * The part of a pattern that is plain text, with escapes removed.
 * `exact`: all of it (label_file.h `spec_hasMetaChars`).
 */
function literalStart(pattern: string): { literal: string; exact: boolean } {
  let literal = "";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === "\\") {
      literal += pattern.charAt(++at);
    } else if (".^$?*+|[({".includes(char)) {
      // A quantifier belongs to the character before it; a bar makes all before it optional.
      if ("?*+{".includes(char)) literal = literal.slice(0, -1);
      return { literal: hasTopLevelBar(pattern) ? "/" : literal, exact: false };
    } else {
      literal += char;
    }
  }
  return { literal, exact: true };
}

function hasTopLevelBar(pattern: string): boolean {
  let depth = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "\\") at++;
    else if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === "|" && depth === 0) return true;
  }
  return false;
}
