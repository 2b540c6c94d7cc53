// SPDX-License-Identifier: Apache-2.0
/** Debian packages that no repository has: those that are installed, and files that are at hand. */
import { bytesSource } from "../../base/index.ts";
import { formatStanza, type Stanza } from "../../formats/index.ts";
import type { IndexedSource } from "../apt/package-set.ts";
import { parsePackages } from "../apt/parse-packages.ts";
import { indexFields } from "../apt/index-file.ts";

/** @param name what messages call the source; @param priority as of apt_preferences(5): above 1000 it wins over all repositories */
export function stanzaSource(stanzas: readonly Stanza[], name: string, priority: number): IndexedSource {
  const wanted = new Set(indexFields.map((field) => field.toLowerCase()));
  const text = stanzas.map((stanza) => {
    const fields = [...stanza.entries()].filter(([field]) => wanted.has(field.toLowerCase()));
    return formatStanza(fields.map(([field, value]) => [field, value.replaceAll(/\s*\n\s*/g, " ").trim()] as const));
  });
  const info = {
    uri: name,
    suite: name,
    components: [],
    codename: name,
    origin: "",
    label: "",
    version: "",
    date: 0,
    checksum: "",
  };
  return { index: parsePackages(bytesSource(Buffer.from(text.join("\n"))), name), info, priority, baseUrl: "" };
}
