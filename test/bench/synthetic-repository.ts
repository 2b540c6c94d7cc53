// SPDX-License-Identifier: Apache-2.0
/**
 * Metadata of a repository of any size, in the proportions of Fedora's: of each package some five provides, fifteen
 * requires, six files in the short list, eighty in all. The same for the same count.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Writes `repodata/` below `directory`. */
export function writeSyntheticRepository(directory: string, count: number): void {
  const repodata = join(directory, "repodata");
  mkdirSync(repodata, { recursive: true });
  const files = (["primary", "filelists"] as const).map((type) => {
    const plain = type === "primary" ? primary(count) : filelists(count);
    const packed = gzipSync(plain, { level: 6 });
    const [checksum, openChecksum] = [packed, plain].map((bytes) => createHash("sha256").update(bytes).digest("hex"));
    const location = `repodata/${checksum}-${type}.xml.gz`;
    writeFileSync(join(directory, location), packed);
    return `<data type="${type}"><checksum type="sha256">${checksum}</checksum>
<open-checksum type="sha256">${openChecksum}</open-checksum><location href="${location}"/>
<timestamp>1700000000</timestamp><size>${packed.length}</size><open-size>${plain.length}</open-size></data>`;
  });
  writeFileSync(
    join(repodata, "repomd.xml"),
    `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
<revision>1700000000</revision>\n${files.join("\n")}\n</repomd>\n`,
  );
}

const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
const words = ["library", "tools", "for", "the", "reading", "of", "formats", "and", "network", "protocols", "in", "C"];

/** Numbers that look random and are always the same. */
class Numbers {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2654435761 + 1;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }
}

const idOf = (number: number) => createHash("sha256").update(`package ${number}`).digest("hex");
const nameOf = (number: number) => `${["lib", "python3-", "perl-", "rust-", "golang-", ""][number % 6]}part${number}`;
const sonameOf = (number: number) => `lib${number}.so.${number % 7}()(64bit)`;

function primary(count: number): Buffer {
  const parts: Buffer[] = [
    Buffer.from(
      `${head}<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="${count}">\n`,
    ),
  ];
  for (let number = 0; number < count; number++) parts.push(Buffer.from(primaryPackage(number, count)));
  return Buffer.concat([...parts, Buffer.from("</metadata>\n")]);
}

function primaryPackage(number: number, count: number): string {
  const random = new Numbers(number);
  const name = nameOf(number);
  const version = `${1 + random.below(9)}.${random.below(30)}.${random.below(10)}`;
  const release = `${1 + random.below(20)}.fc40`;
  const text = (length: number) => Array.from({ length }, () => words[random.below(words.length)]).join(" ");
  const own = ` flags="EQ" epoch="0" ver="${version}" rel="${release}"`;
  const provides = [
    `"${name}"${own}`,
    `"${name}(x86-64)"${own}`,
    `"${sonameOf(number)}"`,
    `"pkgconfig(${name})"${own}`,
  ];
  // Most need the same few, the rest anything: skewed to the front as real ones are.
  const requires = Array.from({ length: 12 }, () => `"${sonameOf(Math.floor(random.below(count) ** 2 / count))}"`);
  const common = [
    '"rtld(GNU_HASH)"',
    '"libc.so.6(GLIBC_2.38)(64bit)"',
    '"/usr/bin/sh" pre="1"',
    `"part5" flags="GE" epoch="0" ver="1"`,
  ];
  const entry = (one: string) => `      <rpm:entry name=${one}/>`;
  const files = shortFiles(number).map((path) => `    <file>${path}</file>`);
  return `<package type="rpm">
  <name>${name}</name>
  <arch>x86_64</arch>
  <version epoch="0" ver="${version}" rel="${release}"/>
  <checksum type="sha256" pkgid="YES">${idOf(number)}</checksum>
  <summary>${text(6)}</summary>
  <description>${text(45)}</description>
  <packager>Fedora Project</packager>
  <url>https://example.org/${name}</url>
  <time file="1700000000" build="${1690000000 + random.below(9999999)}"/>
  <size package="${random.below(9999999)}" installed="${random.below(99999999)}" archive="${random.below(99999999)}"/>
  <location href="Packages/${name[0]}/${name}-${version}-${release}.x86_64.rpm"/>
  <format>
    <rpm:license>${["MIT", "GPL-2.0-or-later", "Apache-2.0", "BSD-3-Clause"][random.below(4)]}</rpm:license>
    <rpm:vendor>Fedora Project</rpm:vendor>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>builder-${random.below(99)}.example.org</rpm:buildhost>
    <rpm:sourcerpm>${name}-${version}-${release}.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="${9000 + random.below(99999)}"/>
    <rpm:provides>
${provides.map(entry).join("\n")}
    </rpm:provides>
    <rpm:requires>
${[...requires, ...common].map(entry).join("\n")}
    </rpm:requires>
${files.join("\n")}
  </format>
</package>
`;
}

function shortFiles(number: number): string[] {
  const name = nameOf(number);
  return [...Array.from({ length: 4 }, (_, at) => `/usr/bin/${name}-${at}`), `/etc/${name}.conf`, `/etc/${name}.d`];
}

function filelists(count: number): Buffer {
  const parts: Buffer[] = [
    Buffer.from(`${head}<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="${count}">\n`),
  ];
  for (let number = 0; number < count; number++) {
    const name = nameOf(number);
    const long = Array.from(
      { length: 75 },
      (_, at) => `/usr/share/doc/${name}/html/chapter-${at % 9}/${words[at % words.length]}-${at}.html`,
    );
    const files = [...shortFiles(number), ...long].map((path) => `  <file>${path}</file>`).join("\n");
    parts.push(
      Buffer.from(
        `<package pkgid="${idOf(number)}" name="${name}" arch="x86_64">\n  <version epoch="0" ver="1" rel="1"/>\n${files}\n</package>\n`,
      ),
    );
  }
  return Buffer.concat([...parts, Buffer.from("</filelists>\n")]);
}
