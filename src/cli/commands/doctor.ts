// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { findMissing, requirements } from "../requirements.ts";
import { paint } from "../style.ts";

export default defineCommand({
  path: ["doctor"],
  summary: "Say what this machine has of the programs that Atomic uses",
  examples: [{ command: "atomic doctor", text: "Before the first compose:" }],
  json: true,
  run() {
    const { requirements: missing, install } = findMissing();
    const programs = requirements.map((one) => ({ ...one, present: !missing.includes(one) }));
    return { programs, install: missing.length > 0 ? install.join(" ") : null };
  },
  render({ programs, install }, style) {
    const lines = programs.map(({ name, present, debian, neededBy }) => {
      const mark = present ? paint(style, "green", "ok     ") : paint(style, "red", "missing");
      return `${mark}  ${name.padEnd(46)} ${debian.padEnd(24)} ${neededBy.join(", ")}`;
    });
    return [...lines, ...(install === null ? [] : ["", `Install what is missing:  ${install}`])].join("\n");
  },
  exitCode: ({ install }) => (install === null ? 0 : 1),
});
