// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { unlessErrno } from "../../base/index.ts";
import type { Layer } from "./parse.ts";

/**
 * The files that a treefile names, looked up beside the treefile that names them, whichever file includes that
 * (treefile.rs `TreefileExternals`).
 */
export interface Externals {
  /** Sources of `add-files`, in the order of its merged rows. */
  addFiles: readonly string[];
  postprocessScript?: string;
  checkPasswd?: string;
  checkGroups?: string;
  /** The treefile of each entry of `apt`. */
  apt: readonly string[];
  securityTracker?: string;
  /** Programs of `finalize.d` by name. */
  finalize: ReadonlyMap<string, string>;
}

export function externalsOf({ values, path }: Layer): Externals {
  const directory = dirname(path);
  const beside = (name: string | undefined) => (name === undefined ? undefined : resolve(directory, name));
  const checked = (key: string) => beside((values.get(key) as { filename?: string } | undefined)?.filename);
  return {
    addFiles: ((values.get("add-files") ?? []) as string[][]).map(([source = ""]) => resolve(directory, source)),
    apt: ((values.get("apt") ?? []) as object[]).map(() => path),
    finalize: finalizePrograms(directory),
    ...withValues({
      postprocessScript: beside(values.get("postprocess-script") as string | undefined),
      checkPasswd: checked("check-passwd"),
      checkGroups: checked("check-groups"),
      securityTracker: trackerData(values.get("security-tracker") as { data: string } | undefined, directory),
    }),
  };
}

export function mergeExternals(into: Externals, included: Externals): void {
  into.addFiles = [...included.addFiles, ...into.addFiles];
  into.apt = [...included.apt, ...into.apt];
  // Here the included one wins (treefile.rs `treefile_merge_externals`).
  into.finalize = new Map([...into.finalize, ...included.finalize]);
  const { postprocessScript, checkPasswd, checkGroups, securityTracker } = { ...included, ...into };
  Object.assign(into, withValues({ postprocessScript, checkPasswd, checkGroups, securityTracker }));
}

/** Leaves out what is undefined, so that an absent key stays absent. */
export function withValues<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

function trackerData(written: { readonly data: string } | undefined, directory: string): string | undefined {
  if (written === undefined) return undefined;
  return /^https?:\/\//.test(written.data) ? written.data : resolve(directory, written.data);
}

/** Executable files of the directory `finalize.d` beside a treefile (docs/treefile.md, "Associated directories"). */
function finalizePrograms(directory: string): Map<string, string> {
  const place = join(directory, "finalize.d");
  const names = unlessErrno(["ENOENT", "ENOTDIR"], () => readdirSync(place)) ?? [];
  const paths = names.map((name): [string, string] => [name, join(place, name)]);
  return new Map(
    paths.filter(([, path]) => {
      const stat = lstatSync(path);
      return stat.isFile() && (stat.mode & 0o100) !== 0;
    }),
  );
}
