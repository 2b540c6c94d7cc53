// SPDX-License-Identifier: Apache-2.0
/** What [Install] of a service asks for (enableServiceFile of podman's generator; systemd.unit(5)). */
import { posix } from "node:path";
import type { QuadletService } from "./convert/index.ts";

/** Links beside the units: `multi-user.target.wants/web.service` to `../web.service`. Those that would lead away are refused. */
export function installLinks({ file, service }: QuadletService): Map<string, string> {
  const aliases = file.words("Alias", "Install").map((alias) => posix.normalize(alias));
  const wrong = aliases.find((alias) => alias.startsWith("/") || alias.split("/").includes(".."));
  if (wrong !== undefined) throw file.error(`Alias=${wrong} leads away from the units`, "Alias", "Install");
  const instance = installedInstance({ file, service });
  const wanted =
    instance === undefined ? [] : wantingDirectories({ file }).map((directory) => `${directory}/${instance}`);
  return new Map([...aliases, ...wanted].map((link) => [link, posix.relative(posix.dirname(link), service)]));
}

type Installed = Pick<QuadletService, "file" | "service">;

/** The unit that is enabled; a template is by its DefaultInstance= only. */
export function installedInstance({ file, service }: Installed): string | undefined {
  if (!service.includes("@.")) return service;
  const instance = file.text("DefaultInstance", "Install");
  return instance === undefined ? undefined : service.replace("@.", `@${instance}.`);
}

export function wantingDirectories({ file }: Pick<Installed, "file">): string[] {
  const directories = { WantedBy: "wants", RequiredBy: "requires", UpheldBy: "upholds" };
  return Object.entries(directories).flatMap(([key, directory]) =>
    // Names only, no paths.
    file.words(key, "Install").flatMap((unit) => (unit.includes("/") ? [] : [`${unit}.${directory}`])),
  );
}
