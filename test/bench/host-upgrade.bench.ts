// SPDX-License-Identifier: Apache-2.0
/** Upgrade of a host by twenty packages against `ostree admin upgrade`: download, checkout, merge of /etc and boot entries. */
import { join } from "node:path";
import { atomic, compare, heading } from "./compare.ts";
import { makeHostMachine } from "./host-machine.ts";

using machine = await makeHostMachine();
console.log(`\nupgrade of a host: ${machine.description}`);
heading("ostree");
const sysroot = (side: "ours" | "theirs") => join(machine.directory, side);
const upgrade = {
  ours: { command: atomic, args: ["host", "upgrade", `--sysroot=${sysroot("ours")}`] },
  theirs: { command: machine.stock, args: ["admin", "upgrade", `--sysroot=${sysroot("theirs")}`, "--os=debian"] },
};
// Both are made before the first is measured.
for (const side of ["ours", "theirs"] as const) machine.reset(side);
compare({ name: "upgrade", ...upgrade, prepare: (side) => void machine.reset(side), runs: 5 });
compare({ name: "upgrade, nothing to do", ...upgrade, runs: 5 });
