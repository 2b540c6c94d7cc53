// SPDX-License-Identifier: Apache-2.0
/** Configuration files of dnf and yum: sections, `key=value`, and values that go on in lines that begin with white space. */
import { formatError } from "./errors.ts";

export type IniSections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Lines of a value stay lines of it. A key that is given twice has the later value; the parts of a section of two parts
 * are one. Refuses the lines that libdnf's IniParser refuses.
 */
export function parseIni(text: string, what: string): IniSections {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const refuse = (message: string) => formatError("ini", `${what}, line ${index + 1}: ${message}`);
    if (/^[#;]/.test(line) || line.trim() === "") {
      key = undefined;
      continue;
    }
    if (/^[ \t]/.test(line)) {
      if (section === undefined || key === undefined) throw refuse("a line that goes on with nothing");
      section.set(key, `${section.get(key)}\n${line.trim()}`);
      continue;
    }
    key = undefined;
    if (line.startsWith("[")) {
      const name = /^\[([^\]]+)\]\s*(?:[#;].*)?$/.exec(line)?.[1];
      if (name === undefined) throw refuse("a section that does not end, has no name, or has something after it");
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      continue;
    }
    const equals = line.indexOf("=");
    if (section === undefined) throw refuse("a key before the first section");
    if (equals <= 0) throw refuse(`${JSON.stringify(line.slice(0, 80))} is no key=value`);
    key = line.slice(0, equals).trimEnd();
    section.set(key, line.slice(equals + 1).trim());
  }
  return sections;
}
