// SPDX-License-Identifier: Apache-2.0
/** Lints of treefiles: what is missing here to compose one, and what in it is not what was meant. */
import { existsSync } from "node:fs";
import type { Repo } from "../../ostree/index.ts";
import type { Treefile } from "../treefile/model.ts";
import { refusals } from "../treefile/supported.ts";
import type { Finding, Lint, Observation } from "./model.ts";

export interface TreefileLint extends Omit<Lint, "check"> {
  check(treefile: Treefile, repo: Repo | undefined): Iterable<Observation>;
}

export const treefileLints: readonly TreefileLint[] = [
  {
    name: "treefile-unsupported",
    severity: "error",
    about: "All keys of the treefile can be done here.",
    hint: "remove the key, or do its work in `postprocess`",
    *check(treefile) {
      for (const { key, reason } of refusals(treefile)) yield { text: `${key}: ${reason}` };
    },
  },
  {
    name: "treefile-incomplete",
    severity: "error",
    about: "The treefile says where the commit goes (ref) and which packages it has (packages).",
    hint: "`atomic compose init` writes a treefile to start with",
    *check({ ref, packages }) {
      if (ref === undefined) yield { text: "no ref" };
      if (packages.length === 0) yield { text: "no packages" };
    },
  },
  {
    name: "missing-file",
    severity: "error",
    about: "The files that the treefile names are there: scripts, added files, keyrings, lists of users.",
    hint: "paths are relative to the treefile that has them",
    *check(treefile) {
      for (const path of filesOf(treefile)) if (!existsSync(path)) yield { path, text: "is missing" };
    },
  },
  {
    name: "missing-layer",
    severity: "error",
    about: "The refs of ostree-layers and ostree-override-layers are in the repository.",
    hint: "--repo says where they are; commit them there first",
    *check({ ostreeLayers, ostreeOverrideLayers }, repo) {
      for (const ref of [...ostreeLayers, ...ostreeOverrideLayers]) {
        if (repo?.tryResolve(ref) === undefined) {
          yield { text: repo ? `${ref} is not in ${repo.path}` : `${ref}: no --repo given that could have it` };
        }
      }
    },
  },
  {
    name: "contradiction",
    severity: "error",
    about: "No package is asked for and excluded at once.",
    hint: "take it out of `packages` or of `exclude-packages`",
    *check({ packages, excludePackages }) {
      for (const name of packages) if (excludePackages.includes(name)) yield { text: `${name} is in both lists` };
    },
  },
  {
    name: "script-interpreter",
    severity: "warning",
    about: "Scripts of `postprocess` begin with #! and an interpreter: without, which one runs them is left to chance.",
    hint: "begin it with  #!/usr/bin/env bash",
    *check({ postprocess }) {
      for (const script of postprocess) {
        if (!script.startsWith("#!")) yield { text: `postprocess: ${JSON.stringify(script.split("\n")[0])}` };
      }
    },
  },
  {
    name: "units-without-effect",
    severity: "warning",
    about: "With `machineid-compat: false` presets decide at the first boot which units are enabled, not `units`.",
    hint: "write a file into /usr/lib/systemd/system-preset",
    *check({ machineidCompat, units }) {
      if (!machineidCompat && units.length > 0) yield { text: `units has ${units.join(", ")}` };
    },
  },
  {
    name: "tmp-not-writable",
    severity: "warning",
    about: "/tmp is a directory: with `tmp-is-dir: false` it leads to /sysroot/tmp, which is read-only on a host.",
    hint: "write  tmp-is-dir: true  or  edition: 2024",
    *check({ tmpIsDir }) {
      if (!tmpIsDir) yield { text: "tmp-is-dir is false" };
    },
  },
  {
    name: "treefile-warning",
    severity: "warning",
    about: "Keys of the treefile are known and not deprecated.",
    hint: "remove the key",
    *check({ warnings }) {
      for (const text of warnings) yield { text };
    },
  },
];

function filesOf(treefile: Treefile): string[] {
  const { addFiles, postprocessScript, apt, securityTracker, checkPasswd, checkGroups } = treefile;
  const accounts = [checkPasswd, checkGroups].flatMap((one) => (one.type === "file" ? [one.path] : []));
  const keyrings = apt.flatMap(({ signedBy }) => (signedBy === undefined ? [] : [signedBy]));
  const sources = addFiles.map(({ source }) => source);
  const single = [postprocessScript, securityTracker?.data].flatMap((path) => (path?.startsWith("/") ? [path] : []));
  return [...new Set([...sources, ...single, ...accounts, ...keyrings])];
}

export function checkTreefile(lint: TreefileLint, treefile: Treefile, repo: Repo | undefined): Finding[] {
  const { name, severity, hint } = lint;
  return Iterator.from(lint.check(treefile, repo))
    .map((one) => ({ lint: name, severity, ...one, hint }))
    .toArray();
}
