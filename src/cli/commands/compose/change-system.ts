// SPDX-License-Identifier: Apache-2.0
/** What `compose resolve` may be asked to do with an installed system, besides installing. */
import type { RpmPackage, RpmRequest } from "../../../packages/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";

const changes: readonly OptionDeclaration[] = [
  { name: "erase", value: "SPEC", repeat: true, help: "Remove these, and what needs them" },
  { name: "update", value: "SPEC", repeat: true, help: "Update these" },
  { name: "update-all", help: "Update all that is installed" },
  { name: "distro-sync", help: "Bring all that is installed to the versions of the repositories, older ones too" },
  { name: "allow-erasing", help: "Remove installed packages that are in the way" },
];

export const systemOptions: readonly OptionDeclaration[] = [
  { name: "installed", value: "ROOT", help: "Change the system in this root instead of filling an empty one" },
  ...changes,
  { name: "no-best", help: "Take an older version where the newest one cannot be installed" },
];

type SystemRequest = Pick<
  RpmRequest,
  "installed" | "userInstalled" | "erase" | "update" | "distroSync" | "allowErasing" | "best"
>;

export async function systemRequest(invocation: Invocation): Promise<SystemRequest> {
  const best = { best: !invocation.flag("no-best") };
  const root = invocation.value("installed");
  const asked = changes.find(({ name, value }) =>
    value === undefined ? invocation.flag(name) : invocation.values(name).length > 0,
  );
  if (root === undefined) {
    if (asked === undefined) return best;
    throw cliError("usage", `--${asked.name} without --installed changes nothing`, {
      hint: "--installed=ROOT names the system that is to be changed",
    });
  }
  const [erase, update] = [invocation.values("erase"), invocation.values("update")];
  if (invocation.flag("update-all") && update.length > 0) {
    throw cliError("usage", "--update-all and --update=SPEC exclude each other");
  }
  const installed = await installedIn(root);
  return {
    ...best,
    installed,
    // Without its history dnf takes every package for one that somebody has asked for (libdnf: filterUserinstalled).
    userInstalled: installed.map((one) => `${one.name}-${one.version}.${one.architecture}`),
    ...(erase.length > 0 && { erase }),
    ...(update.length > 0 && { update }),
    ...(invocation.flag("update-all") && { update: [] }),
    ...(invocation.flag("distro-sync") && { distroSync: true }),
    ...(invocation.flag("allow-erasing") && { allowErasing: true }),
  };
}

/** Whether anything is asked for besides packages to install. */
export function changesSystem({ erase, update, distroSync }: SystemRequest): boolean {
  return erase !== undefined || update !== undefined || distroSync === true;
}

async function installedIn(root: string): Promise<readonly RpmPackage[]> {
  const { findRpmDatabase, packageError, readInstalledPackages } = await import("../../../packages/index.ts");
  const directory = findRpmDatabase(root);
  if (directory !== undefined) return readInstalledPackages(directory);
  throw packageError("rpmdb", `${root}: there is no database of packages`, {
    hint: "without --installed the packages are chosen for an empty root",
  });
}
