// SPDX-License-Identifier: Apache-2.0

/** `[...]`, whose first member may be a `]`; an escaped character; wildcards. */
const parts = /\[([!^]?)(\]?[^\]]*)\]|\\([^])|\*+|\?|[^]/gu;
const nothing = /(?!)/;

/** The texts that a pattern of fnmatch(3) without flags means, wholly: `*`, `?`, `[...]` and `\`; no `[:classes:]`. */
export function fnmatchPattern(pattern: string): RegExp {
  const source = pattern.replaceAll(parts, (part, not?: string, set?: string, escaped?: string) => {
    if (set) return `[${not ? "^" : ""}${set.replaceAll(/[\\\]^[]/g, "\\$&")}]`;
    if (escaped) return RegExp.escape(escaped);
    if (part.startsWith("*")) return ".*";
    return part === "?" ? "." : RegExp.escape(part);
  });
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    // A range whose end is before its beginning.
    return nothing;
  }
}
