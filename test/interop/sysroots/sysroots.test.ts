// SPDX-License-Identifier: Apache-2.0
import { handOverTests } from "./hand-over.ts";
import { runningMachineTests } from "./running.ts";
import { installed } from "./stock.ts";

handOverTests(installed);
runningMachineTests(installed);
