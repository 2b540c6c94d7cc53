// SPDX-License-Identifier: Apache-2.0
import type { OptionDeclaration } from "../../command.ts";

export const rootOption: OptionDeclaration = {
  name: "root",
  value: "PATH",
  help: "Where the host's file tree is; default: /",
  hidden: true,
};
