// SPDX-License-Identifier: Apache-2.0
import { defaultSecurity } from "../defaults.ts";
import type { Security } from "../model.ts";

/**
 * What a container of podman has that was told nothing (containers.conf(5), default_capabilities). Files of other tools were
 * written for it, and would not run with what gear's own files begin with.
 */
export const engineSecurity: Security = {
  ...defaultSecurity,
  newPrivileges: true,
  writableRoot: true,
  capabilities: [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
  ],
};
