// SPDX-License-Identifier: Apache-2.0
/** Which architectures a machine runs, and which it likes best: rpm's rpmrc (`arch_compat`), as libsolv's pool_setarch. */

/** The best first. */
const compatible: Readonly<Record<string, string>> = {
  x86_64_v4: "x86_64_v4 x86_64_v3 x86_64_v2 x86_64 athlon i686 i586 i486 i386",
  x86_64_v3: "x86_64_v3 x86_64_v2 x86_64 athlon i686 i586 i486 i386",
  x86_64_v2: "x86_64_v2 x86_64 athlon i686 i586 i486 i386",
  x86_64: "x86_64 athlon i686 i586 i486 i386",
  i686: "i686 i586 i486 i386",
  i586: "i586 i486 i386",
  i386: "i386",
  ppc64: "ppc64 ppc",
  ppc64p7: "ppc64p7 ppc64 ppc",
  s390x: "s390x s390",
  armv7hl: "armv7hl armv6hl",
  armv7hnl: "armv7hnl armv7hl armv6hl",
};

/** Bits that say what sort of machine code a package holds; packages of one name but different colours go together. */
const colour32 = 1;
const colour64 = 2;
const colourAll = 3;

/** What one machine makes of architectures. */
export class ArchitecturePolicy {
  readonly #scores: ReadonlyMap<string, number> | undefined;

  /** @param machine RPM's word for it; `undefined`: all packages fit, and none is preferred */
  constructor(machine: string | undefined) {
    if (machine === undefined) return;
    const order = (compatible[machine] ?? machine).split(" ");
    this.#scores = new Map([["noarch", 1], ...order.map((name, rank): [string, number] => [name, rank + 2])]);
  }

  get prefers(): boolean {
    return this.#scores !== undefined;
  }

  /** 0 for an architecture that this machine does not run, 1 for noarch, then the smaller the better. */
  score(architecture: string): number {
    return this.#scores?.get(architecture) ?? 0;
  }

  runs(architecture: string): boolean {
    return this.#scores === undefined || this.#scores.has(architecture);
  }

  colour(architecture: string): number {
    if (this.#scores === undefined || architecture === "noarch") return colourAll;
    return architecture === "s390x" || architecture.includes("64") ? colour64 : colour32;
  }
}
