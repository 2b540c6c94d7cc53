// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { check } from "./errno.ts";
import { libcFunctions } from "./libc.ts";

const libc = libcFunctions({
  getsockopt: { return: "int32", arguments: ["int32", "int32", "int32", "buffer", "buffer"] },
});

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** Process and user at the other end of a connected Unix socket, as they were when it connected (unix(7), SO_PEERCRED). */
export function peerCredentials(socket: Socket): { pid: number; uid: number; gid: number } {
  const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1;
  // struct ucred: pid, uid, gid.
  const [credentials, length] = [Buffer.alloc(12), Buffer.alloc(4)];
  length.writeUInt32LE(credentials.length, 0);
  check(libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length), "getsockopt(SO_PEERCRED)", `fd ${fd}`);
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4), gid: credentials.readUInt32LE(8) };
}
