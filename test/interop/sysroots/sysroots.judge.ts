// SPDX-License-Identifier: Apache-2.0
import { handOverTests } from "./hand-over.ts";
import { runningMachineTests } from "./running.ts";
import { newest } from "./stock.ts";

handOverTests(newest());
runningMachineTests(newest());
