// SPDX-License-Identifier: Apache-2.0
/** Metalinks as mirror managers answer (version 3, with MirrorManager's alternates), and lists of mirrors. */
import { bytesSource } from "../../base/index.ts";
import { parseXml, type XmlAttributes, type XmlHandler } from "../../formats/index.ts";
import type { Digest } from "../digest.ts";
import { packageError } from "../errors.ts";

export interface Metalink {
  /** URLs of repomd.xml, the best first. */
  readonly urls: readonly string[];
  /** What the repomd.xml may be, the newest first; each with the strongest check sum that is told. */
  readonly versions: readonly MetalinkVersion[];
}

export interface MetalinkVersion {
  readonly digest: Digest;
  readonly size?: number;
  /** Seconds since 1970. */
  readonly timestamp?: number;
}

const strength = ["sha1", "sha256", "sha512"];

/** @param what the metalink's address, for errors */
export function parseMetalink(bytes: Buffer, what: string): Metalink {
  const reader = new MetalinkReader(what);
  parseXml(bytesSource(bytes), reader, what);
  return reader.build();
}

class MetalinkReader implements XmlHandler {
  readonly #what: string;
  readonly #urls: { readonly url: string; readonly preference: number }[] = [];
  readonly #versions: MetalinkVersion[] = [];
  #digests: Digest[] = [];
  #size: number | undefined;
  #timestamp: number | undefined;
  #inFile = false;
  #hashType = "";
  #preference = 0;
  #protocol = "";

  constructor(what: string) {
    this.#what = what;
  }

  start(name: string, attributes: XmlAttributes): void {
    if (name === "file") this.#inFile = attributes.get("name") === "repomd.xml";
    else if (name === "hash") this.#hashType = attributes.get("type") ?? "";
    else if (name === "url") {
      this.#protocol = attributes.get("protocol") ?? attributes.get("type") ?? "";
      this.#preference = Number(attributes.get("preference") ?? 0) || 0;
    } else if (name === "resources" || name === "mm0:alternate") this.#take();
  }

  end(name: string, text: string): void {
    if (!this.#inFile) return;
    const value = text.trim();
    if (name === "hash") this.#hash(value);
    else if (name === "size" && /^\d{1,12}$/.test(value)) this.#size = Number(value);
    else if (name === "mm0:timestamp" && /^\d{1,12}$/.test(value)) this.#timestamp = Number(value);
    else if (name === "url") this.#url(value);
    else if (name === "mm0:alternate") this.#take();
    else if (name === "file") this.#endFile();
  }

  build(): Metalink {
    if (this.#versions.length === 0) {
      throw packageError("bad-index", `${this.#what}: it has no check sum of repomd.xml`, {
        hint: "a list of mirrors belongs into mirrorlist=",
      });
    }
    // librepo: lr_metalink sorts by preference, the greatest first.
    const urls = [...this.#urls].sort((a, b) => b.preference - a.preference).map(({ url }) => url);
    return { urls, versions: this.#versions };
  }

  #hash(value: string): void {
    const hex = value.toLowerCase();
    if (strength.includes(this.#hashType) && /^[0-9a-f]{8,128}$/.test(hex)) {
      this.#digests.push({ type: this.#hashType, hex });
    }
  }

  #url(value: string): void {
    if (/^https?$/.test(this.#protocol) && value.endsWith("repomd.xml")) {
      this.#urls.push({ url: value, preference: this.#preference });
    }
  }

  #endFile(): void {
    this.#take();
    this.#inFile = false;
  }

  /** Ends one version: the file itself, or one that it may also be, as mirrors are not updated at once. */
  #take(): void {
    const [digest] = this.#digests.sort((a, b) => strength.indexOf(b.type) - strength.indexOf(a.type));
    if (digest !== undefined) {
      this.#versions.push({
        digest,
        ...(this.#size === undefined ? {} : { size: this.#size }),
        ...(this.#timestamp === undefined ? {} : { timestamp: this.#timestamp }),
      });
    }
    this.#digests = [];
    this.#size = this.#timestamp = undefined;
  }
}

/** Base URLs, one a line; lines that begin with # are comments (librepo: lr_mirrorlist_parse_file). */
export function parseMirrorList(bytes: Buffer): string[] {
  return bytes
    .toString("utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^(?:https?|file):\/\/|^\//.test(line));
}
