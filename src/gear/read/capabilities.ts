// SPDX-License-Identifier: Apache-2.0
import { list, mapped, type Shape, text } from "./shape/index.ts";
import { capabilities } from "./value/index.ts";

/** What Docker gives a container that asks for nothing (moby, oci/caps/defaults.go). */
const usual = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

const capability = mapped(text("a capability such as NET_ADMIN, or ALL"), (word, place, node) => {
  const plain = word.toUpperCase().replace(/^CAP_/, "");
  if (plain === "ALL" || (capabilities as readonly string[]).includes(plain)) return plain;
  return place.fault(
    node.at,
    `must be a capability such as NET_ADMIN, or ALL, not ${JSON.stringify(word.slice(0, 80))}`,
  );
});

export const capabilityNames: Shape<string[]> = list(capability, "a list of capabilities");

/** Those that are left: first ALL counts, then single ones (moby, oci/caps/utils.go `TweakCapabilities`). */
export function keptCapabilities(added: readonly string[], dropped: readonly string[]): string[] {
  const all = added.includes("ALL") ? [...capabilities] : dropped.includes("ALL") ? [] : usual;
  const kept = [...all.filter((name) => !dropped.includes(name)), ...added.filter((name) => name !== "ALL")];
  return [...new Set(kept)].toSorted();
}
