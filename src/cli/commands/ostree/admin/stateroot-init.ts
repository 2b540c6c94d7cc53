// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { initStaterootCommand } from "./init-stateroot.ts";

export default defineCommand(initStaterootCommand("stateroot-init"));
