// SPDX-License-Identifier: Apache-2.0
/** One change of a system root, to be killed on its way: `node crash-child.ts deploy|rollback SYSROOT`. */
import { deploy, rollback, Sysroot } from "../../src/host/index.ts";
import { ref } from "./fixture.ts";

const [operation, path] = process.argv.slice(2);
const sysroot = Sysroot.open(path!);
if (operation === "rollback") await rollback(sysroot);
else await deploy(sysroot, { rev: ref });
