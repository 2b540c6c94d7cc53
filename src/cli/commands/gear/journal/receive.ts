// SPDX-License-Identifier: Apache-2.0
import type { ReceiveReport } from "../../../../gear/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { sizeOption } from "../tenant/shared.ts";
import { certificateOptions, certificatePaths, certificateText } from "./shared.ts";

/** As much as journald takes of a disk at most. */
const defaultUse = 4 * 2 ** 30;

export default defineCommand({
  path: ["gear", "journal", "receive"],
  summary: "Take the journals of other hosts, over TLS",
  description:
    "From now on and with the host. Whoever has a certificate of the trusted authorities may send, each host to journals of its own, which have its certificate's common name; nobody else gets through. `atomic gear logs --from=NAME` reads one host's, `--merge` all.",
  examples: [
    {
      command:
        "atomic gear journal receive --key=/etc/ssl/private/logs.key --certificate=/etc/ssl/certs/logs.pem --trust=/etc/ssl/certs/ca.pem --max-use=2G",
      text: "On the collector:",
    },
    { command: "atomic gear journal receive --stop", text: "No longer; what came stays:" },
  ],
  options: [
    ...certificateOptions,
    { name: "listen", value: "[ADDRESS:]PORT", help: "Where to listen; default: 19532" },
    { name: "max-use", value: "SIZE", help: "Disk space of each host's journals; default: 4G" },
    { name: "stop", help: "Take nothing from now on" },
  ],
  json: true,
  async run(invocation): Promise<ReceiveReport | undefined> {
    const { connectSystemd, startReceiving, stopReceiving } = await import("../../../../gear/index.ts");
    const stop = invocation.flag("stop");
    const settings = stop
      ? undefined
      : { certificates: certificatePaths(invocation), listen: listenOption(invocation) };
    const maxUse = (await sizeOption(invocation, "max-use")) ?? defaultUse;
    using services = await connectSystemd();
    if (settings !== undefined) return await startReceiving(services, { ...settings, maxUse, now: Date.now() });
    await stopReceiving(services);
    return undefined;
  },
  render(report) {
    if (report === undefined) return "Journals of other hosts are no longer taken.";
    return `Journals of other hosts are taken at ${report.listen} and kept in ${report.directory}: ${certificateText(report, Date.now())}.`;
  },
});

function listenOption(invocation: { value(name: string): string | undefined }): string {
  const text = invocation.value("listen") ?? "19532";
  if (/^(?:(?:[0-9.]{7,15}|\[[0-9a-fA-F:.]{2,45}\]):)?[1-9]\d{0,4}$/.test(text)) return text;
  throw cliError("usage", `--listen: ${JSON.stringify(text)} is not [ADDRESS:]PORT`);
}
