// SPDX-License-Identifier: Apache-2.0
/** What a container may do, where it runs and whom it can reach. */
import { defaultSecurity } from "../../defaults.ts";
import type { Network, NetworkAccess, NetworkUse, Placement, Security } from "../../model.ts";
import {
  choice,
  either,
  entries,
  flag,
  list,
  mapped,
  nothing,
  optional,
  record,
  required,
  type Shape,
  text,
} from "../shape/index.ts";
import { capabilities, devicePattern, hostnamePattern } from "../value/index.ts";
import { named } from "./storage.ts";
import { name } from "./words.ts";

const longSecurity = record("security", {
  "new-privileges": optional(flag, "Whether setuid programs and file capabilities work", defaultSecurity.newPrivileges),
  capabilities: optional(
    list(choice(capabilities), "a list of capabilities such as NET_BIND_SERVICE"),
    "Capabilities that it has, capabilities(7)",
    [],
  ),
  "writable-root": optional(flag, "Whether the image's files can be changed", defaultSecurity.writableRoot),
  seccomp: optional(
    text("unconfined or an absolute path", "unconfined|/[^\\u0000-\\u001f]+"),
    "Profile of system calls",
  ),
  "selinux-type": optional(
    text("an SELinux type or disable", "[a-zA-Z][a-zA-Z0-9_]{0,255}"),
    "SELinux type, or disable",
  ),
  "user-namespace": optional(choice(["host"]), "host shares the host's users"),
  devices: optional(
    list(text("a device", devicePattern), "a list of devices such as /dev/dri"),
    "Devices of the host",
    [],
  ),
});

export const security: Shape<Security> = mapped(longSecurity, (value): Security => ({
  newPrivileges: value["new-privileges"],
  capabilities: value.capabilities,
  writableRoot: value["writable-root"],
  seccomp: value.seccomp,
  selinuxType: value["selinux-type"],
  userNamespace: value["user-namespace"],
  devices: value.devices,
}));

const hostname = text("the name of a host", hostnamePattern);

export const placement: Shape<Placement> = record("placement", {
  hosts: optional(list(hostname, "a list of names of hosts"), "Hosts that it may run on; any without it", []),
  spread: optional(flag, "Whether its instances never share a host", false),
});

const longNetworkUse = record("network-use", {
  name: required(name, "Name of the network"),
  aliases: optional(list(hostname, "a list of names"), "Names besides its own by which others find it", []),
});

const networkUse: Shape<NetworkUse> = either(
  mapped(name, (network): NetworkUse => ({ name: network, aliases: [] })),
  longNetworkUse,
);

export const network: Shape<NetworkAccess> = either(
  mapped(choice(["host", "none"]), (kind): NetworkAccess => ({ kind })),
  mapped(list(networkUse, "a list of networks of this file"), (networks): NetworkAccess => ({ kind: "own", networks })),
);

const longNetwork = record("network", {
  internal: optional(flag, "Whether nothing outside of it can be reached", false),
});

export const networks: Shape<Network[]> = mapped(
  entries(
    name,
    either(
      mapped(nothing, () => ({ internal: false })),
      longNetwork,
    ),
    "a map of names to nothing or a map of internal",
  ),
  named,
);
