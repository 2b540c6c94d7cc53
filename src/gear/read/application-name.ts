// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import { gearError } from "../errors.ts";
import { type Name, parseName } from "../name.ts";
import type { ParsedFile, ReadOptions } from "./kind.ts";

/** Name of an application whose file has none: as the options say, else the file's name without its ending. */
export function applicationName({ path }: ParsedFile, { name }: ReadOptions): Name {
  if (name !== undefined) return parseName(name, "an application");
  const made = plainName(basename(path).replace(/\.[^.]*$/, ""));
  if (made !== "") return parseName(made, "an application");
  throw gearError(
    "bad-name",
    `no name of an application can be made of the file's name, ${JSON.stringify(basename(path))}`,
    {
      hint: "name it with --name",
    },
  );
}

/** The nearest to a word that a name can be; empty when nothing of it can. */
export function plainName(word: string): string {
  return word
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, "");
}
