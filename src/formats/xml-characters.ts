// SPDX-License-Identifier: Apache-2.0
/** Characters, references and ends of lines of XML 1.0. Strings are of one character for each byte. */

const entities: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
});

/** XML 1.0 section 2.2, production Char. */
function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

/** The bytes that a reference `&name;` stands for; `undefined` where it stands for nothing. */
export function resolveReference(name: string): string | undefined {
  const known = entities[name];
  if (known !== undefined) return known;
  const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (!number) return undefined;
  const code = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16);
  return isCharacter(code) ? Buffer.from(String.fromCodePoint(code)).toString("latin1") : undefined;
}

/** XML 1.0 section 2.11. */
export function newlines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}
