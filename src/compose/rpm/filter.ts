// SPDX-License-Identifier: Apache-2.0
import { fileFlag, type RpmFileInfo } from "../../packages/index.ts";
import type { Treefile } from "../treefile/model.ts";

/** Says which files of a package stay out of the tree: `remove-from-packages`, documentation, and other languages. */
export function rpmFilter(treefile: Treefile, name: string): (file: RpmFileInfo) => boolean {
  const rules = treefile.removeFromPackages
    .filter((rule) => rule.package === name)
    .flatMap(({ patterns }) => patterns.map((pattern) => new RegExp(`^(?:${pattern})$`)));
  const languages = new Set(treefile.installLangs);
  const all = languages.size === 0 || languages.has("all");
  return ({ path, flags, language }) =>
    // Every tree needs it; rpm-ostree's filters pass it over as well (rpmostree-core.cxx `checkout_filter`).
    (path !== "/etc/nsswitch.conf" && rules.some((rule) => rule.test(path))) ||
    (!treefile.documentation && (flags & fileFlag.doc) !== 0) ||
    (!all && isForeign(language, languages));
}

/** lib/transaction.c, `skipInstallFiles`: a wanted language begins with one of the file's. */
function isForeign(text: string, languages: ReadonlySet<string>): boolean {
  if (text === "") return false;
  return !text.split("|").some((language) => {
    return language !== "" && [...languages].some((wanted) => wanted.startsWith(language));
  });
}
