// SPDX-License-Identifier: Apache-2.0
/** Random trees, both as nodes for our writer and as text for mkcomposefs (composefs-dump(5)). */
import { byteString, ImageNode, nodeType, setFileXattrs, XattrTable } from "../../src/formats/index.ts";

export interface Sample {
  readonly root: ImageNode;
  readonly table: XattrTable;
  readonly dump: string;
}

/** Numbers that are the same every time. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** @param files about so many */
export function makeSample(seed: number, files: number): Sample {
  return new Sampler(seed).make(files);
}

const names = ["!", "-", "+b", "0", "...", ".a", "~", "é", "日本", "𝄞", "a b", "a\nb", "Z", "_", "L".repeat(200)];
const prefixes = [
  "user.",
  "trusted.",
  "trusted.overlay.",
  "trusted.overlay.overlay.",
  "security.",
  "user.overlay.",
  "x.",
];
// Not `opaque` and `whiteouts`: mkcomposefs fails where a directory has those marks and a whiteout.
const suffixes = ["a", "b", "metacopy", "redirect", "long".repeat(40)];
const sizes = [1, 2, 64, 65, 4095, 4096, 4097, 524_288, 2 ** 32 - 1, 2 ** 32, 2 ** 45, 2 ** 52];
const inlineSizes = [1, 10, 63, 64, 2048, 2049, 4095, 4096, 4097, 5000];
const ids = [0, 0, 0, 1000, 65_535, 65_536, 4_000_000_000];
const acl = "system.posix_acl_access";

class Sampler {
  readonly #table = new XattrTable();
  readonly #random: (below: number) => number;
  readonly #lines: string[] = [];

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  make(files: number): Sample {
    const root = this.#add(undefined, "", nodeType.directory | 0o755);
    const directories = [{ node: root, path: "" }];
    for (let count = 0; count < files; count++) {
      const deep = this.#random(3) === 0;
      const parent = deep ? directories.at(-1)! : directories[this.#random(directories.length)]!;
      const name = this.#random(3) === 0 ? `${this.#pick(names)}${count}` : `file-${count}`;
      const path = `${parent.path}/${name}`;
      const type = this.#type();
      const node = this.#add(parent.node, path, type | this.#pick([0o644, 0o755, 0o4755, 0o1777]));
      if (type === nodeType.directory) directories.push({ node, path });
    }
    return { root, table: this.#table, dump: this.#lines.join("") };
  }

  #type(): number {
    const number = this.#random(100);
    if (number < 15) return nodeType.directory;
    if (number < 30) return nodeType.symlink;
    if (number < 33) return nodeType.characterDevice;
    if (number < 34) return nodeType.blockDevice;
    if (number < 35) return nodeType.fifo;
    return number < 36 ? nodeType.socket : nodeType.regular;
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)]!;
  }

  #add(parent: ImageNode | undefined, path: string, mode: number): ImageNode {
    const node = new ImageNode({ mode, uid: this.#pick(ids), gid: this.#pick(ids) });
    const xattrs = this.#xattrs();
    setFileXattrs(this.#table, node, xattrs);
    if (node.type === nodeType.characterDevice || node.type === nodeType.blockDevice) {
      node.device = this.#pick([0, 0x501]);
    } else if (node.type === nodeType.symlink) this.#makeLink(node);
    else if (node.type === nodeType.regular) this.#makeFile(node);
    this.#describe(node, path, xattrs);
    const name = path.slice(path.lastIndexOf("/") + 1);
    parent?.entries?.push({ name: byteString(name), node });
    return node;
  }

  #makeLink(node: ImageNode): void {
    const length = this.#pick([1, 5, 20, 200, 2000, 3900, 4031, 4032, 4063, 4064, 4065, 4095]);
    node.payload = byteString("t".repeat(this.#random(4) === 0 ? length : 12));
    node.size = node.payload.length;
  }

  #makeFile(node: ImageNode): void {
    const number = this.#random(10);
    if (number === 0) return;
    if (number < 4) {
      node.content = Buffer.alloc(this.#pick(inlineSizes), "content");
      node.size = node.content.length;
      return;
    }
    node.size = this.#pick(sizes);
    node.payload = byteString(`${number}0/${"ab".repeat(this.#random(30))}.file`);
    if (number < 8) node.digest = Buffer.alloc(32, this.#random(256));
  }

  #xattrs(): { name: string; value: Buffer }[] {
    if (this.#random(200) === 0) {
      return Array.from({ length: 200 }, (_, index) => ({ name: `user.many${index}`, value: Buffer.from("m") }));
    }
    if (this.#random(100) === 0) return [{ name: acl, value: Buffer.alloc(28, 2) }];
    const found = new Map<string, Buffer>();
    for (let count = this.#random(2) * this.#random(4); count > 0; count--) {
      const common = this.#random(2) === 0;
      const value = common ? Buffer.from("common") : Buffer.alloc(this.#random(300), this.#random(256));
      found.set(`${this.#pick(prefixes)}${this.#pick(suffixes)}`, value);
    }
    return [...found].map(([name, value]) => ({ name, value }));
  }

  #describe(node: ImageNode, path: string, xattrs: readonly { name: string; value: Buffer }[]): void {
    const fields = [
      escape(Buffer.from(path || "/")),
      String(node.size),
      node.mode.toString(8),
      "1",
      String(node.uid),
      String(node.gid),
      String(node.device),
      "0.0",
      node.payload === undefined ? "-" : escape(Buffer.from(node.payload, "latin1")),
      node.content ? escape(Buffer.from(node.content)) : "-",
      node.digest ? Buffer.from(node.digest).toString("hex") : "-",
      ...xattrs.map(({ name, value }) => `${escape(Buffer.from(name))}=${escape(value)}`),
    ];
    this.#lines.push(`${fields.join(" ")}\n`);
  }
}

function escape(bytes: Buffer): string {
  const plain = (byte: number) => byte > 0x20 && byte < 0x7f && !"\\=-".includes(String.fromCharCode(byte));
  const each = [...bytes].map((byte) =>
    plain(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  return each.join("");
}
