// SPDX-License-Identifier: Apache-2.0
/**
 * What a program file looks like to the comparison. When code grows, every later address in the relocation tables of
 * the file changes, and bytes say nothing about which row came from which: rows get lined up by chance. In the view, a
 * row stands for what it says relative to the row before and to the symbol's name, which a shift leaves as it was.
 * (Kernel modules are such files: half of the bytes of an update of them are these tables.)
 */

const sectionLength = 64;
const rowLength = 24;
const SHT_SYMTAB = 2;
const SHT_RELA = 4;
const STT_SECTION = 3;
const SHN_LORESERVE = 0xff00;
/** A file announces its own tables: more sections or symbols than this is no program. */
const sectionLimit = 65_536;

/** Where a table is in the file. */
export interface TableRange {
  readonly start: number;
  readonly end: number;
}

export interface ComparisonView {
  /** As many as the file has. */
  readonly bytes: Uint8Array;
  /** Tables whose rows the view shows otherwise than the file; in ascending order, without overlap. */
  readonly tables: readonly TableRange[];
}

/** The file as it is, unless it is a 64-bit little-endian ELF file with relocation tables. */
export function comparisonView(file: Uint8Array): ComparisonView {
  const elf = ElfFile.open(file);
  const sections = elf ? elf.sections.filter(({ type, size }) => viewers.has(type) && size >= rowLength) : [];
  if (!elf || sections.length === 0) return { bytes: file, tables: [] };
  const bytes = Buffer.from(file);
  const tables: TableRange[] = [];
  for (const section of sections.toSorted((a, b) => a.offset - b.offset)) {
    if (section.offset < (tables.at(-1)?.end ?? 0) || !hasRows(elf, section)) continue;
    viewers.get(section.type)?.(elf, section, bytes);
    tables.push({ start: section.offset, end: section.offset + section.size });
  }
  return { bytes, tables };
}

interface Section {
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

class ElfFile {
  readonly bytes: DataView;
  readonly sections: readonly Section[];
  readonly #names: number;
  /** Symbol table -> for each symbol a hash of its name, and whether it stands for a section. */
  readonly #symbols = new Map<number, { hashes: Uint32Array; sections: Uint8Array }>();

  private constructor(bytes: DataView, sections: readonly Section[], names: number) {
    this.bytes = bytes;
    this.sections = sections;
    this.#names = names;
  }

  /** System V ABI, "ELF header": e_shoff at 40, e_shentsize 58, e_shnum 60, e_shstrndx 62. */
  static open(file: Uint8Array): ElfFile | undefined {
    if (file.length < 64) return undefined;
    const bytes = new DataView(file.buffer, file.byteOffset, file.length);
    if (bytes.getUint32(0) !== 0x7f454c46 || bytes.getUint16(4) !== 0x0201) return undefined;
    const start = Number(bytes.getBigUint64(40, true));
    const count = bytes.getUint16(60, true);
    const fits = start + count * sectionLength <= file.length && count <= sectionLimit;
    if (!fits || count === 0 || bytes.getUint16(58, true) !== sectionLength) return undefined;
    const sections = Array.from({ length: count }, (_, index) => readSection(bytes, start + index * sectionLength));
    // More than one symbol table is against the ABI; thousands, each as long as the file, would be read for ever.
    if (sections.filter(({ type }) => type === SHT_SYMTAB).length > 1) return undefined;
    const names = sections[bytes.getUint16(62, true)];
    return new ElfFile(bytes, sections, names?.offset ?? 0);
  }

  symbols(index: number): { hashes: Uint32Array; sections: Uint8Array } {
    let symbols = this.#symbols.get(index);
    if (!symbols) this.#symbols.set(index, (symbols = this.#readSymbols(this.sections[index])));
    return symbols;
  }

  #readSymbols(table: Section | undefined): { hashes: Uint32Array; sections: Uint8Array } {
    const count = table?.type === SHT_SYMTAB ? Math.floor(table.size / rowLength) : 0;
    const hashes = new Uint32Array(count);
    const sections = new Uint8Array(count);
    if (!table) return { hashes, sections };
    const strings = this.sections[table.link]?.offset ?? 0;
    for (let index = 0; index < count; index++) {
      const row = table.offset + index * rowLength;
      const section = this.bytes.getUint16(row + 6, true);
      if ((this.bytes.getUint8(row + 4) & 15) === STT_SECTION && section < SHN_LORESERVE) {
        sections[index] = 1;
        hashes[index] = this.#hashString(this.#names + (this.sections[section]?.name ?? 0));
      } else hashes[index] = this.#hashString(strings + this.bytes.getUint32(row, true));
    }
    return { hashes, sections };
  }

  #hashString(offset: number): number {
    let hash = 0x811c9dc5;
    const end = Math.min(this.bytes.byteLength, offset + 256);
    for (let at = offset; at < end; at++) {
      const byte = this.bytes.getUint8(at);
      if (byte === 0) break;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    return hash >>> 0;
  }
}

/** A section that does not lie in the file is taken as empty. */
function readSection(bytes: DataView, at: number): Section {
  const offset = Number(bytes.getBigUint64(at + 24, true));
  const size = Number(bytes.getBigUint64(at + 32, true));
  const inside = offset + size <= bytes.byteLength;
  return {
    name: bytes.getUint32(at, true),
    type: bytes.getUint32(at + 4, true),
    offset: inside ? offset : 0,
    size: inside ? size : 0,
    link: bytes.getUint32(at + 40, true),
  };
}

/** Types of relocations are small numbers, and so is a symbol's visibility. */
const relocationTypes = 2048;
/** One row in so many may be odd. */
const oddShare = 8;

/** False where a header leads to something else than a table, as in a file that was patched by hand. */
function hasRows({ bytes }: ElfFile, { type, offset, size }: Section): boolean {
  let odd = 0;
  for (let row = offset; row + rowLength <= offset + size; row += rowLength) {
    if (type === SHT_RELA ? bytes.getUint32(row + 8, true) >= relocationTypes : bytes.getUint8(row + 5) > 3) odd++;
  }
  return odd * rowLength * oddShare <= size;
}

/** Elf64_Rela: r_offset, r_info (symbol in the upper half), r_addend. Each third of a row depends on more of it. */
function viewRelocations(elf: ElfFile, table: Section, view: Buffer): void {
  const { hashes, sections } = elf.symbols(table.link);
  const lastAddends = new Map<number, number>();
  let lastOffset = 0;
  for (let row = table.offset; row + rowLength <= table.offset + table.size; row += rowLength) {
    const offset = elf.bytes.getUint32(row, true);
    const type = elf.bytes.getUint32(row + 8, true);
    const symbol = elf.bytes.getUint32(row + 12, true);
    const addend = elf.bytes.getInt32(row + 16, true);
    let relative = addend;
    if (sections[symbol] === 1 || symbol === 0) {
      relative = addend - (lastAddends.get(symbol) ?? 0);
      lastAddends.set(symbol, addend);
    }
    const place = mix(offset - lastOffset, type);
    const target = mix(hashes[symbol] ?? 0, relative);
    lastOffset = offset;
    put(view, row, place);
    put(view, row + 8, target);
    put(view, row + 16, mix(place, target));
  }
}

/** Elf64_Sym: st_name, st_info, st_other, st_shndx, st_value, st_size. Names stay when places and numbers change. */
function viewSymbols(elf: ElfFile, table: Section, view: Buffer): void {
  const { hashes } = elf.symbols(elf.sections.indexOf(table));
  for (const [index, hash] of hashes.entries()) {
    const row = table.offset + index * rowLength;
    const named = mix(hash, elf.bytes.getUint8(row + 4));
    for (const third of [0, 8, 16]) put(view, row + third, mix(named, third));
  }
}

const viewers = new Map([
  [SHT_RELA, viewRelocations],
  [SHT_SYMTAB, viewSymbols],
]);

function mix(a: number, b: number): number {
  const mixed = Math.imul(a ^ 0x9e3779b1, 0x85ebca77) ^ Math.imul(b, 0xc2b2ae3d);
  return (mixed ^ (mixed >>> 15)) | 0;
}

function put(view: Buffer, at: number, hash: number): void {
  view.writeInt32LE(hash, at);
  view.writeInt32LE(Math.imul(hash, 0x27d4eb2f) ^ (hash >>> 13), at + 4);
}
