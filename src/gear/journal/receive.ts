// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import { portHolder } from "../generation/conflicts.ts";
import { expectDone } from "../systemd/expect-done.ts";
import type { ServiceManager } from "../systemd/model.ts";
import { atomicPath } from "../unit/programs.ts";
import { type CertificatePaths, type CertificateReport, checkCertificates } from "./certificates.ts";
import { journalProgram } from "./programs.ts";
import { remoteDirectory } from "./remote-files.ts";
import { credentialLines, type ServiceFile, startUnits, stopUnits } from "./service-files.ts";
import { UnitsBefore } from "./units-before.ts";

export interface ReceiveReport extends CertificateReport {
  readonly listen: string;
  readonly directory: string;
}

export interface ReceiveOptions {
  /** As ListenStream= of systemd.socket(5). */
  readonly listen: string;
  /** Bytes of each host's journals. */
  readonly maxUse: number;
  readonly certificates: CertificatePaths;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const name = "atomic-gear-journal-receive";
/** The socket first: nothing starts the service again. */
const units = [`${name}.socket`, `${name}.service`];
const files = [`etc/systemd/system/${name}.socket`, `etc/systemd/system/${name}.service`] as const;

/**
 * Makes this host a collector: it takes the journals of hosts whose certificates are of the trusted authorities. Where its units do
 * not start, all is as it was.
 * @throws gear-port-conflict when somebody else listens there
 */
export async function startReceiving(services: ServiceManager, options: ReceiveOptions): Promise<ReceiveReport> {
  const { listen, certificates, now } = options;
  journalProgram("systemd-journal-remote");
  const report = checkCertificates(certificates, now);
  const before = await UnitsBefore.read(services, files, units);
  try {
    // A socket is bound anew only when nothing has it.
    for (const unit of units)
      if ((await services.unit(unit)).loadState === "loaded") expectDone(await services.stop(unit));
    await startUnits(services, receiveFiles(options), units.slice(0, 1));
  } catch (error) {
    const told = explainTaken(listen, error);
    await before.restore();
    throw told;
  }
  return { ...report, listen, directory: remoteDirectory };
}

/** What a socket's job says is only that it failed. */
export function explainTaken(listen: string, error: unknown): unknown {
  const [, address, port] = /^(?:\[?([^\]]+)\]?:)?(\d+)$/.exec(listen) ?? [];
  if (!gearError.is(error, "unit-job") || port === undefined) return error;
  const holder = portHolder({ protocol: "tcp", address, port: Number(port) });
  if (holder === undefined) return error;
  return gearError("port-conflict", `port ${port} is in use by ${holder}`, {
    cause: error,
    hint: "--listen=[ADDRESS:]PORT  names another one",
  });
}

export async function stopReceiving(services: ServiceManager): Promise<void> {
  await stopUnits(services, files, units);
}

function receiveFiles({ listen, maxUse, certificates }: ReceiveOptions): ServiceFile[] {
  const given = "--key=%d/key --certificate=%d/certificate --trust=%d/trust";
  return [
    {
      path: files[0],
      content: `[Unit]
Description=Journals of other hosts

[Socket]
ListenStream=${listen}

[Install]
WantedBy=sockets.target
`,
    },
    {
      path: files[1],
      content: `[Unit]
Description=Receive journals of other hosts
Requires=${name}.socket

[Service]
ExecStart=${atomicPath} gear journal serve --max-use=${maxUse} ${given}
${credentialLines(certificates)}User=systemd-journal-remote
Group=systemd-journal-remote
LogsDirectory=journal/remote
Restart=always
RestartSec=5s
CapabilityBoundingSet=
LockPersonality=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
LimitNOFILE=524288
`,
    },
  ];
}
