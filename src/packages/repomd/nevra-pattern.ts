// SPDX-License-Identifier: Apache-2.0
import { fnmatchPattern } from "../../base/index.ts";
import type { Evr } from "../rpm/model.ts";

/** What a pattern may mean: each part with wildcards, absent where anything will do. */
export interface NevraForm {
  readonly name: RegExp;
  readonly epoch?: number;
  readonly version?: RegExp;
  readonly release?: RegExp;
  readonly architecture?: RegExp;
}

const evr = String.raw`(?:(\d{1,10}):)?([^-:]+)`;

/**
 * The forms of a pattern such as `kernel*`, `*.i686`, `bash-5.1.8-2.el9`, the most telling first: NAME-EVR.ARCH,
 * NAME.ARCH, NAME, NAME-EVR, NAME-EV (libdnf: HY_FORMS_MOST_SPEC). The first that any package fits is the one meant.
 */
export function nevraForms(pattern: string): NevraForm[] {
  const forms: NevraForm[] = [];
  const full = new RegExp(`^(.+)-${evr}-([^-:]+)\\.([^-:.]+)$`).exec(pattern);
  if (full) forms.push(form(full[1]!, full[5], full[2], full[3], full[4]));
  const withArchitecture = /^(.+)\.([^-:.]+)$/.exec(pattern);
  if (withArchitecture) forms.push(form(withArchitecture[1]!, withArchitecture[2]));
  forms.push(form(pattern));
  const withRelease = new RegExp(`^(.+)-${evr}-([^-:]+)$`).exec(pattern);
  if (withRelease) forms.push(form(withRelease[1]!, undefined, withRelease[2], withRelease[3], withRelease[4]));
  const withVersion = new RegExp(`^(.+)-${evr}$`).exec(pattern);
  if (withVersion) forms.push(form(withVersion[1]!, undefined, withVersion[2], withVersion[3]));
  return forms;
}

function form(name: string, architecture?: string, epoch?: string, version?: string, release?: string): NevraForm {
  return {
    name: fnmatchPattern(name),
    ...(architecture === undefined ? {} : { architecture: fnmatchPattern(architecture) }),
    ...(epoch === undefined ? {} : { epoch: Number(epoch) }),
    ...(version === undefined ? {} : { version: fnmatchPattern(version) }),
    ...(release === undefined ? {} : { release: fnmatchPattern(release) }),
  };
}

/** The pattern as one of whole NEVRAs, which is what it means when no form fits: `kernel-[0-9]*`. */
export function nevraTest(
  pattern: string,
): (one: { readonly name: string; readonly evr: Evr; readonly architecture: string }) => boolean {
  const whole = fnmatchPattern(pattern);
  const withEpoch = pattern.includes(":");
  return ({ name, evr: { epoch, version, release }, architecture }) =>
    whole.test(`${name}-${withEpoch ? `${epoch}:` : ""}${version}-${release}.${architecture}`);
}

/** Whether the rest of a package fits, of which the name does. */
export function fitsForm(
  { epoch, version, release, architecture }: NevraForm,
  one: { readonly evr: Evr; readonly architecture: string },
): boolean {
  return (
    (epoch === undefined || epoch === one.evr.epoch) &&
    (version === undefined || version.test(one.evr.version)) &&
    (release === undefined || release.test(one.evr.release ?? "")) &&
    (architecture === undefined || architecture.test(one.architecture))
  );
}
