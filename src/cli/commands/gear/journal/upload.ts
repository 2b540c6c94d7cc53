// SPDX-License-Identifier: Apache-2.0
import type { UploadReport } from "../../../../gear/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { certificateOptions, certificatePaths, certificateText } from "./shared.ts";

export default defineCommand({
  path: ["gear", "journal", "upload"],
  summary: "Send this host's journals to a collector, over TLS",
  description:
    "From now on and with the host: its own journal and those of tenants, also of tenants that are added later. systemd-journal-upload does it, which goes on where it was when the collector has been away. URL is https://HOST[:PORT]; the collector knows this host by the common name of its certificate. Exits with 1 while the collector does not take entries.",
  examples: [
    {
      command:
        "atomic gear journal upload https://logs.example.org --key=/etc/ssl/private/web1.key --certificate=/etc/ssl/certs/web1.pem --trust=/etc/ssl/certs/ca.pem",
      text: "On a host:",
    },
    { command: "atomic gear journal upload --stop", text: "No longer:" },
  ],
  arguments: [{ name: "URL", optional: true }],
  options: [...certificateOptions, { name: "stop", help: "Send nothing from now on" }],
  json: true,
  async run(invocation): Promise<UploadReport | undefined> {
    const { connectSystemd, startUpload, stopUpload } = await import("../../../../gear/index.ts");
    const [url] = invocation.args;
    if (invocation.flag("stop") === (url !== undefined)) throw cliError("usage", "either URL or --stop");
    const settings = url === undefined ? undefined : { url, certificates: certificatePaths(invocation) };
    using services = await connectSystemd();
    if (settings !== undefined) return await startUpload(services, { ...settings, now: Date.now() });
    await stopUpload(services);
    return undefined;
  },
  render(report) {
    if (report === undefined) return "Journals are no longer sent.";
    const { url, namespaces, refused } = report;
    const own = namespaces.length === 0 ? "" : ` and those of ${namespaces.join(", ")}`;
    const state =
      refused === undefined
        ? "The collector takes them."
        : `It does not take them now: ${refused}\n  Next:  journalctl -u systemd-journal-upload`;
    return `The host's journal${own} ${namespaces.length === 0 ? "is" : "are"} sent to ${url}: ${certificateText(report, Date.now())}.\n${state}`;
  },
  exitCode: (report) => (report?.refused === undefined ? 0 : 1),
});
