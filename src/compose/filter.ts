// SPDX-License-Identifier: Apache-2.0
import type { Treefile } from "./treefile/model.ts";

/** What `documentation: false` leaves out; copyright files stay, as licences ask (and dpkg's own `minbase` recipes do). */
const documentation = /^\/usr\/share\/(doc\/.*|man\/.*|info\/.*|groff\/.*|doc-base\/.*|lintian\/.*|linda\/.*)$/;
const copyright = /^\/usr\/share\/doc\/[^/]+(\/copyright)?$/;
const catalogue = /^\/usr\/share\/locale\/([^/]+)(\/|$)/;

/** Says which paths of a package stay out of the tree. */
export function pathFilter(treefile: Treefile, name: string): (path: string) => boolean {
  const rules = treefile.removeFromPackages
    .filter((rule) => rule.package === name)
    .flatMap(({ patterns }) => patterns.map((pattern) => new RegExp(`^(?:${pattern})$`)));
  const languages = new Set(treefile.installLangs.flatMap((name) => [name, name.replace(/[_.@].*$/, "")]));
  return (path) =>
    rules.some((rule) => rule.test(path)) ||
    (!treefile.documentation && documentation.test(path) && !copyright.test(path)) ||
    (languages.size > 0 && isForeign(path, languages));
}

function isForeign(path: string, languages: ReadonlySet<string>): boolean {
  const language = catalogue.exec(path)?.[1];
  return language !== undefined && language !== "locale.alias" && !languages.has(language);
}
