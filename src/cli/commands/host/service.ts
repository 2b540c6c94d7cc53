// SPDX-License-Identifier: Apache-2.0
import { saveMemory } from "../../../base/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { openForChange, sysrootOption } from "./shared.ts";

/**
 * V8 collects garbage sooner, which costs less time than can be measured, and holds half as much memory. Its code cache was made
 * with other options: that it is not used is no cause for a warning.
 */
const smallHeap = [
  "--max-semi-space-size=1",
  "--heap-growing-percent=20",
  "--optimize-for-size",
  "--disable-warning=Warning",
];

export default defineCommand({
  path: ["host", "service"],
  summary: "Serve the host on D-Bus, for Cockpit and other programs (run by systemd)",
  description:
    "Takes the name org.projectatomic.rpmostree1 on the system bus, with the objects and methods of rpm-ostree's service, and ends by itself when nobody uses it. D-Bus starts it when it is called.",
  examples: [{ command: "busctl tree org.projectatomic.rpmostree1", text: "See that it answers:" }],
  options: [
    sysrootOption,
    { name: "address", value: "ADDRESS", help: "Serve on this message bus (default: the system bus)" },
    { name: "runtime-directory", value: "PATH", help: "Directory for sockets (default: /run/atomic)" },
    { name: "idle-seconds", value: "SECONDS", help: "End after this time without clients; 0: never (default: 60)" },
  ],
  async run(invocation) {
    saveMemory();
    const { connectBus } = await import("../../../bus/index.ts");
    const { HostService, startAgain, Sysroot } = await import("../../../host/index.ts");
    if (!smallHeap.every((option) => process.execArgv.includes(option))) startAgain(smallHeap);
    const sysroot = await openForChange(invocation);
    const service = await HostService.start({
      bus: await connectBus(invocation.value("address")),
      openSysroot: () => Sysroot.open(sysroot.path),
      runtimeDirectory: invocation.value("runtime-directory") ?? "/run/atomic",
      onWarning: (text) => invocation.progress({ type: "warning", text }),
      idleSeconds: idleSeconds(invocation.value("idle-seconds")),
    });
    await service.ended();
  },
});

function idleSeconds(text = "60"): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw cliError("usage", `--idle-seconds ${text} is no number of seconds`);
  return Number(text);
}
