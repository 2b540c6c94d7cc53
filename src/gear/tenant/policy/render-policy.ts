// SPDX-License-Identifier: Apache-2.0
/** A container's own policy in CIL (SELinux Common Intermediate Language reference guide): what it declares, and no more. */
import { gearError } from "../../errors.ts";
import type { PolicyDialect, Rule } from "./distribution/index.ts";
import { rule } from "./distribution/model.ts";
import type { PolicyNeeds } from "./needs.ts";

/** What is looked up on the host that the policy is for. */
export interface PolicyHost {
  readonly dialect: PolicyDialect;
  portType(port: PolicyNeeds["listens"][number]): string;
  /** Type of a file of the host, and the class that SELinux has it in (`dir`, `file`, `chr_file`, ...). */
  fileType(path: string): { readonly type: string; readonly class: string };
}

/** The module of `needs.type`. The same needs are the same text, so that it is loaded only when it changes. */
export function renderPolicy(needs: PolicyNeeds, host: PolicyHost): string {
  const { dialect } = host;
  const type = checkedWord(needs.type);
  const rules = [
    ...dialect.base,
    ...capabilityRules(needs),
    ...(needs.network ? networkRules(needs, host) : []),
    ...needs.mounts.flatMap((mount) => mountRules(mount, host)),
    ...needs.devices.flatMap((device) => deviceRules(device, host)),
  ];
  return [
    `(type ${type})`,
    `(roletype system_r ${type})`,
    ...dialect.attributes.map((attribute) => `(typeattributeset ${attribute} (${type}))`),
    ...new Set(rules.map((one) => allow(type, one))),
    "",
  ].join("\n");
}

function allow(type: string, { object, class: className, permissions }: Rule): string {
  const words = [object, className, ...permissions].map(checkedWord);
  return `(allow ${type} ${words[0]} (${words[1]} (${words.slice(2).join(" ")})))`;
}

/** A symbol of CIL: labels of files are on the disk, and names in them become a part of the policy. */
function checkedWord(word: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9_]{0,127}$/.test(word)) return word;
  throw gearError("bad-policy", `${JSON.stringify(word.slice(0, 80))} is no word of a policy`);
}

/** Capabilities 32 and up (capability.h), which SELinux has in a class of their own. */
const upperCapabilities = new Set(
  "MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE".split(" "),
);

/** Over the host, and over its own users where it has those of its tenant (user_namespaces(7)). */
function capabilityRules({ capabilities }: PolicyNeeds): Rule[] {
  return capabilities.flatMap((capability) => {
    const name = capability.replace(/^CAP_/, "");
    const classes = upperCapabilities.has(name) ? ["capability2", "cap2_userns"] : ["capability", "cap_userns"];
    return classes.map((one) => rule("self", one, name.toLowerCase()));
  });
}

function networkRules({ listens, connects }: PolicyNeeds, { dialect, portType }: PolicyHost): Rule[] {
  return [
    ...dialect.network,
    ...listens.map((port) => rule(portType(port), `${port.protocol}_socket`, "name_bind")),
    // UDP is sent wherever it goes: its class has no such permission.
    ...connects
      .filter(({ protocol }) => protocol !== "udp")
      .map((port) => rule(portType(port), `${port.protocol}_socket`, "name_connect")),
    ...([...listens, ...connects].some(({ protocol }) => protocol === "sctp") ? dialect.sctp : []),
  ];
}

const read = {
  dir: "getattr ioctl lock open read search",
  file: "getattr ioctl lock map open read",
  lnk_file: "getattr read",
};
const write = {
  dir: `add_name create remove_name rename reparent rmdir setattr write ${read.dir}`,
  file: `append create link rename setattr unlink write ${read.file}`,
  lnk_file: `create rename setattr unlink ${read.lnk_file}`,
  fifo_file: "append create getattr ioctl lock open read rename setattr unlink write",
  sock_file: "create getattr open read rename setattr unlink write",
};

function mountRules({ path, write: writable }: PolicyNeeds["mounts"][number], host: PolicyHost): Rule[] {
  const { type } = host.fileType(path);
  if (host.dialect.ownFiles.includes(type)) return [];
  return Object.entries(writable ? write : read).map(([name, permissions]) => rule(type, name, permissions));
}

function deviceRules({ path, write: writable }: PolicyNeeds["devices"][number], host: PolicyHost): Rule[] {
  const { type, class: name } = host.fileType(path);
  const classes = name === "dir" ? ["chr_file", "blk_file"] : [name];
  const permissions = writable ? "append getattr ioctl lock open read write" : "getattr ioctl lock open read";
  const rules = classes.map((one) => rule(type, one, permissions));
  return name === "dir" ? [rule(type, "dir", read.dir), ...rules] : rules;
}
