// SPDX-License-Identifier: Apache-2.0

/** Of how many names a document's reader keeps one string each: a document of ever other names must not fill the memory. */
const knownLimit = 1000;

/** The names of a document, one string for each whatever the number of its elements: comparing these is comparing pointers. */
export class XmlNames {
  readonly #decode: boolean;
  readonly #known = new Map<string, string>();
  /** The same by length and ends, to find most without cutting a string out. */
  readonly #recent: string[] = Array.from({ length: 256 }, () => "");

  /** @param decode whether names are handed out as characters, or as they are found: one character for each byte */
  constructor(decode: boolean) {
    this.#decode = decode;
  }

  /** The name that stands in a text from `begin` to `end`; `undefined` when it is none (XML 1.0 section 2.3). */
  find(text: string, begin: number, end: number): string | undefined {
    const place = ((end - begin) * 31 + text.charCodeAt(begin) * 7 + text.charCodeAt(end - 1)) & 255;
    const recent = this.#recent[place]!;
    if (recent.length === end - begin && recent !== "" && text.startsWith(recent, begin)) return recent;
    const name = this.#findWhole(text.slice(begin, end));
    // Found by its bytes, so only where these are the characters too.
    if (name?.length === end - begin) this.#recent[place] = name;
    return name;
  }

  #findWhole(name: string): string | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (!/^[A-Za-z_:\x80-\xff][\w:.\x80-\xff-]*$/.test(name)) return undefined;
    // A copy, as the slice would keep the whole text.
    const own = Buffer.from(name, "latin1").toString(this.#decode ? "utf8" : "latin1");
    if (this.#known.size < knownLimit) this.#known.set(name, own);
    return own;
  }
}
