// SPDX-License-Identifier: Apache-2.0
import type { InspectedFile, InspectedPackage, InspectedScript, InspectedSignature } from "../../packages/index.ts";
import type { Style } from "../command.ts";
import { formatBytes, paint } from "../style.ts";
import { formatTime, keyLines } from "./columns.ts";

/** Name, header, signatures, dependencies, files and scripts, each under its heading; what there is none of is left out. */
export function renderPackage(one: InspectedPackage, style: Style): string {
  const title = paint(style, "bold", `${one.name} ${one.version} ${one.architecture}`);
  const description = one.description.trim();
  const about = [one.summary, ...(description === "" ? [] : ["", description])];
  const parts = [
    [title, ...indent(about)],
    keyLines(Object.entries(one.header).map(([key, value]) => [words(key), headerValue(key, value)])),
    section("Signatures", signatureLines(one, style), style),
    section("Digests", digestLines(one), style),
    ...Object.entries(one.dependencies).map(([kind, list]) => section(`${words(kind)} (${list.length})`, list, style)),
    section(`Files (${one.files.length})`, fileLines(one.files), style),
    ...one.scripts.map((script) => scriptLines(script, style)),
  ];
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join("\n"))
    .join("\n\n");
}

function section(heading: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : [paint(style, "bold", heading), ...indent(lines)];
}

function indent(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split("\n")).map((line) => (line === "" ? "" : `  ${line}`));
}

function digestLines({ digests }: InspectedPackage): string[] {
  const labels = digests.map(({ of, algorithm }) => `${of} ${algorithm}`);
  const width = Math.max(0, ...labels.map(({ length }) => length));
  return digests.map(({ hex }, at) => `${labels[at]!.padEnd(width)}  ${hex}`);
}

const names: Readonly<Record<string, string>> = { url: "URL", rpmVersion: "RPM version", sourceRpm: "Source RPM" };

/** `buildTime` as `Build time`. */
function words(key: string): string {
  if (names[key] !== undefined) return names[key];
  const spaced = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function headerValue(key: string, value: string): string {
  if (key === "buildTime") return formatTime(Number(value));
  return key === "installedSize" ? formatBytes(Number(value)) : value;
}

function signatureLines({ format, signatures }: InspectedPackage, style: Style): string[] {
  if (signatures.length === 0) {
    return [
      format === "rpm" ? paint(style, "yellow", "not signed") : "none: the repository is signed, not its packages",
    ];
  }
  return signatures.map((one) => signatureLine(one, style));
}

function signatureLine(
  { range, algorithm, keyId, created, status, userId, reason }: InspectedSignature,
  style: Style,
): string {
  const verdict = paint(style, status === "good" ? "green" : "yellow", status);
  const who = userId === undefined || userId === "" ? "" : `  ${userId}`;
  const why = reason === undefined ? "" : `  (${reason})`;
  return `${verdict}  ${range}  ${algorithm}  key ${keyId}  ${formatTime(created)}${who}${why}`;
}

const typeLetters: Readonly<Record<InspectedFile["type"], string>> = {
  file: "-",
  hardlink: "-",
  symlink: "l",
  character: "c",
  block: "b",
  directory: "d",
  fifo: "p",
};

function fileLines(files: readonly InspectedFile[]): string[] {
  const owners = files.map(({ user, group }) => `${user}:${group}`);
  const sizes = files.map(({ type, size }) => (type === "file" || type === "hardlink" ? formatBytes(size) : ""));
  const widest = (texts: readonly string[]) => texts.reduce((width, text) => Math.max(width, text.length), 0);
  const [ownerWidth, sizeWidth] = [widest(owners), widest(sizes)];
  return files.map((file, at) => {
    const mode = typeLetters[file.type] + modeText(Number.parseInt(file.mode, 8));
    const columns = [mode, owners[at]!.padEnd(ownerWidth), sizes[at]!.padStart(sizeWidth), describePath(file)];
    return columns.join("  ").trimEnd();
  });
}

function describePath({ path, type, target, capabilities, language, flags }: InspectedFile): string {
  const arrow = target === undefined ? "" : type === "hardlink" ? ` = ${target}` : ` -> ${target}`;
  const notes = [
    ...flags,
    ...(capabilities === undefined ? [] : [capabilities]),
    ...(language === undefined ? [] : [language]),
  ];
  return path + arrow + (notes.length === 0 ? "" : `  [${notes.join(", ")}]`);
}

/** As ls(1) writes it. */
function modeText(mode: number): string {
  const letters = [..."rwxrwxrwx"].map((letter, at) => ((mode & (0o400 >> at)) === 0 ? "-" : letter));
  for (const [bit, at, letter] of [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ] as const) {
    if ((mode & bit) !== 0) letters[at] = letters[at] === "x" ? letter : letter.toUpperCase();
  }
  return letters.join("");
}

function scriptLines({ name, interpreter, body, conditions }: InspectedScript, style: Style): string[] {
  const on = conditions === undefined || interpreter === "" ? "" : ` on ${conditions.join(", ")}`;
  const heading = `Script ${name}${interpreter === "" ? "" : ` (${interpreter})`}${on}`;
  const lines = body?.trimEnd().split("\n") ?? (interpreter === "" ? (conditions ?? []) : []);
  return [paint(style, "bold", heading), ...indent(lines)];
}
