// SPDX-License-Identifier: Apache-2.0
/** repomd.xml: the files of a repository with their check sums. */
import { bytesSource } from "../../base/index.ts";
import { parseXml, type XmlAttributes, type XmlHandler } from "../../formats/index.ts";
import type { Digest } from "../digest.ts";
import { packageError } from "../errors.ts";
import type { Repomd, RepomdFile } from "./model.ts";

/** @param what the file's name, for errors */
export function parseRepomd(bytes: Buffer, what: string): Repomd {
  const reader = new RepomdReader(what);
  parseXml(bytesSource(bytes), reader, what);
  return reader.build();
}

interface Draft {
  type: string;
  location: string;
  checksum?: Digest;
  openChecksum?: Digest;
  size?: number;
  openSize?: number;
}

class RepomdReader implements XmlHandler {
  readonly #what: string;
  readonly #files = new Map<string, RepomdFile>();
  #revision = "";
  #timestamp = 0;
  #draft: Draft | undefined;
  #checksumType = "";
  #root = "";

  constructor(what: string) {
    this.#what = what;
  }

  start(name: string, attributes: XmlAttributes): void {
    this.#root ||= name;
    if (name === "data") this.#draft = { type: attributes.get("type") ?? "", location: "" };
    else if (name === "location" && this.#draft) this.#draft.location = attributes.get("href") ?? "";
    else if (name === "checksum" || name === "open-checksum") this.#checksumType = attributes.get("type") ?? "";
  }

  end(name: string, text: string): void {
    const draft = this.#draft;
    if (name === "revision") this.#revision = text.trim();
    if (!draft) return;
    if (name === "checksum") draft.checksum = this.#digest(text);
    else if (name === "open-checksum") draft.openChecksum = this.#digest(text);
    else if (name === "size") draft.size = this.#number(text);
    else if (name === "open-size") draft.openSize = this.#number(text);
    // createrepo once wrote fractions of seconds.
    else if (name === "timestamp") this.#timestamp = Math.max(this.#timestamp, this.#number(text.replace(/\..*/, "")));
    else if (name === "data") this.#finish(draft);
  }

  build(): Repomd {
    if (this.#root !== "repomd") throw this.#damaged(`its element is <${this.#root.slice(0, 40)}>, not <repomd>`);
    return { revision: this.#revision, timestamp: this.#timestamp, files: this.#files };
  }

  #finish({ checksum, ...draft }: Draft): void {
    this.#draft = undefined;
    if (draft.type === "" || draft.location === "") throw this.#damaged("a file without type or location");
    if (checksum === undefined) throw this.#damaged(`${draft.type} has no check sum`);
    // The first of a type, as librepo takes it.
    if (!this.#files.has(draft.type)) this.#files.set(draft.type, { ...draft, checksum });
  }

  #digest(text: string): Digest {
    const hex = text.trim().toLowerCase();
    if (!/^[0-9a-f]{8,128}$/.test(hex)) throw this.#damaged(`${JSON.stringify(hex.slice(0, 40))} is no check sum`);
    return { type: this.#checksumType, hex };
  }

  #number(text: string): number {
    const value = text.trim();
    if (!/^\d{1,15}$/.test(value)) throw this.#damaged(`${JSON.stringify(value.slice(0, 40))} is no number`);
    return Number(value);
  }

  #damaged(text: string) {
    return packageError("bad-index", `${this.#what}: ${text}`);
  }
}
