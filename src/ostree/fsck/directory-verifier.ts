// SPDX-License-Identifier: Apache-2.0
/** What the threads of an fsck do: verify the loose objects of one directory after the other, until all have been had. */
import { readdirSync } from "node:fs";
import { isErrno } from "../../base/index.ts";
import { ChecksumSet } from "../checksum-set.ts";
import { decodeDirTree, visitDirTree } from "../dirtree-object.ts";
import { ostreeError } from "../errors.ts";
import { decodeCommit } from "../metadata-objects.ts";
import { type Checksum, metadataLimit, type ObjectType } from "../model.ts";
import { parseLoose } from "../object-path.ts";
import { compareBytes, readObject, verifyObject } from "../verify-object.ts";
import type { FsckFinding, ReferredType } from "./model.ts";
import type { VerifyData, VerifyResult } from "./verify-all.ts";

/** Those whose checksum is that of their bytes or of their file. */
const verified: ReadonlySet<ObjectType> = new Set(["file", "dirtree", "dirmeta", "commit", "file-xattrs"]);

export class DirectoryVerifier {
  readonly #data: VerifyData;
  readonly #findings: FsckFinding[] = [];
  readonly #present = { file: new ChecksumSet(), dirtree: new ChecksumSet(), dirmeta: new ChecksumSet() };
  readonly #referred = { file: new ChecksumSet(), dirtree: new ChecksumSet(), dirmeta: new ChecksumSet() };
  #checked = 0;

  constructor(data: VerifyData) {
    this.#data = data;
  }

  async run(): Promise<VerifyResult> {
    const { prefixes, next } = this.#data;
    for (;;) {
      const prefix = prefixes[Atomics.add(next, 0, 1)];
      if (prefix === undefined) return this.#result();
      await this.#directory(prefix);
    }
  }

  #result(): VerifyResult {
    const bytes = ({ file, dirtree, dirmeta }: Record<ReferredType, ChecksumSet>) => ({
      file: file.bytes(),
      dirtree: dirtree.bytes(),
      dirmeta: dirmeta.bytes(),
    });
    const [present, referred] = [bytes(this.#present), bytes(this.#referred)];
    return { checked: this.#checked, findings: this.#findings, present, referred };
  }

  async #directory(prefix: string): Promise<void> {
    const { objects, mode } = this.#data;
    for (const name of readdirSync(`${objects}/${prefix}`)) {
      const object = parseLoose(prefix, name);
      if (!object || !verified.has(object.type)) continue;
      const { checksum, type } = object;
      const path = `${objects}/${prefix}/${name}`;
      this.#checked++;
      try {
        if (type === "dirtree" || type === "commit") this.#referring(path, checksum, type);
        else {
          const pending = verifyObject(path, checksum, type, mode);
          if (pending) await pending;
        }
        if (type !== "commit" && type !== "file-xattrs") this.#present[type as ReferredType].add(checksum);
      } catch (error) {
        if (isErrno(error, "ENOENT")) continue; // removed meanwhile
        this.#findings.push({ ...object, problem: problemText(error) });
      }
    }
  }

  /** Verifies an object that names others, and takes these down. */
  #referring(path: string, checksum: Checksum, type: "dirtree" | "commit"): void {
    const bytes = readObject(path, metadataLimit, type);
    compareBytes(type, checksum, bytes);
    const what = `${checksum}.${type}`;
    if (type === "commit") {
      const { tree, meta } = decodeCommit(bytes, what);
      this.#referred.dirtree.add(tree);
      this.#referred.dirmeta.add(meta);
    } else if (!visitDirTree(bytes, what, this.#visitorOf(bytes))) this.#unusual(bytes, what);
  }

  #visitorOf(bytes: Buffer) {
    const { file, dirtree, dirmeta } = this.#referred;
    return {
      file: (_: string, at: number) => file.addBytes(bytes, at),
      directory: (_: string, at: number) => {
        dirtree.addBytes(bytes, at);
        dirmeta.addBytes(bytes, at + 32);
      },
    };
  }

  #unusual(bytes: Buffer, what: string): void {
    const { files, dirs } = decodeDirTree(bytes, what);
    for (const { checksum } of files) this.#referred.file.add(checksum);
    for (const { tree, meta } of dirs) {
      this.#referred.dirtree.add(tree);
      this.#referred.dirmeta.add(meta);
    }
  }
}

function problemText(error: unknown): string {
  if (ostreeError.is(error, "corrupt-object")) return error.message;
  return error instanceof Error ? error.message : String(error);
}
