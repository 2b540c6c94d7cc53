// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../../formats/index.ts";
import type { Conversion } from "../conversion.ts";
import { ownName } from "../names.ts";
import { PodmanCommand } from "../podman-command.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import { beginService, makeOneshot } from "../service.ts";

/** podman's ConvertNetwork. */
export function convertNetwork(file: QuadletFile, conversion: Conversion): SystemdUnit {
  const service = beginService(file, conversion);
  const name = ownName(file, "NetworkName");
  if (file.boolean("NetworkDeleteOnStop") === true) {
    service.add("Service", "ExecStopPost", new PodmanCommand(file, conversion, "network", "rm", name).line());
  }
  const create = PodmanCommand.create(file, conversion, "network");
  create.addBooleans({ DisableDNS: "--disable-dns", Internal: "--internal", IPv6: "--ipv6" });
  create.addTexts({ Driver: "--driver", IPAMDriver: "--ipam-driver", InterfaceName: "--interface-name" });
  create.addLists({ DNS: "--dns" });
  addSubnets(file, create);
  create.addPairs({ Options: "--opt", Label: "--label" });
  create.addPodmanArgs();
  service.add("Service", "ExecStart", create.createLine(name));
  makeOneshot(service);
  return service;
}

/** The first gateway and range are the first subnet's, and so on. */
function addSubnets(file: QuadletFile, create: PodmanCommand): void {
  const [subnets, gateways, ranges] = [file.all("Subnet"), file.all("Gateway"), file.all("IPRange")];
  if (subnets.length === 0 && gateways.length + ranges.length > 0) {
    throw file.error("cannot set gateway or range without subnet", gateways.length > 0 ? "Gateway" : "IPRange");
  }
  if (gateways.length > subnets.length) throw file.error("cannot set more gateways than subnets", "Gateway");
  if (ranges.length > subnets.length) throw file.error("cannot set more ranges than subnets", "IPRange");
  for (const [index, subnet] of subnets.entries()) {
    create.add("--subnet", subnet);
    create.addEach("--gateway", gateways.slice(index, index + 1));
    create.addEach("--ip-range", ranges.slice(index, index + 1));
  }
}
