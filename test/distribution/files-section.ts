// SPDX-License-Identifier: Apache-2.0
import type { Adjustment } from "./adjustments.ts";
import type { DebianPackage, PackagedFile } from "./model.ts";

/** Lines of %files for all that the package has, and for what its adjustment adds. */
export function formatFiles(deb: DebianPackage, adjustment: Adjustment, shared: ReadonlySet<string>): string[] {
  const conffiles = new Set(deb.conffiles);
  const left = [...(adjustment.remove ?? []), ...(adjustment.omit ?? [])];
  const isLeft = (path: string) => left.some((one) => path === one || path.startsWith(`${one}/`));
  const lines = deb.files
    .filter(({ path, isDirectory }) => !isLeft(path) && !(isDirectory && shared.has(path)))
    .map((file) => formatFile(file, conffiles.has(file.path), adjustment.attributes?.[file.path]));
  return [...lines, ...(adjustment.files ?? [])];
}

function formatFile(file: PackagedFile, isConfig: boolean, attributes: string | undefined): string {
  const { path, isDirectory, user, group } = file;
  const language = languageOf(path);
  const directives = [
    attributes ?? (user === "root" && group === "root" ? "" : `%attr(-,${user},${group})`),
    isConfig ? "%config(noreplace)" : "",
    isDirectory ? "%dir" : "",
    language !== undefined && !isDirectory ? `%lang(${language})` : "",
  ].filter((one) => one !== "");
  return [...directives, quotePath(path)].join(" ");
}

/** Translations and manual pages in other languages. */
function languageOf(path: string): string | undefined {
  return /^usr\/share\/(?:locale|man|help)\/([a-z]{2,3}(?:[_@.][^/]*)?)\//.exec(path)?.[1];
}

/** In %files a path is a pattern, macros are expanded and blanks divide: what has a meaning is matched by `?`. */
function quotePath(path: string): string {
  return `"/${path.replaceAll(/[[\]*{}%\\\s'"]/g, "?")}"`;
}
