// SPDX-License-Identifier: Apache-2.0
/** The program as it runs under the name `ostree`. */
import { main } from "../../src/cli/main.ts";

process.exitCode = await main("ostree", process.argv.slice(2));
