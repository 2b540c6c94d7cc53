// SPDX-License-Identifier: Apache-2.0
/** File capabilities: their text form (cap_from_text(3)) as the extended attribute `security.capability` (capabilities(7)). */
import { ByteWriter } from "../../base/index.ts";
import { packageError } from "../errors.ts";

/** linux/capability.h, in the order of their numbers. */
const names = (
  "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " +
  "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin " +
  "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override " +
  "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split(" ");

/** VFS_CAP_REVISION_2 and the flag that the effective set is the permitted one. */
const revision2 = 0x0200_0000;
const effectiveFlag = 1;

interface Sets {
  effective: bigint;
  permitted: bigint;
  inheritable: bigint;
}

/** The value of `security.capability`, or `undefined` where no capability is given. Throws `packages-rpm`. */
export function encodeCapabilities(text: string, what: string): Buffer | undefined {
  const sets = parse(text, what);
  if ((sets.permitted | sets.inheritable) === 0n) return undefined;
  // The file format has one bit for the effective set: it is all of the permitted one or none (cap_set_file(3)).
  const writer = new ByteWriter().u32(revision2 | (sets.effective === 0n ? 0 : effectiveFlag), true);
  for (const shift of [0n, 32n]) {
    writer.u32(Number((sets.permitted >> shift) & 0xffff_ffffn), true);
    writer.u32(Number((sets.inheritable >> shift) & 0xffff_ffffn), true);
  }
  return writer.done();
}

/** cap_from_text(3): clauses of `LIST OPERATOR FLAGS [OPERATOR FLAGS...]`, of which later ones change earlier ones. */
function parse(text: string, what: string): Sets {
  const sets: Sets = { effective: 0n, permitted: 0n, inheritable: 0n };
  for (const clause of text.split(/[ \t\n]+/)) {
    if (clause === "") continue;
    const match = /^([a-z0-9_,]*)((?:[=+-][eip]*)+)$/i.exec(clause);
    if (match === null) throw packageError("rpm", `${what}: the capabilities ${JSON.stringify(text)} are none`);
    const [, list = "", actions = ""] = match;
    const mask = maskOf(list, what);
    for (const [, operator, flags = ""] of actions.matchAll(/([=+-])([eip]*)/g)) apply(sets, mask, operator!, flags);
  }
  return sets;
}

function maskOf(list: string, what: string): bigint {
  const all = (1n << BigInt(names.length)) - 1n;
  if (list === "" || list === "all") return all;
  let mask = 0n;
  for (const name of list.toLowerCase().split(",")) {
    const number = name.startsWith("cap_") ? names.indexOf(name.slice(4)) : /^[0-9]+$/.test(name) ? Number(name) : -1;
    if (number < 0 || number > 63) throw packageError("rpm", `${what}: there is no capability ${JSON.stringify(name)}`);
    mask |= 1n << BigInt(number);
  }
  return mask;
}

function apply(sets: Sets, mask: bigint, operator: string, flags: string): void {
  for (const [letter, name] of [
    ["e", "effective"],
    ["p", "permitted"],
    ["i", "inheritable"],
  ] as const) {
    const named = flags.includes(letter);
    if (operator === "=" || (operator === "-" && named)) sets[name] &= ~mask;
    if (operator !== "-" && named) sets[name] |= mask;
  }
}
