// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import type { Step } from "../quickstart/story.ts";
import { formatSeconds } from "../style.ts";

export default defineCommand<{ readonly steps: readonly Step[]; readonly directory: string }>({
  path: ["quickstart"],
  summary: "Compose, boot, upgrade and roll back a container host, told step by step",
  description:
    "Composes a Debian 13 container host from the real mirror, builds a disk, boots it in QEMU, upgrades the running " +
    "machine to a second release composed meanwhile, rolls it back, and runs a container on it. Each step says what " +
    "happened and how to do it by hand. Needs root, 8 GB of disk and some six minutes without hardware virtualization; " +
    "writes to one directory only, apart from system programs that are missing, which it installs.",
  examples: [{ command: "sudo ./atomic quickstart", text: "From a fresh clone:" }],
  options: [
    { name: "directory", value: "DIR", help: "Work here; default: quickstart" },
    { name: "treefile", value: "FILE", help: "Another host than examples/debian-container-host.yaml" },
    { name: "console", help: "Show the machine's serial console, too" },
  ],
  json: true,
  async run(invocation) {
    const { tellQuickstart } = await import("../quickstart/tell.ts");
    return tellQuickstart({
      directory: invocation.value("directory") ?? "quickstart",
      treefile: invocation.value("treefile"),
      console: invocation.flag("console"),
      progress: invocation.progress,
    });
  },
  render: ({ steps, directory }) => {
    const width = Math.max(...steps.map(({ title }) => title.length));
    const lines = steps.map(({ title, seconds }) => `✓ ${title.padEnd(width)}  ${formatSeconds(seconds)}`);
    return ["", ...lines, "", `Everything is in ${directory}; boot it again:  ${bootLine(directory)}`].join("\n");
  },
});

function bootLine(directory: string): string {
  return `atomic image run ${directory}/disk.qcow2 --serve=${directory}/repo`;
}
