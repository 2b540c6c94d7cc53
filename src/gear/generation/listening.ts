// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { unlessErrno } from "../../base/index.ts";

/** A port of this host that some process has. */
export interface TakenPort {
  readonly protocol: "tcp" | "udp";
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
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

const dotted = (hex: string) =>
  hex
    .match(/../g)!
    .map((byte) => Number.parseInt(byte, 16))
    .join(".");

/** `nginx (process 812)`; undefined when it has ended, or may not be looked at. */
export function socketHolder(inode: string, proc = "/proc"): string | undefined {
  const link = `socket:[${inode}]`;
  for (const pid of readdirSync(proc).filter((name) => /^\d+$/.test(name))) {
    const fds = unlessErrno(gone, () => readdirSync(`${proc}/${pid}/fd`)) ?? [];
    if (fds.some((fd) => unlessErrno(gone, () => readlinkSync(`${proc}/${pid}/fd/${fd}`)) === link)) {
      const name = unlessErrno(gone, () => readFileSync(`${proc}/${pid}/comm`, "utf8"))?.trim();
      return `${name ?? "a process"} (process ${pid})`;
    }
  }
  return undefined;
}

const gone = ["ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR"];
