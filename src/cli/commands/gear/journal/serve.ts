// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { sizeOption } from "../tenant/shared.ts";
import { certificateOptions, certificatePaths } from "./shared.ts";

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const firstPassed = 3;

export default defineCommand({
  path: ["gear", "journal", "serve"],
  hidden: true,
  summary: "Take the journals of other hosts at the socket that is passed (called by its unit)",
  options: [...certificateOptions, { name: "max-use", value: "BYTES", help: "Disk space of each host's journals" }],
  async run(invocation) {
    const { entryReceiver, journalProgram, remoteDirectory } = await import("../../../../gear/index.ts");
    if (process.env["LISTEN_FDS"] !== "1") throw cliError("usage", "no socket is passed (sd_listen_fds(3))");
    const { key, certificate, trust } = certificatePaths(invocation);
    const server = entryReceiver({
      key: readFileSync(key),
      certificate: readFileSync(certificate),
      trust: readFileSync(trust),
      directory: remoteDirectory,
      maxUse: (await sizeOption(invocation, "max-use")) ?? Number.POSITIVE_INFINITY,
      program: journalProgram("systemd-journal-remote"),
      tell: (line) => process.stderr.write(`${line}\n`),
    });
    // Those who send end what is under way and come again: nothing is acknowledged that is not on the disk.
    process.on("SIGTERM", () => {
      server.close();
      server.closeAllConnections();
    });
    server.listen({ fd: firstPassed });
    await once(server, "close");
  },
  render: () => "",
});
