// SPDX-License-Identifier: Apache-2.0
import type { RunOptions } from "../../../image/index.ts";
import { cliError } from "../../errors.ts";
import { defineCommand, type Invocation } from "../../command.ts";

export default defineCommand({
  path: ["image", "run"],
  summary: "Boot a disk in a virtual machine on this terminal",
  description:
    "Starts QEMU with the serial console on this terminal and root logged in, by a credential that the machine is handed: the image is not changed for it. On a terminal Ctrl-A X ends the machine, Ctrl-C goes to it. The guest reaches this machine as 10.0.2.2.",
  examples: [
    { command: "atomic image run host.qcow2", text: "Boot; changes stay in the disk:" },
    {
      command: "atomic image run host.qcow2 --snapshot --serve repo",
      text: "Forget changes; updates from a repository:",
    },
    {
      command: "atomic image run host.raw --firmware uefi --ssh-port 2222 --no-login",
      text: "As a real machine would:",
    },
  ],
  arguments: [{ name: "DISK" }],
  options: [
    { name: "memory", short: "m", value: "MIB", help: "Memory in MiB; default: 2048" },
    { name: "smp", value: "COUNT", help: "Processors; default: 1 when emulated, up to 4 with KVM" },
    { name: "kvm", value: "WHEN", help: "auto (default: when it really works), on or off" },
    { name: "firmware", value: "KIND", help: "bios (default) or uefi" },
    { name: "snapshot", help: "Throw changes to the disk away at the end" },
    { name: "serve", value: "REPO", help: "Serve this repository to the guest" },
    { name: "serve-port", value: "PORT", help: "Port for --serve; default: 8421, as image build configures it" },
    { name: "ssh-port", value: "PORT", help: "Port of this machine that leads to the guest's SSH server" },
    { name: "no-login", help: "Do not log in; ask for a password as on a real machine" },
  ],
  async run(invocation): Promise<number> {
    const { runImage } = await import("../../../image/index.ts");
    const options = runOptions(invocation);
    const note = (text: string) => invocation.progress({ type: "note", text });
    return runImage({
      ...options,
      onStart: ({ accelerator, cpus, served }) => {
        note(`${options.disk}: ${accelerator}, ${cpus} CPU, ${options.memory} MiB. Ctrl-A X ends it.`);
        if (served !== undefined) note(`The guest sees ${options.serve} as ${served}`);
      },
    });
  },
  exitCode: (code) => code,
});

function runOptions(invocation: Invocation): RunOptions {
  const cpus = count(invocation, "smp");
  const serve = invocation.value("serve");
  const servePort = count(invocation, "serve-port");
  const sshPort = count(invocation, "ssh-port");
  return {
    disk: invocation.args[0]!,
    memory: count(invocation, "memory") ?? 2048,
    accelerator: oneOf(invocation, "kvm", { auto: "auto", on: "kvm", off: "tcg" } as const) ?? "auto",
    firmware: oneOf(invocation, "firmware", { bios: "bios", uefi: "uefi" } as const) ?? "bios",
    snapshot: invocation.flag("snapshot"),
    login: !invocation.flag("no-login"),
    ...(cpus === undefined ? {} : { cpus }),
    ...(serve === undefined ? {} : { serve }),
    ...(servePort === undefined ? {} : { servePort }),
    ...(sshPort === undefined ? {} : { sshPort }),
  };
}

function count(invocation: Invocation, name: string): number | undefined {
  const text = invocation.value(name);
  if (text === undefined || /^[1-9]\d{0,5}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw cliError("usage", `--${name}: ${text} is not a count`, { hint: "atomic image run --help" });
}

function oneOf<T>(invocation: Invocation, name: string, choices: Record<string, T>): T | undefined {
  const text = invocation.value(name);
  if (text === undefined || Object.hasOwn(choices, text)) return text === undefined ? undefined : choices[text];
  const hint = "atomic image run --help";
  throw cliError("usage", `--${name} is ${Object.keys(choices).join(", ")}, not ${text}`, { hint });
}
