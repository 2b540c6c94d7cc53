// SPDX-License-Identifier: Apache-2.0
/** What Debian's maintainer scripts do through its own tools, in RPM's words. */
import type { Adjustment } from "./adjustments.ts";
import type { DebianPackage } from "./model.ts";

export function scriptlets(deb: DebianPackage, adjustment: Adjustment): string[] {
  const links = alternatives(deb.scripts["postinst"] ?? "");
  const units = enabledUnits(deb.scripts["postinst"] ?? "");
  return [
    ...(links.length > 0 ? [linkScriptlet(links)] : []),
    ...(units.length > 0 ? [presetScriptlet(units)] : []),
    ...(adjustment.scriptlets === undefined ? [] : [adjustment.scriptlets.trim()]),
  ];
}

type Link = readonly [path: string, target: string];

/** The links that update-alternatives(1) would make, if no other package offered the same. */
function alternatives(postinst: string): Link[] {
  const commands = postinst
    .replaceAll("\\\n", " ")
    .matchAll(/update-alternatives\s+(?:--quiet\s+)?--install\s+([^\n;|&]*)/g);
  return [...commands].flatMap(([, words = ""]) => {
    const [link, , target, , ...rest] = words.trim().split(/\s+/);
    const slaves = rest.join(" ").matchAll(/--slave (\S+) \S+ (\S+)/g);
    const pairs = [[link, target], ...[...slaves].map(([, slave, slaveTarget]) => [slave, slaveTarget])];
    return pairs.filter((pair): pair is [string, string] => pair.every((path) => path?.startsWith("/")));
  });
}

/** In Lua, so that it runs before there is a shell. */
function linkScriptlet(links: readonly Link[]): string {
  const calls = links.map(([path, target]) => `alternative("${path}", "${target}")`);
  const removals = links.map(
    ([path, target]) => `if posix.readlink("${path}") == "${target}" then os.remove("${path}") end`,
  );
  return `%post -p <lua>
local function alternative(path, target)
  if not posix.stat(path, "type") then posix.symlink(target, path) end
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
