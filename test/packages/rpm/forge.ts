// SPDX-License-Identifier: Apache-2.0
/** Makes package files out of entries and members as given, so that each of them can lie. */

export interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly data: Buffer;
  /** Where the entry says that its data is; otherwise where it is. */
  readonly offset?: number;
}

export interface Member {
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

export const magic = Buffer.from("8eade80100000000", "hex");

export function text(tag: number, value: string): Entry {
  return { tag, type: 6, count: 1, data: Buffer.from(`${value}\0`) };
}

export function texts(tag: number, values: readonly string[]): Entry {
  return { tag, type: 8, count: values.length, data: Buffer.from(values.map((value) => `${value}\0`).join("")) };
}

function numbers(tag: number, type: number, size: number, values: readonly (number | bigint)[]): Entry {
  const hex = values.map((value) => value.toString(16).padStart(2 * size, "0")).join("");
  return { tag, type, count: values.length, data: Buffer.from(hex, "hex") };
}

export const int16 = (tag: number, values: readonly number[]) => numbers(tag, 3, 2, values);
export const int32 = (tag: number, values: readonly number[]) => numbers(tag, 4, 4, values);
export const int64 = (tag: number, values: readonly bigint[]) => numbers(tag, 5, 8, values);

function words(...values: number[]): Buffer {
  return numbers(
    0,
    4,
    4,
    values.map((value) => value >>> 0),
  ).data;
}

function encode(region: number, entries: readonly Entry[]): Buffer {
  const index: Buffer[] = [];
  const data: Buffer[] = [];
  let size = 0;
  for (const { tag, type, count, data: bytes, offset } of entries) {
    const alignment = { 3: 2, 4: 4, 5: 8 }[type] ?? 1;
    const padding = (alignment - (size % alignment)) % alignment;
    index.push(words(tag, type, offset ?? size + padding, count));
    data.push(Buffer.alloc(padding), bytes);
    size += padding + bytes.length;
  }
  const tags = entries.length + 1;
  const trailer = words(region, 7, -16 * tags, 16);
  return Buffer.concat([words(tags, size + 16), words(region, 7, size, 16), ...index, ...data, trailer]);
}

/** Both headers, without their magic numbers; the signature header with its padding. */
export function header(entries: readonly Entry[]): { readonly signature: Buffer; readonly main: Buffer } {
  const signature = encode(62, []);
  const padding = (8 - ((8 + signature.length) % 8)) % 8;
  return { signature: Buffer.concat([signature, Buffer.alloc(padding)]), main: encode(63, entries) };
}

export function package_(entries: readonly Entry[], payload: Buffer): Buffer {
  const { signature, main } = header(entries);
  const lead = Buffer.alloc(96);
  lead.write("edabeedb0300", "hex");
  return Buffer.concat([lead, magic, signature, magic, main, payload]);
}

/** @param options.index of the stripped format: the first member's, the others count on */
export function cpio(members: readonly Member[], options: { index?: number } = {}): Buffer {
  const field = (value: number) => value.toString(16).padStart(8, "0");
  const padded = (value: string) => value + "\0".repeat((4 - (value.length % 4)) % 4);
  const newc = (name: string, mode: number, size: number) =>
    padded(`070701${[1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.length + 1, 0].map(field).join("")}${name}\0`);
  const parts = members.map(({ path, mode, content }, at) => {
    const head =
      options.index === undefined
        ? newc(`.${path}`, mode, content.length)
        : padded(`07070X${field(options.index + at)}`);
    return head + padded(content);
  });
  return Buffer.from(parts.join("") + newc("TRAILER!!!", 0, 0), "latin1");
}

function entriesOf(members: readonly Member[]): Entry[] {
  const directories = [...new Set(members.map(({ path }) => path.slice(0, path.lastIndexOf("/") + 1)))];
  const each = <T>(of: (member: Member) => T) => members.map(of);
  return [
    text(1000, "forged"),
    text(1001, "1"),
    text(1002, "1"),
    text(1022, "noarch"),
    int32(
      1028,
      each(({ content }) => content.length),
    ),
    int16(
      1030,
      each(({ mode }) => mode),
    ),
    texts(
      1036,
      each(({ mode, content }) => ((mode & 0o170000) === 0o120000 ? content : "")),
    ),
    texts(
      1039,
      each(() => "root"),
    ),
    texts(
      1040,
      each(() => "root"),
    ),
    text(1044, "forged.src.rpm"),
    int32(
      1116,
      each(({ path }) => directories.indexOf(path.slice(0, path.lastIndexOf("/") + 1))),
    ),
    texts(
      1117,
      each(({ path }) => path.slice(path.lastIndexOf("/") + 1)),
    ),
    texts(1118, directories),
    text(1125, "none"),
    int32(5011, [8]),
  ];
}

export function forge(members: readonly Member[], { stripped = false } = {}): Buffer {
  return package_(entriesOf(members), cpio(members, stripped ? { index: 0 } : {}));
}

forge.entries = entriesOf;
