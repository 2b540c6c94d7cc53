// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../../formats/index.ts";
import type { Conversion } from "../conversion.ts";
import { PodmanCommand } from "../podman-command.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import { beginService, setUnlessSaid } from "../service.ts";
import { addNetworks, addVolumes, type Using } from "../sources.ts";
import { addUserMappings } from "../user-mappings.ts";

/** podman's ConvertPod; the containers that it starts have been converted before. */
export function convertPod(file: QuadletFile, conversion: Conversion): SystemdUnit {
  const service = beginService(file, conversion);
  const { resource: name = "", containers } = conversion.known.get(file.name)!;
  for (const container of containers) {
    service.add("Unit", "Wants", container);
    service.add("Unit", "Before", container);
  }
  setUnlessSaid(service, "SyslogIdentifier", "%N");
  const add = (key: string, ...words: string[]) =>
    service.add("Service", key, new PodmanCommand(file, conversion, "pod", ...words).line());
  add("ExecStart", "start", name);
  add("ExecStop", "stop", "--ignore", `--time=${file.text("StopTimeout") ?? "10"}`, name);
  add("ExecStopPost", "rm", "--ignore", "--force", name);
  addCreation({ file, service, conversion }, name);
  service.add("Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
  service.set("Service", "Type", "forking");
  service.set("Service", "PIDFile", "%t/%N.pid");
  setUnlessSaid(service, "Restart", "on-failure");
  return service;
}

function addCreation(using: Using, name: string): void {
  const { file, service, conversion } = using;
  const create = new PodmanCommand(file, conversion, "pod", "create", "--infra-conmon-pidfile=%t/%N.pid", "--replace");
  create.add("--exit-policy", file.text("ExitPolicy") ?? "stop");
  addUserMappings(file, create, true);
  create.addLists({ PublishPort: "--publish" });
  create.addPairs({ Label: "--label" });
  addNetworks(using, create);
  create.addTexts({ IP: "--ip", IP6: "--ip6", ShmSize: "--shm-size" });
  create.addLists({
    NetworkAlias: "--network-alias",
    DNS: "--dns",
    DNSOption: "--dns-option",
    DNSSearch: "--dns-search",
    AddHost: "--add-host",
    HostName: "--hostname",
  });
  addVolumes(using, create);
  create.add("--infra-name", `${name}-infra`, "--name", name);
  create.addPodmanArgs();
  service.add("Service", "ExecStartPre", create.line());
}
