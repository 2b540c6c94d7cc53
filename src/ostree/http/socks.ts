// SPDX-License-Identifier: Apache-2.0
import { lookup } from "node:dns/promises";
import { isIPv4, isIPv6, type Socket } from "node:net";
import { readReply } from "./read-reply.ts";

/** The longest answer of RFC 1928 section 6: a name of 255 bytes. */
const replyLimit = 4 + 1 + 255 + 2;
const [version, noAuthentication, userAndPassword] = [5, 0, 2];

/** RFC 1928 section 6, by number. */
const refusals = [
  "done",
  "general failure",
  "forbidden by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "time to live expired",
  "command not supported",
  "address type not supported",
];

/** As curl has it: with `socks5h` the proxy looks up names, with `socks5` this machine does. */
export function isSocks({ protocol }: URL): boolean {
  return protocol === "socks5:" || protocol === "socks5h:";
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** Asks the SOCKS 5 proxy at the other end of `socket` to connect to a server (RFC 1928, RFC 1929). */
export async function connectBySocks(socket: Socket, proxy: URL, target: Target): Promise<void> {
  const host = proxy.protocol === "socks5:" ? (await lookup(target.host)).address : target.host;
  await authenticate(socket, proxy);
  const port = Buffer.alloc(2);
  port.writeUInt16BE(target.port);
  socket.write(Buffer.concat([Buffer.from([version, 1, 0]), encodeHost(host), port]));
  const reply = await readReply(socket, replyLimit, replySize);
  if (reply[0] !== version || reply[1] !== 0) {
    socket.destroy();
    const reason = reply[0] === version ? (refusals[reply[1]!] ?? `code ${reply[1]}`) : "not SOCKS 5";
    throw new Error(`the proxy did not connect to ${target.host}:${target.port}: ${reason}`);
  }
}

async function authenticate(socket: Socket, proxy: URL): Promise<void> {
  const methods = proxy.username === "" ? [noAuthentication] : [noAuthentication, userAndPassword];
  socket.write(Buffer.from([version, methods.length, ...methods]));
  const [answered, method] = await readReply(socket, 2, () => 2);
  if (answered === version && method === noAuthentication) return;
  if (answered === version && method === userAndPassword && proxy.username !== "") {
    const fields = [proxy.username, proxy.password].map((text) => withLength(decodeURIComponent(text)));
    socket.write(Buffer.concat([Buffer.from([1]), ...fields]));
    const [, status] = await readReply(socket, 2, () => 2);
    if (status === 0) return;
  }
  socket.destroy();
  throw new Error(
    answered === version ? "the proxy refused the user and password" : "the proxy does not speak SOCKS 5",
  );
}

/** RFC 1928 section 5. */
function encodeHost(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([1, ...host.split(".").map(Number)]);
  if (isIPv6(host)) return Buffer.concat([Buffer.from([4]), encodeIPv6(host)]);
  return Buffer.concat([Buffer.from([3]), withLength(host)]);
}

function encodeIPv6(host: string): Buffer {
  // The URL parser brings every form to groups of hexadecimal digits (WHATWG URL, IPv6 serializer).
  const [head, tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined) => (text ? text.split(":").map((group) => parseInt(group, 16)) : []);
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new Error("SOCKS 5 has no place for more than 255 bytes of a name or password");
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Size of a whole answer; of one that refuses or is none, what is there. */
function replySize(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  if (bytes[0] !== version || bytes[1] !== 0) return bytes.length;
  if (bytes.length < 5) return undefined;
  const address = new Map([
    [1, 4],
    [3, 1 + bytes[4]!],
    [4, 16],
  ]).get(bytes[3]!);
  return address === undefined ? bytes.length : 4 + address + 2;
}
