// SPDX-License-Identifier: Apache-2.0
/** Rolls a system root back: `node rollback-child.ts SYSROOT`. */
import { rollback, Sysroot } from "../../src/host/index.ts";

await rollback(Sysroot.open(process.argv[2]!));
