// SPDX-License-Identifier: Apache-2.0
/** What Debian's maintainer scripts do through its own tools, in RPM's words. */
import type { Adjustment } from "./adjustments.ts";
import type { DebianPackage } from "./model.ts";

export function scriptlets(deb: DebianPackage, adjustment: Adjustment, offers: Offers): string[] {
  const links = alternatives(deb).map(({ path }) => path);
  const units = enabledUnits(deb.scripts["postinst"] ?? "");
  return [
    ...(links.length > 0 ? [linkScriptlet([...new Set(links)], offers)] : []),
    ...(units.length > 0 ? [presetScriptlet(units)] : []),
    ...(adjustment.scriptlets === undefined ? [] : [adjustment.scriptlets.trim()]),
  ];
}

/** What a package offers as an alternative: update-alternatives(1). */
interface Offer {
  readonly path: string;
  readonly target: string;
  readonly priority: number;
}

/** By path; the best first. */
export type Offers = ReadonlyMap<string, readonly string[]>;

export function collectOffers(debs: readonly DebianPackage[]): Offers {
  const all = debs.flatMap(alternatives).sort((a, b) => b.priority - a.priority || (a.target < b.target ? -1 : 1));
  return new Map(
    [...Map.groupBy(all, ({ path }) => path)].map(([path, each]) => [path, each.map((one) => one.target)]),
  );
}

function alternatives({ scripts }: DebianPackage): Offer[] {
  const commands = (scripts["postinst"] ?? "")
    .replaceAll("\\\n", " ")
    .matchAll(/update-alternatives\s+(?:--quiet\s+)?--install\s+([^\n;|&]*)/g);
  return [...commands].flatMap(([, words = ""]) => {
    const [path = "", , target = "", number, ...rest] = words.trim().split(/\s+/);
    const priority = Number(number);
    const slaves = rest.join(" ").matchAll(/--slave (\S+) \S+ (\S+)/g);
    const others = [...slaves].map(([, slave = "", slaveTarget = ""]) => ({
      path: slave,
      target: slaveTarget,
      priority,
    }));
    return [{ path, target, priority }, ...others].filter(
      (one) => one.path.startsWith("/") && one.target.startsWith("/"),
    );
  });
}

/** Links to the best of what is there: the same in whichever order packages come. In Lua: it needs no shell. */
function linkScriptlet(paths: readonly string[], offers: Offers): string {
  const calls = paths.map((path) => `alternative("${path}", "${offers.get(path)?.join('", "')}")`);
  const removals = paths.map((path) => `if posix.stat("${path}", "type") == "link" then os.remove("${path}") end`);
  return `%post -p <lua>
local function alternative(path, ...)
  for _, target in ipairs({...}) do
    if posix.stat(target, "type") then
      if posix.stat(path, "type") == "link" then os.remove(path) end
      posix.symlink(target, path)
      return
    end
  end
end
${calls.join("\n")}
%preun -p <lua>
if arg[2] == 0 then
  ${removals.join("\n  ")}
end`;
}

/** Units that debhelper's snippets enable on a new system: not those that it asks `debian-installed` of first. */
function enabledUnits(postinst: string): string[] {
  const units = (verb: string) =>
    new Set(
      [...postinst.matchAll(new RegExp(`deb-systemd-helper ${verb} '([^']+)'`, "g"))].map(([, unit = ""]) => unit),
    );
  return [...units("enable").difference(units("debian-installed"))];
}

/** As systemd's macro %systemd_post; after all packages, since Debian's enable at configuration, too. */
function presetScriptlet(units: readonly string[]): string {
  return `%posttrans
if [ -x /usr/bin/systemctl ]; then
  /usr/bin/systemctl --no-reload preset ${units.join(" ")} >/dev/null 2>&1 || :
fi`;
}
