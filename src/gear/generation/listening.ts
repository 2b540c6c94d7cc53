// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { unlessErrno } from "../../base/index.ts";

/** A port of this host that some process has. */
export interface TakenPort {
  readonly protocol: "tcp" | "udp" | "sctp";
  /** Undefined is every address. */
  readonly address: string | undefined;
  readonly port: number;
  readonly inode: string;
}

const tcpListen = "0A";
/** A socket that is bound and not connected. */
const udpUnconnected = "07";

/** Reads proc_pid_net(5)'s tables of this network namespace. */
export function takenPorts(proc = "/proc"): TakenPort[] {
  return [...tcpAndUdp(proc), ...sctp(proc)];
}

function tcpAndUdp(proc: string): TakenPort[] {
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    ["", "6"].flatMap((family) => {
      const table = unlessErrno(["ENOENT"], () => readFileSync(`${proc}/net/${protocol}${family}`, "utf8")) ?? "";
      return table
        .split("\n")
        .slice(1)
        .flatMap((line) => parseLine(line, protocol));
    }),
  );
}

function parseLine(line: string, protocol: "tcp" | "udp"): TakenPort[] {
  const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
  const found = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local);
  if (found === null || state !== (protocol === "tcp" ? tcpListen : udpUnconnected)) return [];
  return [{ protocol, address: addressOf(found[1]!), port: Number.parseInt(found[2]!, 16), inode }];
}

/** SCTP_SS_CLOSED and SCTP_SS_LISTENING: bound, and not the connection of one that listens. */
const sctpBound = ["7", "10"];

/** `eps` has one line for an endpoint (sctp_eps_seq_show); where no program has used SCTP, it is not there. */
function sctp(proc: string): TakenPort[] {
  const table = unlessErrno(["ENOENT"], () => readFileSync(`${proc}/net/sctp/eps`, "utf8")) ?? "";
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, , , state = "", , port = "0", , inode = "", ...addresses] = line.trim().split(/\s+/);
      if (!sctpBound.includes(state) || port === "0") return [];
      const every = addresses.length === 0 || addresses.some((one) => /^[0.:]+$/.test(one));
      return (every ? [undefined] : addresses.map(canonical)).map((address): TakenPort => {
        return { protocol: "sctp", address, port: Number(port), inode };
      });
    });
}

/** The kernel writes all eight groups of an IPv6 address in full. */
function canonical(address: string): string {
  return address.includes(":") ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** Words of 32 bits in the machine's byte order, which is little-endian on all that Node.js runs a host on. */
function addressOf(hex: string): string | undefined {
  if (/^0+$/.test(hex)) return undefined;
  const words = hex.match(/.{8}/g)!.map((word) => word.match(/../g)!.reverse().join(""));
  if (words.length === 1) return dotted(words[0]!);
  if (hex.startsWith("0000000000000000FFFF0000")) return dotted(words[3]!);
  const groups = words
    .join("")
    .match(/.{4}/g)!
    .map((group) => Number.parseInt(group, 16).toString(16));
  return canonical(groups.join(":"));
}

const dotted = (hex: string) =>
  hex
    .match(/../g)!
    .map((byte) => Number.parseInt(byte, 16))
    .join(".");

/** Who has sockets, by inode: `nginx (process 812)`. Those of processes that may not be looked at are not in it. */
export function socketHolders(proc = "/proc"): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const pid of readdirSync(proc).filter((name) => /^\d+$/.test(name))) {
    for (const fd of unlessErrno(gone, () => readdirSync(`${proc}/${pid}/fd`)) ?? []) {
      const link = unlessErrno(gone, () => readlinkSync(`${proc}/${pid}/fd/${fd}`));
      const inode = /^socket:\[(\d+)\]$/.exec(link ?? "")?.[1];
      if (inode === undefined || holders.has(inode)) continue;
      const name = unlessErrno(gone, () => readFileSync(`${proc}/${pid}/comm`, "utf8"))?.trim();
      holders.set(inode, `${name ?? "a process"} (process ${pid})`);
    }
  }
  return holders;
}

const gone = ["ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR"];
