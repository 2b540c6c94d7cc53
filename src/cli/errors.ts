// SPDX-License-Identifier: Apache-2.0
import { defineErrors } from "../base/index.ts";

export const cliError = defineErrors("cli", {
  usage:
    "The command line has an unknown command or option, or lacks an argument. `--help` after a command shows its own.",
  "unknown-code": "`atomic explain` knows the codes that errors print between brackets.",
  "needs-root": "The command changes the system or keeps owners of files, which only root may do.",
});
