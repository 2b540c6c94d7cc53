// SPDX-License-Identifier: Apache-2.0
/** primary.xml of rpm-md repositories, as createrepo_c writes it (xml_dump_primary.c) and libsolv reads it (repo_rpmmd.c). */
import type { ByteSource } from "../../base/index.ts";
import { parseXml, type XmlAttributes, type XmlHandler } from "../../formats/index.ts";
import { packageError } from "../errors.ts";
import type { RpmOperator, RpmRelation } from "../rpm/model.ts";
import { IndexBuilder } from "./index-builder.ts";
import type { NumberColumn, PackageIndex, TextColumn } from "./package-index.ts";

/** Reads a primary.xml. Throws `packages-bad-index` or `formats-xml` when it is damaged. */
export function parsePrimary(source: ByteSource, what: string): PackageIndex {
  const reader = new PrimaryReader(what);
  parseXml(source, reader, what, { encoding: "latin1" });
  return reader.build();
}

const lists: ReadonlyMap<string, RpmRelation> = new Map([
  ["rpm:provides", "provides"],
  ["rpm:requires", "requires"],
  ["rpm:conflicts", "conflicts"],
  ["rpm:obsoletes", "obsoletes"],
  ["rpm:recommends", "recommends"],
  ["rpm:suggests", "suggests"],
  ["rpm:supplements", "supplements"],
  ["rpm:enhances", "enhances"],
]);

/** Elements whose text is kept as it is. */
const texts: ReadonlyMap<string, TextColumn> = new Map([
  ["name", "name"],
  ["arch", "arch"],
  ["summary", "summary"],
  ["url", "url"],
  ["rpm:license", "license"],
  ["rpm:vendor", "vendor"],
  ["rpm:group", "group"],
  ["rpm:sourcerpm", "sourceRpm"],
]);

const operatorOf: Readonly<Record<string, RpmOperator>> = { EQ: "=", LT: "<", LE: "<=", GT: ">", GE: ">=" };

class PrimaryReader implements XmlHandler {
  readonly #what: string;
  readonly #builder = new IndexBuilder();
  #texts = emptyTexts();
  #numbers = emptyNumbers();
  #relation: RpmRelation | undefined;
  #checksumType = "";
  /** Inside of a package that is one of RPM. */
  #inside = false;
  #seen = false;

  constructor(what: string) {
    this.#what = what;
  }

  start(name: string, attributes: XmlAttributes): void {
    // Nine of ten elements.
    if (name === "rpm:entry" && this.#inside) return this.#entry(attributes);
    if (name === "metadata") this.#seen = true;
    else if (name === "package") this.#inside = (attributes.get("type") ?? "rpm") === "rpm";
    if (!this.#inside) return;
    if (lists.has(name)) this.#relation = lists.get(name);
    else if (name === "version") this.#texts.evr = this.#evr(attributes);
    else if (name === "checksum") this.#checksumType = attributes.get("type") ?? "";
    else if (name === "time") {
      this.#numbers.buildTime = this.#number(attributes, "build");
      this.#numbers.fileTime = this.#number(attributes, "file");
    } else if (name === "size") {
      this.#numbers.packageSize = this.#number(attributes, "package");
      this.#numbers.installedSize = this.#number(attributes, "installed");
    } else if (name === "location") {
      this.#texts.location = attributes.get("href") ?? "";
      this.#texts.base = attributes.get("xml:base") ?? "";
    }
  }

  end(name: string, text: string): void {
    if (name === "rpm:entry" || !this.#inside) return;
    if (name === "file") this.#builder.addFile(text);
    else if (name === "package") this.#finish();
    else if (name === "checksum") this.#texts.checksum = `${this.#checksumType}:${text.trim().toLowerCase()}`;
    else if (lists.has(name)) this.#relation = undefined;
    else {
      const column = texts.get(name);
      if (column !== undefined) this.#texts[column] = text;
    }
  }

  build(): PackageIndex {
    if (!this.#seen) throw this.#damaged("it has no <metadata>");
    return this.#builder.build();
  }

  #finish(): void {
    const { name, arch, evr, checksum, location } = this.#texts;
    const place = `package ${this.#builder.count + 1}`;
    if (!isName(name) || !isName(arch)) throw this.#damaged(`${place} has no name or no architecture`);
    if (evr.split("\n").length !== 3) throw this.#damaged(`${place}, ${name}, has no version or no release`);
    if (!/^[a-z0-9]+:[0-9a-f]{8,128}$/.test(checksum)) throw this.#damaged(`${place}, ${name}, has no check sum`);
    if (location === "") throw this.#damaged(`${place}, ${name}, has no location`);
    this.#builder.addPackage(this.#texts, this.#numbers);
    this.#texts = emptyTexts();
    this.#numbers = emptyNumbers();
    this.#inside = false;
  }

  #entry(attributes: XmlAttributes): void {
    const relation = this.#relation;
    if (relation === undefined) return;
    const name = attributes.get("name") ?? "";
    if (name === "") throw this.#damaged(`a dependency of ${this.#texts.name} has no name`);
    const flags = attributes.get("flags");
    const operator = flags === undefined ? "" : operatorOf[flags];
    if (operator === undefined) throw this.#damaged(`${this.#texts.name}: ${flags} is no comparison of versions`);
    const pre = attributes.get("pre");
    const evr = operator === "" ? "" : this.#evr(attributes);
    this.#builder.addDependency(relation, { name, operator, evr, pre: pre !== undefined && pre !== "0" });
  }

  #evr(attributes: XmlAttributes): string {
    const epoch = attributes.get("epoch") ?? "0";
    const version = attributes.get("ver") ?? "";
    const release = attributes.get("rel");
    if (!/^\d{1,10}$/.test(epoch)) throw this.#damaged(`${this.#texts.name}: ${epoch} is no epoch`);
    if (version.includes("\n") || release?.includes("\n"))
      throw this.#damaged(`${this.#texts.name}: version of two lines`);
    return release === undefined ? `${epoch}\n${version}` : `${epoch}\n${version}\n${release}`;
  }

  #number(attributes: XmlAttributes, name: string): number {
    const text = attributes.get(name) ?? "0";
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
      throw this.#damaged(`${this.#texts.name}: ${name} is ${JSON.stringify(text)}`);
    }
    return value;
  }

  #damaged(text: string) {
    return packageError("bad-index", `${this.#what}: ${Buffer.from(text, "latin1").toString("utf8")}`);
  }
}

function isName(text: string): boolean {
  // What names a package also names files and goes into messages.
  return text !== "" && text.length <= 1024 && !/[\0-\x20/\x7f]/.test(text);
}

function emptyTexts(): Record<TextColumn, string> {
  return {
    name: "",
    arch: "",
    evr: "",
    checksum: "",
    location: "",
    base: "",
    vendor: "",
    summary: "",
    license: "",
    url: "",
    sourceRpm: "",
    group: "",
  };
}

function emptyNumbers(): Record<NumberColumn, number> {
  return { buildTime: 0, fileTime: 0, packageSize: 0, installedSize: 0 };
}
