// SPDX-License-Identifier: Apache-2.0
import { listDirectory, readTextIfExists, run } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { ServiceManager } from "../systemd/model.ts";
import { askCollector } from "./ask-collector.ts";
import { type CertificatePaths, type CertificateReport, checkCertificates } from "./certificates.ts";
import { journalProgram } from "./programs.ts";
import { credentialLines, type ServiceFile, startUnits, stopUnits } from "./service-files.ts";

export interface UploadReport extends CertificateReport {
  readonly url: string;
  /** Of the journal; the host's own is sent besides. */
  readonly namespaces: readonly string[];
  /** Why the collector does not take entries now; undefined: it does. */
  readonly refused: string | undefined;
}

const service = "systemd-journal-upload.service";
const namespaceService = (name: string): string => `atomic-gear-journal-upload@${name}.service`;
const paths = {
  service: `etc/systemd/system/${service}.d/50-atomic.conf`,
  namespaces: `etc/systemd/system/${namespaceService("")}`,
  socket: "etc/systemd/system/systemd-journald@.socket.d/50-atomic.conf",
};

/**
 * Has the journals of this host sent to a collector from now on: its own by the distribution's service, that of each namespace
 * by an instance of one of ours, because systemd-journal-upload before 254 knows no namespaces.
 * @param now milliseconds since the epoch
 */
export async function startUpload(
  services: ServiceManager,
  { url, certificates, now }: { readonly url: string; readonly certificates: CertificatePaths; readonly now: number },
): Promise<UploadReport> {
  const collector = collectorUrl(url);
  const program = journalProgram("systemd-journal-upload");
  const report = checkCertificates(certificates, now);
  refuseOtherCollector();
  // The service's group may read journals, whoever made their directory (systemd-journald.service(8), FILES).
  await run("systemd-tmpfiles", ["--create", "--prefix=/var/log/journal"]);
  const namespaces = journalNamespaces();
  const files = uploadFiles(collector, certificates, program);
  await startUnits(services, files, [service, ...namespaces.map(namespaceService)]);
  return { ...report, url: collector, namespaces, refused: await askCollector(collector, certificates) };
}

export async function stopUpload(services: ServiceManager): Promise<void> {
  const running = await services.units([namespaceService("*")]);
  const units = [...running.map(({ name }) => name), ...journalNamespaces().map(namespaceService)];
  await stopUnits(services, Object.values(paths), [service, ...new Set(units)]);
}

/** systemd-journal-upload takes `https://HOST/` and a port of its own choice; a path it takes only behind a port. */
function collectorUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // It becomes a word of a unit, where `$` and quotes mean something.
  const isHost = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(url?.hostname ?? "");
  if (url?.protocol === "https:" && isHost && url.pathname === "/" && url.search + url.hash + url.username === "") {
    // Node.js leaves out the port of its scheme, which is not that of journals.
    const port = /:443\/?$/.test(text) ? "443" : url.port || "19532";
    return `https://${url.hostname}:${port}`;
  }
  throw gearError("bad-collector", `${JSON.stringify(text.slice(0, 200))} is not https://HOST[:PORT]`, {
    hint: "journals are sent over TLS only",
  });
}

function uploadFiles(url: string, certificates: CertificatePaths, program: string): ServiceFile[] {
  const start = `ExecStart=\nExecStart=${program} --url=${url} --save-state ${credentialOptions}\n`;
  return [
    { path: paths.service, content: `${patient}\n[Service]\n${start}${again}${credentialLines(certificates)}` },
    { path: paths.namespaces, content: namespaceUnit(url, certificates, program) },
    // Whatever gives a unit a journal namespace starts its socket.
    { path: paths.socket, content: `[Unit]\nWants=${namespaceService("%i")}\n` },
  ];
}

/** systemd-journal-upload takes one collector, of its settings or its command line. */
function refuseOtherCollector(): void {
  const path = "/etc/systemd/journal-upload.conf";
  if (!/^\s*URL=./m.test(readTextIfExists(path) ?? "")) return;
  throw gearError("bad-collector", `${path} names a collector already`, { hint: "take the line URL= out of it" });
}

const credentialOptions = "--key=%d/key --cert=%d/certificate --trust=%d/trust";

/** It ends when the collector does, and goes on from its saved state when that is back, hours later if need be. */
const patient = "[Unit]\nStartLimitIntervalSec=0\n";
const again = "Restart=always\nRestartSec=5s\n";

function namespaceUnit(url: string, certificates: CertificatePaths, program: string): string {
  const state = "atomic-gear-journal-upload/%i";
  return `${patient}Description=Upload of the journal of namespace %i
Wants=network-online.target
After=network-online.target systemd-journald@%i.service

[Service]
ExecStart=${program} --url=${url}/%i --save-state=%S/${state}/state ${credentialOptions} --directory=/var/log/journal/%m.%i
${again}${credentialLines(certificates)}DynamicUser=yes
SupplementaryGroups=systemd-journal
StateDirectory=${state}
CapabilityBoundingSet=
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
LimitNOFILE=524288

[Install]
WantedBy=multi-user.target
`;
}

/** Those that have entries on the disk; journald makes their directories. */
export function journalNamespaces(directory = "/var/log/journal"): string[] {
  const machine = readTextIfExists("/etc/machine-id")?.trim() ?? "";
  const prefix = `${machine}.`;
  return listDirectory(directory)
    .filter((name) => machine !== "" && name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}
