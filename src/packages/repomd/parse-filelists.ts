// SPDX-License-Identifier: Apache-2.0
/** filelists.xml of rpm-md repositories (createrepo_c: xml_dump_filelists.c). */
import type { ByteSource } from "../../base/index.ts";
import { parseXml, type XmlAttributes, type XmlHandler } from "../../formats/index.ts";
import { packageError } from "../errors.ts";
import { FileIndexBuilder } from "./file-index.ts";

/** Reads a filelists.xml. Throws `packages-bad-index` or `formats-xml` when it is damaged. */
export function parseFilelists(source: ByteSource, what: string): FileIndexBuilder {
  const reader = new FilelistsReader(what);
  parseXml(source, reader, what, { encoding: "latin1" });
  return reader.builder;
}

class FilelistsReader implements XmlHandler {
  readonly builder = new FileIndexBuilder();
  readonly #what: string;
  #root = false;
  #inside = false;

  constructor(what: string) {
    this.#what = what;
  }

  start(name: string, attributes: XmlAttributes): void {
    if (name === "package") {
      const id = attributes.get("pkgid") ?? "";
      if (!/^[0-9a-fA-F]{8,128}$/.test(id)) {
        throw packageError("bad-index", `${this.#what}: ${JSON.stringify(id.slice(0, 40))} is no check sum`);
      }
      this.builder.addPackage(id.toLowerCase());
      this.#inside = true;
    } else if (!this.#root) {
      if (name !== "filelists") throw packageError("bad-index", `${this.#what}: its element is not <filelists>`);
      this.#root = true;
    }
  }

  end(name: string, text: string): void {
    if (name === "file" && this.#inside) this.builder.addFile(text);
    else if (name === "package") this.#inside = false;
  }
}
