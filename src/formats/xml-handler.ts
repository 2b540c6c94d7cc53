// SPDX-License-Identifier: Apache-2.0
/** What the reader of XML tells, and to whom. */

export interface XmlHandler {
  /** @param attributes valid until the next call */
  start?(name: string, attributes: XmlAttributes): void;
  /** @param text the characters that stand in the element itself, without white space between its children */
  end?(name: string, text: string): void;
}

export interface XmlOptions {
  /**
   * How texts and values are handed over: as strings of characters, or (`latin1`) of one character for each byte of
   * their UTF-8, for a reader that copies them into buffers and need not decode. Default `utf8`.
   */
  readonly encoding?: "utf8" | "latin1";
}

/** The attributes of one element. */
export class XmlAttributes {
  readonly names: string[] = [];
  readonly values: string[] = [];
  count = 0;

  get(name: string): string | undefined {
    for (let index = 0; index < this.count; index++) if (this.names[index] === name) return this.values[index];
    return undefined;
  }
}
