// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { TarEntry } from "../../formats/index.ts";
import { type DebFile, readDeb } from "../deb/read-deb.ts";
import { packageError } from "../errors.ts";
import type { InspectedFile, InspectedPackage, InspectedScript } from "./model.ts";

/** Reads a package whole; files whose MD5 sum is not the one that the package lists are refused (`packages-bad-digest`). */
export function inspectDeb(path: string): InspectedPackage {
  using deb = readDeb(path);
  const { control } = deb;
  const [summary = "", ...description] = (control.get("Description") ?? "").split("\n");
  return {
    format: "deb",
    name: control.get("Package") ?? "",
    version: control.get("Version") ?? "",
    architecture: control.get("Architecture") ?? "",
    summary,
    description: description.map((line) => line.replace(/^ ?\.?$|^ /, "")).join("\n"),
    header: readHeader(deb),
    dependencies: readDependencies(deb),
    files: readFiles(deb),
    scripts: readScripts(deb),
    digests: [],
    // A repository's Release file is signed, not the packages in it.
    signatures: [],
  };
}

/** Policy section 7.2, in its order, and what is like them. */
const relationFields = [
  "Pre-Depends",
  "Depends",
  "Recommends",
  "Suggests",
  "Enhances",
  "Breaks",
  "Conflicts",
  "Provides",
  "Replaces",
  "Built-Using",
] as const;

const otherFields = ["Package", "Version", "Architecture", "Description", ...relationFields];

function readHeader({ control }: DebFile): Record<string, string> {
  const fields = [...control.entries()].filter(([name]) => !otherFields.includes(name));
  const header = Object.fromEntries(fields.map(([name, value]) => [camelCase(name), value.trim()]));
  const { installedSize } = header;
  // Policy section 5.6.20: in KiB.
  return installedSize === undefined ? header : { ...header, installedSize: String(Number(installedSize) * 1024) };
}

function camelCase(field: string): string {
  return field.toLowerCase().replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function readDependencies({ control }: DebFile): Record<string, string[]> {
  return Object.fromEntries(
    relationFields.map((field) => {
      const items = (control.get(field) ?? "").split(",").map((item) => item.trim());
      return [camelCase(field), items.filter((item) => item !== "")];
    }),
  );
}

function readFiles(deb: DebFile): InspectedFile[] {
  const text = (name: string) => deb.controlFiles.get(name)?.bytes.toString("utf8") ?? "";
  const config = new Set(
    text("conffiles")
      .split("\n")
      .map((line) => line.trim()),
  );
  const sums = new Map(
    text("md5sums")
      .split("\n")
      .map((line) => [line.slice(34), line.slice(0, 32)]),
  );
  const digests = new Map<string, string>();
  const files: InspectedFile[] = [];
  for (const entry of deb.files()) {
    if (entry.path === "") continue;
    const digest = entry.type === "hardlink" ? digests.get(entry.target) : readDigest(entry, sums, deb.path);
    if (digest !== undefined) digests.set(entry.path, digest);
    files.push(describe(entry, digest, config.has(`/${entry.path}`)));
  }
  return files;
}

/** The SHA-256 of a file, after its MD5 was compared: what dpkg --verify compares. */
function readDigest(entry: TarEntry, sums: ReadonlyMap<string, string>, path: string): string | undefined {
  if (entry.type !== "file") return undefined;
  const listed = createHash("md5");
  const digest = createHash("sha256");
  for (const piece of entry.pieces()) {
    listed.update(piece);
    digest.update(piece);
  }
  const made = listed.digest("hex");
  const sum = sums.get(entry.path);
  if (sum !== undefined && sum !== made) {
    throw packageError("bad-digest", `${path}: the md5 sum of /${entry.path} is ${made}, it should be ${sum}`);
  }
  return digest.digest("hex");
}

function describe(entry: TarEntry, digest: string | undefined, config: boolean): InspectedFile {
  const { path, type, mode, uid, gid, userName, groupName, size, mtime, target } = entry;
  return {
    path: `/${path}`,
    type,
    mode: mode.toString(8).padStart(4, "0"),
    user: userName === "" ? String(uid) : userName,
    group: groupName === "" ? String(gid) : groupName,
    size,
    mtime,
    ...(digest === undefined ? {} : { digest: `sha256:${digest}` }),
    ...(target === "" ? {} : { target: type === "hardlink" ? `/${target}` : target }),
    flags: config ? ["config"] : [],
  };
}

const scriptNames = ["preinst", "postinst", "prerm", "postrm", "config"] as const;

function readScripts({ controlFiles }: DebFile): InspectedScript[] {
  const scripts = scriptNames.flatMap((name): InspectedScript[] => {
    const body = controlFiles.get(name)?.bytes.toString("utf8");
    if (body === undefined) return [];
    const interpreter = /^#!\s*([^\n]*)/.exec(body)?.[1]?.trim() ?? "";
    return [{ name, interpreter, body }];
  });
  const triggers = controlFiles.get("triggers")?.bytes.toString("utf8") ?? "";
  const conditions = triggers.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return conditions.length === 0 ? scripts : [...scripts, { name: "triggers", interpreter: "", conditions }];
}
