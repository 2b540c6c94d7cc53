// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import { kinds, kindOf } from "./kinds.ts";
import { QuadletFile } from "./quadlet-file.ts";

/**
 * The files of a `.quadlets` file: they are divided by lines of `---`, each named by a comment `# FileName=NAME`, and of the
 * kind that its section says (podman's parseMultiQuadletFile). Lines keep their numbers.
 */
export function parseBundle(text: string, path: string): QuadletFile[] {
  const parts: { readonly first: number; readonly lines: string[] }[] = [{ first: 0, lines: [] }];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "---") parts.push({ first: index + 1, lines: [] });
    else parts.at(-1)!.lines.push(line);
  }
  const filled = parts.filter(({ lines }) => lines.some((line) => line.trim() !== ""));
  if (filled.length === 0) throw gearError("bad-file", `${path}: no Quadlet file in it`);
  return filled.map(({ first, lines }) => {
    const where = `${path}:${first + 1}`;
    const name = `${nameIn(lines, where)}.${kindIn(lines, where)}`;
    return QuadletFile.parse(lines.join("\n"), path, { name, firstLine: first + 1 });
  });
}

function nameIn(lines: readonly string[], where: string): string {
  const name = lines
    .map((line) => /^\s*#\s*FileName=(.*)$/.exec(line)?.[1]?.trim())
    .find((found) => found !== undefined);
  if (!name) throw gearError("bad-file", `${where}: no comment "# FileName=NAME" that names the file`);
  if (/[/\\]/.test(name)) throw gearError("bad-file", `${where}: FileName '${name}' cannot contain path separators`);
  return name;
}

function kindIn(lines: readonly string[], where: string): string {
  const sections = lines.map((line) => /^\[(.*)\]$/.exec(line.trim())?.[1]?.toLowerCase() ?? "");
  const kind = sections.find((section) => kindOf(`x.${section}`) !== undefined);
  if (kind !== undefined) return kind;
  const known = Object.values(kinds).map(({ section }) => `[${section}]`);
  throw gearError("bad-file", `${where}: none of the sections ${known.join(", ")}`);
}
